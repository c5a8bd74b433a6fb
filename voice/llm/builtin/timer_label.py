"""What a person calls a timer, or wants to be reminded of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from voice.text.durations import Length
from voice.text.patterns import pattern_of

_CALLED = pattern_of(r"\b(?:called|named|labell?ed|titled|name it|call it|label it)(?: the)? (.+)$")
_REMIND = pattern_of(r"\b(?:remind me|reminder)\b(?:.*?)\b(?:to|about|that|of|for)\b (.+)$")
_REMIND_BARE = pattern_of(r"\bremind me (.+)$")
_PURPOSE = pattern_of(r"\b(?:timer|alarm|countdown|me up|wake me)\b.*?\b(?:for|to)(?: (?:the|my|some|a))? ([a-z].*)$")
_KIND = pattern_of(r"\b((?:[a-z']+ ){1,4})(?:timer|alarm|countdown)\b")
_VERB = pattern_of(r"\b(?:set|start|make|create|give|need|want|begin)\b")
_PURPOSE_FIRST = pattern_of(r"^for (?:the |my )?([a-z' ]+?) (?:set|start) ")
_NO_LABEL = frozenset(
    str.split(
        "a an the my our all set start make create give put run new another other second third first extra more one two"
        " me i need want like have get this that add cancel stop delete clear long minute hour every any up begin do"
        " let's can you could us please also then and to for in of with at on single separate kitchen's quick short"
        " timer alarm countdown reminder additional next tomorrow today would i'd open it is what how wake kitchen"
    )
) - {"kitchen"}
_HAN_REMIND = pattern_of(r"(?:提醒我|叫我|喊我|提醒(?!我))(?:要|去|一下|记得)?(.+)$")
_HAN_CALLED = pattern_of(r"(?:名叫|名为|名字叫|命名为|叫做|叫)(?![我醒])(.+?)(?:的?(?:计时器|定时器|闹钟|倒计时)|$)")
_HAN_PURPOSE = pattern_of(r"(?:给|为)(.+?)(?:设|定|计时|倒计时|开|来)")
_HAN_KIND = pattern_of(r"([^\0]*?)的?(?:计时器|定时器|闹钟|倒计时)")
_HAN_FILLER = pattern_of(
    r"设置|设定|设|定|新建|创建|建|启动|开始|开|再|来|加|添加|一个|个|另外|另|请|帮我|我要|我想|想|要|给我|的|第二|新|一|在"
)


def label_of(words: str, spans: Sequence[Length], *, reminder: bool, chinese: bool) -> str:
    """The name or the thing to be reminded of in `words`, without the lengths of time at `spans`; often empty."""
    for length in reversed(spans):
        words = f"{words[: length.start]}\0{words[length.end :]}"
    return _chinese(words, reminder) if chinese else _english(words, reminder)


def _english(words: str, reminder: bool) -> str:
    words = re.sub(r"(?:\b(?:for|in|of|after|at|by|about|around) )?(?:an? |the )?\0(?: from now)?", " ", words)
    words = " ".join(words.split())
    patterns = (_CALLED, _REMIND, _REMIND_BARE) if reminder else (_CALLED, _PURPOSE_FIRST, _PURPOSE)
    for pattern in patterns:
        if (found := pattern.search(words)) and (label := found[1] if reminder else _trimmed(found[1])):
            return label.strip()
    found = None if reminder else _KIND.search(words)
    return _trimmed(_VERB.split(found[1])[-1]) if found else ""


def _trimmed(label: str) -> str:
    kept = label.split()
    while kept and (kept[0] in _NO_LABEL or kept[0].isdecimal()) and not (len(kept) > 1 and kept[0] == "call"):
        kept.pop(0)
    while kept and kept[-1] in ("for", "to", "at", "in", "on", "please", "and", "timer", "alarm", "of", "the", "a"):
        kept.pop()
    return " ".join(kept)


def _chinese(words: str, reminder: bool) -> str:
    words = re.sub(r"\0(?:钟)?(?:之后|以后|后)?", "\0", words)
    if reminder:
        found = _HAN_REMIND.search(words.replace("\0", ""))
        return found[1].strip().removesuffix("的闹钟") if found else ""
    if found := _HAN_CALLED.search(words) or _HAN_PURPOSE.search(words):
        return _HAN_FILLER.sub("", found[1].replace("\0", ""))
    found = _HAN_KIND.search(words.replace("\0", ""))
    return _HAN_FILLER.sub("", found[1]) if found else ""
