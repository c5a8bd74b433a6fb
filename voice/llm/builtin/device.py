"""How loud the answers are, and the microphone: changed without a model."""

from __future__ import annotations

import re

from voice.llm.builtin.question import Answer, Question
from voice.llm.interface import Effect
from voice.text.numbers import HAN_NUMBER, han_number
from voice.text.patterns import pattern_of

STEP = 15
"""Percent that "louder" and "quieter" change."""

_LEAD = r"(?:(?:please|can you|could you|would you|bitte|mach(?: es)?|sprich|speak|talk|be) )*"
_VOLUME = r"(?:the |your )?(?:volume|sound|speaker)"
_A_BIT = r"(?:(?:a |ein |etwas )?(?:bit |little |lot |much |more |bisschen |wenig |viel )?)"
_HAN_VOLUME = r"(?:(?:请)?(?:把|将)?(?:音量|声音|说话)(?:再)?(?:调|开|放)?|(?:请)?(?:再)?调)"
_HAN_BIT = r"(?:一)?(?:点儿?|些)"
_LEVEL = pattern_of(
    rf"^{_LEAD}(?:(?:set|turn|change|put|make) )?(?:{_VOLUME}|(?:stell )?(?:die )?lautstärke) ?"
    r"(?:level )?(?:up |down )?(?:to|at|auf)? ?(\d{1,3})(?: ?%| percent| prozent)?$"
    rf"|^(?:请)?(?:把|将)?(?:音量|声音)(?:调|设|开)?(?:高|低|大|小)?(?:到|为|成|至)?(?:百分之)?({HAN_NUMBER})%?$"
)


def _ways(way: str, adverbs: str, verbs: str, han: str, others: str) -> re.Pattern[str]:
    """Words for a change: turned which way, and how it is said otherwise."""
    return pattern_of(
        rf"^{_LEAD}(?:make it )?{_A_BIT}(?:{adverbs})(?: bitte)?$"
        rf"|^{_LEAD}turn (?:it|{_VOLUME}) {_A_BIT}{way}(?: a bit| a little)?$"
        rf"|^{_LEAD}turn {way} {_VOLUME}$|^{_VOLUME} {way}$|^{_LEAD}(?:{verbs}) (?:the |your )?volume$"
        rf"|^{_HAN_VOLUME}(?:{han})(?:{_HAN_BIT})?$|^(?:请)?(?:说话)?(?:再)?(?:{han})声?{_HAN_BIT}(?:声|说)?$"
        rf"|^(?:{others})$"
    )


_LOUDER = _ways("up", "louder|lauter", "raise|increase", "大|高|响", "speak up|i can't hear you|我?听不见")
_QUIETER = _ways(
    "down",
    "quieter|softer|quietly|softly|leiser",
    "lower|decrease|reduce",
    "小|低|轻",
    "(?:(?:you're|you are|it's|it is|that's|that is) )?too loud|太大声了?|太吵了?",
)
_MUTE = pattern_of(
    r"^(?:please )?(?:mute(?: (?:yourself|(?:the|your) mic(?:rophone)?))?|stop listening(?: to me)?|don't listen"
    r"|(?:turn|switch) off (?:the|your) mic(?:rophone)?|(?:turn|switch) (?:the|your) mic(?:rophone)? off"
    r"|hör nicht mehr zu|mikrofon aus)$"
    r"|^(?:请)?(?:别听了?|不要听了?|停止收听|(?:把)?麦克风(?:关掉|关上|关闭|静音)|(?:关闭|关掉|关上|静音)麦克风|闭麦)$"
)


def device(question: Question) -> Answer | None:
    """Change the volume or switch the microphone off."""
    words = question.words
    if _MUTE.search(words):
        return Answer(
            question.say("The microphone is off.", "麦克风关了。", "Das Mikrofon ist aus."), (Effect("device.mute"),)
        )
    if (found := _LEVEL.search(words)) is not None:
        level = int(found[1]) if found[1] else int(han_number(found[2]) or 0)
        if level > 100:
            return Answer(
                question.say("The volume goes from 0 to 100.", "音量从0到100。", "Die Lautstärke geht von 0 bis 100.")
            )
        return _changed(question, level=level)
    if _LOUDER.search(words):
        return _changed(question, change=STEP)
    if _QUIETER.search(words):
        return _changed(question, change=-STEP)
    return None


def _changed(question: Question, **data: int) -> Answer:
    return Answer(question.say("Okay.", "好的。", "Okay."), (Effect("device.volume", data),))
