"""What is said around tools, in the person's language."""

from __future__ import annotations

import re
from collections.abc import Mapping

from voice.text.patterns import pattern_of

SAYINGS: Mapping[str, Mapping[str, str]] = {
    "looking": {
        "en": "One moment, I'm looking.",
        "zh": "稍等，我查一下。",
        "de": "Einen Moment, ich sehe nach.",
    },
    "working": {"en": "One moment.", "zh": "稍等。", "de": "Einen Moment."},
    "misfit": {
        "en": "Sorry, I could not make that work. Please say it another way.",
        "zh": "抱歉，这个我没办成。请换个说法。",
        "de": "Das hat leider nicht geklappt. Bitte sag es anders.",
    },
    "too_many": {
        "en": "Sorry, I could not finish that.",
        "zh": "抱歉，这个我没能完成。",
        "de": "Das konnte ich leider nicht zu Ende bringen.",
    },
}

YES = pattern_of(
    r"(?:(?:yes|yeah|yep|sure|ok|okay|of course|certainly|absolutely|do it|go ahead|please do|confirm|confirmed|i do"
    r"|that is right|that's right|correct|please|ja|jawohl|klar|gerne|mach das|genau|bitte)[ ,.!]*)+"
    r"|(?:(?:是的?|好的?|对的?|确认|可以|行|没错|当然|嗯)[，。！ ]*)+(?:吧|啊)?[。！]?",
    re.IGNORECASE,
)

STOP = pattern_of(
    r"(?:(?:please|ok|okay|no)[ ,]*)*(?:stop(?: it| that| this)?|cancel(?: it| that| this)?|abort|never ?mind|forget it"
    r"|stopp|halt|abbrechen|abbruch|brich (?:das )?ab|lass es)(?:[ ,]*(?:please|now|bitte))*[.! ]*"
    r"|(?:请)?(?:停|停下|停止|停下来|取消|算了|不用了|别弄了)(?:吧|了)?[。！]?",
    re.IGNORECASE,
)


def saying(key: str, language: str) -> str:
    """The phrase of this name; English where there is none in the language, "working" for unknown names."""
    known = SAYINGS.get(key, SAYINGS["working"])
    return known.get(language, known["en"])


def is_clear_yes(words: str) -> bool:
    """Whether the whole utterance says yes, and nothing besides."""
    return bool(YES.fullmatch(words.strip().replace("’", "'")))


def is_stop(words: str) -> bool:
    """Whether the whole utterance wants what is being done stopped."""
    return bool(STOP.fullmatch(words.strip().replace("’", "'")))
