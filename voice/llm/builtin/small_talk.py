"""Greetings, thanks, a name to remember, "say that again", and what the responder can do."""

from __future__ import annotations

import re

from voice.llm.builtin.question import Answer, Question
from voice.text.numbers import simplified
from voice.text.patterns import pattern_of
from voice.text.plain_words import plain_words
from voice.text.speakable import language_of

_REPLIES = tuple(
    (pattern_of(f"^(?:{'|'.join(patterns)})$"), english, chinese)
    for patterns, english, chinese in (
        (
            (
                r"what can (?:you|i) (?:do|ask|say)(?: for me)?|help(?: me)?|what do you (?:do|know)",
                r"what are you able to do|how (?:do|can) i use you",
                r"你会什么|你会做什么|你?能做什么|你可以做什么|会什么|帮助|你有什么功能|做什么",
            ),
            "I can tell the time, calculate, convert units, set timers and alarms, repeat after you, and read notes.",
            "我会报时间和日期，做算术，换算单位，设计时器和闹钟，跟你重复，还能根据笔记回答问题。",
        ),
        (
            (r"how are you(?: doing)?(?: today)?|how's it going|你好吗|最近怎么样",),
            "I'm fine, thank you. How can I help?",
            "我很好，谢谢。有什么可以帮你？",
        ),
        (
            (
                r"(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|greetings)(?: (?:there|computer|assistant))?",
                r"你好|您好|嗨|哈喽|早上好|下午好|晚上好|早安|早",
            ),
            "Hello! How can I help?",
            "你好！有什么可以帮你？",
        ),
        (
            (
                r"(?:thanks|thank you|many thanks|cheers)(?: (?:so|very) much| a lot)?(?: \w+)?",
                "谢谢你?|多谢|感谢|谢了",
            ),
            "You're welcome.",
            "不客气。",
        ),
        (
            (r"(?:goodbye|good bye|bye|bye bye|see you|see you later|good night)(?: \w+)?", "再见|拜拜|回头见|晚安"),
            "Goodbye!",
            "再见！",
        ),
        (
            (
                "stop|be quiet|quiet|shut up|never mind|nevermind|cancel|forget it|nothing|wait|hold on|that's all",
                "that is all|停|停下|别说了|安静|算了|没事|没事了|等一下|等等|取消|不用了",
            ),
            "Okay.",
            "好的。",
        ),
        (
            ("okay|ok|yes|yeah|right|sure|alright|no|mhm|good|great", "好|好的|是|是的|对|嗯|不|不是|可以"),
            "All right.",
            "好的。",
        ),
    )
)
_ASKS_WHO = pattern_of(
    r"^(?:(?:so )?who are you|what are you|what is your name|what's your name|whats your name|what are you called"
    r"|what (?:do|should|can) i call you|do you have a name|are you (?:a )?(?:robot|human|real)"
    r"|你是谁|你?叫什么|你?叫什么名字|你的名字是什么|怎么称呼你)$"
)
_NAME = pattern_of(
    r"\b(?i:my name is|my name's|you can call me|call me|i am called|i'm called)\s+"
    r"((?:[^\W\d_][\w'’-]*\.?)(?:\s[^\W\d_][\w'’-]*\.?){0,3})"
)
_I_AM = pattern_of(
    r"^(?i:(?:hello|hi|hey|good (?:morning|afternoon|evening))[\s,.!]+)?(?i:i am|i'm|the name is|the name's)\s+"
    r"([A-Z][^\W\d_]+(?:\s[A-Z][^\W\d_]+){0,2})\s*(?:[,.!]|and\b|but\b|from\b|$)"
)
_IS_MY_NAME = pattern_of(r"^((?:[^\W\d_]+\s){1,3})(?i:is my name)\b")
_KINDS = pattern_of(
    r"(?:ish|ese)$|^(?:american|australian|austrian|brazilian|canadian|catholic|czech|dutch|european|french|german|greek"
    r"|hindu|indian|italian|korean|mexican|muslim|norwegian|russian|swiss|ukrainian|welsh|african|asian|okay|ok|sorry)$"
)
"""What "I'm …" also says with a capital letter, and is no name."""

_PARTICLES = frozenset(
    (
        "van",
        "von",
        "der",
        "den",
        "di",
        "da",
        "de",
        "del",
        "della",
        "du",
        "la",
        "le",
        "bin",
        "ibn",
        "al",
        "el",
        "ter",
        "zu",
    )
)
_NO_NAME = frozenset(
    str.split(
        "a an the and but or so i i'm we you he she it they what who how when where why can could do does did is are"
        " was not no please thanks thank nice from in at on to for with by later back tomorrow today tonight now"
        " again if because maybe also just set tell give remember my your that this there then as of who's"
        " what's pleased crazy old names anything whatever stupid names early late up down out"
        " about after before if glad happy living working calling speaking coming staying visiting asking"
    )
)
_HAN_NAME = pattern_of(
    r"(?:我叫|我的名字是|我的名字叫|叫我)((?:(?!我|住|和|今年|来自|是|很|在|什|谁|吧|你|请|帮|就行|就好|也)[^\s，。！？、,.!?\d]){1,8})"
)
_ASKS_NAME = pattern_of(
    r"^(?:what is|what's|whats|do you remember|remember) my name$|^who am i$"
    r"|我叫什么|我的名字是什么|我是谁|我的名字叫什么"
)


def manners(question: Question) -> Answer | None:
    """Answer courtesies and questions about the responder itself, and remember a name within the conversation."""
    words = question.words
    for pattern, english, chinese in _REPLIES:
        if pattern.search(words):
            return Answer(question.say(english, chinese))
    if _ASKS_WHO.search(words):
        called = question.assistant
        return Answer(
            question.say(
                f"I am {called or 'your voice assistant'}, and I run on this machine.",
                f"我是{called or '你的语音助手'}，就在这台机器上运行。",
            )
        )
    if _ASKS_NAME.search(words):
        name = _told_name(question)
        if name:
            return Answer(question.say(f"Your name is {name}.", f"你叫{name}。"))
        return Answer(question.say("You have not told me your name.", "你还没告诉我你的名字。"))
    name = own_name(question.text)
    return Answer(question.say(f"Nice to meet you, {name}.", f"很高兴认识你，{name}。")) if name else None


def asks_own_name(text: str) -> bool:
    """Whether someone asks for their own name."""
    return bool(_ASKS_NAME.search(plain_words(text)[0]))


def own_name(text: str) -> str:
    """The name that someone gives as their own; empty where they give none."""
    if language_of(text) == "zh":
        found = _HAN_NAME.search(simplified(text))
        return found[1] if found else ""
    found = _NAME.search(text) or _IS_MY_NAME.search(text)
    if found is None and (introduced := _I_AM.search(text)) is not None:
        found = None if _KINDS.search(introduced[1].lower()) else introduced
    return _only_name(found[1].split()) if found else ""


def _only_name(words: list[str]) -> str:
    """The words up to the first that is no name; behind a capital letter only those with one, else at most two."""
    kept: list[str] = []
    for index, word in enumerate(words):
        small = bool(kept) and words[0][0].isupper() and word[0].islower()
        within = word in _PARTICLES and any(later[0].isupper() for later in words[index + 1 :])
        if word.lower().rstrip(".") in _NO_NAME or (small and not within):
            break
        kept.append(word if len(word) <= 2 else word.rstrip("."))
        if word.endswith(".") and len(word) > 2:
            break
    most = 2 + sum(word in _PARTICLES for word in kept)
    kept = kept if words[0][0].isupper() else kept[:most]
    return " ".join(word if word in _PARTICLES else word[:1].upper() + word[1:] for word in kept)


def _told_name(question: Question) -> str:
    earlier = question.previous()
    while earlier is not None:
        if not _ASKS_NAME.search(earlier.words) and (name := own_name(earlier.text)):
            return name
        earlier = earlier.previous()
    return ""


_LEAD = r"^\W*(?:(?:please|can you|could you|and|now)\s+)*"
_AFTER_ME = pattern_of(
    rf"{_LEAD}(?:(?:repeat|say) after me|repeat(?! (?:that|it|please)\b)|say(?! (?:that|it|again)\b))[\s,:]+(.+)$",
    re.IGNORECASE | re.DOTALL,
)
_HAN_AFTER_ME = pattern_of(r"^\W*(?:请)?(?:跟我(?:说|读|念)|重复一下|重复)[，：:\s]*(.+)$", re.DOTALL)
_AGAIN = pattern_of(
    r"^(?:(?:say|repeat) (?:that|it|that again|it again|again)|say that (?:one )?more time|repeat|one more time"
    r"|what did you (?:just )?say|pardon(?: me)?|come again|again|i (?:didn't|did not) (?:hear|catch|get) (?:that|you)"
    r"|sorry what|what was that)$"
    r"|^(?:再?说一遍|再?说一次|你说什么|没听清|没听清楚|重复一遍|刚才说什么)$"
)


def repeat(question: Question) -> Answer | None:
    """Repeat after the person, or say the last reply again."""
    if _AGAIN.search(question.words):
        return Answer(question.last_reply() or question.say("I have not said anything yet.", "我还没有说过话。"))
    found = _HAN_AFTER_ME.match(simplified(question.text)) if question.chinese else _AFTER_ME.match(question.text)
    return Answer(found[1].strip()) if found else None
