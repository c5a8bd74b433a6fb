"""Which of the running timers a person means: by name, length, order, time of day, or all except some."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from voice.llm.builtin.moment import find_moment, say_moment
from voice.llm.builtin.repeats import Repeat, find_repeat, say_days
from voice.llm.builtin.timer_list import Running
from voice.text.durations import lengths, say_duration
from voice.text.patterns import pattern_of

_EXCEPT = pattern_of(r"\b(?:except(?: for)?|but not|but|apart from|other than|besides|excluding)\b")
_AND = pattern_of(r" and (?:the )?|[和跟]")
_HAN_EXCEPT = pattern_of(r"除了?(?P<some>.+?)(?:(?:以外|之外|外)的?|(?=其他|其余|别的))")
_ALL = pattern_of(
    r"\b(?:all|every|everything|each|both|any|timers|alarms|reminders|countdowns)\b|所有|全部|都|其他|其余|别的|每个|两个都"
)
_KINDS = (
    ("alarm", pattern_of(r"\balarms?\b|闹钟")),
    ("reminder", pattern_of(r"\breminders?\b|提醒")),
    ("timer", pattern_of(r"\b(?:timers?|countdowns?)\b|计时器|定时器|倒计时")),
)
_ORDER = {
    **dict.fromkeys(("first", "1st", "oldest", "第一", "第1"), 0),
    **dict.fromkeys(("second", "2nd", "第二", "第2"), 1),
    **dict.fromkeys(("third", "3rd", "第三", "第3"), 2),
    **dict.fromkeys(("fourth", "4th", "第四", "第4"), 3),
    **dict.fromkeys(("fifth", "5th", "第五", "第5"), 4),
    **dict.fromkeys(("last", "latest", "newest", "most recent", "最后一", "最后", "最新"), -1),
}
_ORDINAL = pattern_of(r"\b(?:" + "|".join(name for name in _ORDER if name.isascii()) + r")\b|"
                      + "|".join(name for name in _ORDER if not name.isascii()))  # fmt: skip
_SOME = pattern_of(r"\b(?P<end>first|last) (?P<count>[2-9])\b")
_DAYS = pattern_of(r"(?<!every )(?<!each )\b(?:week ?day|weekend|day)(?= (?:alarm|reminder|timer))")
_EXTREMES = (
    (pattern_of(r"\b(?:shortest|next|soonest)\b|最短|最近|下一个"), min),
    (pattern_of(r"\blongest\b|最长"), max),
)
_SAYS_NOTHING = frozenset(
    str.split(
        "a an the my our this that it its is are of for to on in at by with from and one ones please now just me i we"
        " have do does there timer timers alarm alarms reminder reminders countdown countdowns set called named labeled"
        " cancel stop clear delete remove turn off kill end dismiss forget how long much time left remaining more"
        " longer go until will when what which about status rings ring goes up add extend change make increase reduce"
        " list show tell shorten take subtract minutes be have's s give what's long's"
        " is there running put still all every everything each both any"
        " of them those these 1 o'clock am pm tomorrow today shorter later earlier"
        " get rid can you could ringing done yes no"
    )
)
_HAN_SAYS_NOTHING = pattern_of(
    r"取消掉?|停止|停掉|关掉|关闭|删除|删掉|不要|计时器|定时器|闹钟|提醒|倒计时|所有|全部|其他|其余|别的|每个|两个都|那个|这个|个|的|了|把|给|我|请"
    r"|还有|还剩|多久|多少|多长|时间|剩|下|有|几|哪些|什么|时候|响|再|增加|加上?|延长|缩短|减少|减去?|改成|改为|到|第|一|都|掉|在|上|吧|是"
)


def choose(words: str, running: Sequence[Running], now: datetime | None, *, chinese: bool) -> list[Running] | None:
    """The timers meant by `words` (of `plain_words`), none if there is no such one; None where it may be several."""
    parts = _excepted(words, chinese)
    if parts is None:
        return _union(words, running, now, chinese)
    spared = _union(parts[1], running, now, chinese)
    pool = _of_kind(words, running)
    if not spared:
        return None
    return [timer for timer in pool if timer not in spared]


def _union(words: str, running: Sequence[Running], now: datetime | None, chinese: bool) -> list[Running] | None:
    """Those meant by the words, also `the pasta timer and the 5 minute timer`."""
    parts = _AND.split(words)
    each = [_choose(part, running, now, chinese) for part in parts] if len(parts) > 1 else []
    if not each or not all(one is not None and len(one) == 1 for one in each):
        return _choose(words, running, now, chinese)
    meant = [timer for one in each if one for timer in one]
    return [timer for timer in running if timer in meant]


def _excepted(words: str, chinese: bool) -> tuple[str, str] | None:
    """The words without what is to be spared, and that."""
    if not chinese:
        found = _EXCEPT.search(words)
        return (words[: found.start()], words[found.end() :]) if found else None
    found = _HAN_EXCEPT.search(words)
    return (words[: found.start()] + words[found.end() :], found["some"]) if found else None


def _of_kind(words: str, running: Sequence[Running]) -> list[Running]:
    """Those of the kind that is named; what was called a timer may also be a reminder or an alarm, if none is."""
    for kind, pattern in _KINDS:
        if pattern.search(words):
            found = [timer for timer in running if timer.kind == kind]
            return list(running) if kind == "timer" and not found else found
    return list(running)


def _choose(words: str, running: Sequence[Running], now: datetime | None, chinese: bool) -> list[Running] | None:
    pool = _of_kind(words, running)
    rest, narrowed = words, False
    if repeated := find_repeat(_DAYS.sub(r"every \g<0>", rest), chinese=chinese):
        pool = [timer for timer in pool if timer.repeat is not None and timer.repeat.days == repeated[0]]
        rest, narrowed = repeated[1], True
    for length in reversed(lengths(words, chinese=chinese)):
        if length.seconds is not None:
            pool = [timer for timer in pool if abs(timer.seconds - length.seconds) < 0.5]
            rest, narrowed = f"{rest[: length.start]} {rest[length.end :]}", True
    if now is not None and (moment := find_moment(rest, now, chinese=chinese)) and moment.timed:
        pool = [timer for timer in pool if _near(now + timedelta(seconds=timer.left), moment.at)]
        rest, narrowed = moment.rest, True
    if some := _SOME.search(rest):
        count = int(some["count"])
        return (pool[:count] if some["end"] == "first" else pool[-count:]) if count <= len(pool) else []
    ordinal = _ORDINAL.search(rest)
    extreme = next((pick for pattern, pick in _EXTREMES if pattern.search(rest)), None)
    everything = _ALL.search(rest) is not None
    for pattern in (_ORDINAL, *(pattern for pattern, _ in _EXTREMES)):
        rest = pattern.sub(" ", rest)
    if name := _name(rest, chinese):
        pool = [timer for timer in pool if _called(timer, name, chinese)]
        narrowed = True
    if ordinal:
        at = _ORDER[ordinal[0]]
        return [pool[at]] if -len(pool) <= at < len(pool) else []
    if extreme is not None and pool:
        return [extreme(pool, key=lambda timer: timer.left)]
    if everything or len(pool) == 1 or (not pool and (narrowed or not running)):
        return pool
    return None if pool else []


def _near(one: datetime, other: datetime) -> bool:
    """Whether two moments read alike on a clock of twelve hours."""
    off = (one - other).total_seconds() % 43200
    return min(off, 43200 - off) < 60


def _name(rest: str, chinese: bool) -> list[str]:
    """The words that must be in a timer's name."""
    if chinese:
        left = _HAN_SAYS_NOTHING.sub("", rest).replace(" ", "")
        return [left] if left else []
    return [_stem(word) for word in re.findall(r"[\w']+", rest) if word not in _SAYS_NOTHING]


def _called(timer: Running, name: list[str], chinese: bool) -> bool:
    if chinese:
        return name[0] in timer.label
    own = {_stem(word) for word in re.findall(r"[\w']+", timer.label.lower())}
    return own.issuperset(name)


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def describe(timer: Running, now: datetime, language: str) -> str:
    """A timer as a reply names it: `pasta timer`, `5 minute timer`, `7 AM alarm`, `意面计时器`."""
    at = say_moment(now + timedelta(seconds=timer.left), now, language)
    if timer.repeat is not None:
        at = say_repeat(timer.repeat, now, language)
    if language == "zh":
        return {
            "alarm": f"{at}的闹钟",
            "reminder": f"提醒你{timer.label}的提醒" if timer.label else "提醒",
            "timer": f"{timer.label or say_duration(timer.seconds or timer.left, 'zh') + '的'}计时器",
        }[timer.kind]
    if timer.kind == "alarm":
        return f"alarm for {at}"
    if timer.kind == "reminder":
        return f"reminder: {timer.label}" if timer.label else "reminder"
    return f"{timer.label or re.sub(r's(?= |$|,)', '', say_duration(timer.seconds or timer.left, 'en'))} timer"


def say_repeat(repeat: Repeat, now: datetime, language: str) -> str:
    """When it rings, as a reply says it: `7 AM every weekday`, `每个工作日早上7点`."""
    at = say_moment(now.replace(hour=repeat.hour, minute=repeat.minute, second=0), now, language)
    days = say_days(repeat.days, language)
    return days + at.removeprefix("今天") if language == "zh" else f"{at.removesuffix(' today')} {days}"
