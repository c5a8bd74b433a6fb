"""Time and date, here and elsewhere, for today and the days around it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from voice.llm.builtin.days import EN_DAY, FEASTS, HAN_DAY, MONTHS, WEEKDAYS, english_day, han_day
from voice.llm.builtin.places import zone_of
from voice.llm.builtin.question import Answer, Question
from voice.text.patterns import pattern_of

_TIME = pattern_of(
    r"\b(?:what|which) time (?:is it|it is|do (?:you|we) have)(?: right)?$|^(?:current )?time$|^what time$"
    r"|(?:\b(?:what's|what is|whats|have you got|got|give me|do you have) |^)the (?:current )?time$"
    r"|^(?:现在|当前)?是?(?:几点(?:钟|了)*|什么时间|时间)$"
)
_ASKS = (
    r"(?:what|which|whats|what's) (?:the )?(?:day|date|month|year|weekday|day of the week)"
    r"(?: of the (?:week|month|year))?(?: (?:is|was|will|does|did|it))*"
)
_DATE = pattern_of(
    rf"^(?:so )?{_ASKS}(?: it| this| today| be| going to be)*(?P<day1> .*?)??"
    r"(?: be| on| it is| it was| fall on| fall| is)*$"
    r"|^(?:(?:what|whats|what's|give me|do you know|got)(?: is| was)? )?(?:the )?(?:current |today's )?(?:date|day)"
    r"(?: of)?(?: is it)?(?P<day2> .*)?$"
    r"|^(?:what is|what's|what was) (?P<day3>today|tomorrow|yesterday"
    r"|the day (?:after tomorrow|before yesterday))(?:'s (?:date|day))?$"
    r"|^(?:when|on what day|on which day)(?: is|'s| was| does| will)(?P<day4> .*?)(?: be| fall| this year| next)?$"
)
_UNTIL = pattern_of(
    r"^how (?:many days|long)(?: is it| are there| are left| left| to go)*(?: until| till| to| before)(?P<day> .+)$"
    r"|^how many days (?:away|off) is(?P<away> .+)$"
)
_HAN_DATE = pattern_of(
    r"^(?P<day>.*?)(?:是|在|到)*(?:几月几[号日]|几[号日]|星期几|周几|礼拜几|什么日子|哪一?[天年]|什么日期|日期|多少号|几月)+(?:是)?$"
    r"|^(?:什么时候是|什么时候过|哪天是|哪一天是)(?P<when>.+)$|^(?P<said>.+)是什么时候$"
)
_HAN_UNTIL = pattern_of(r"^(?:现在)?(?:离|距离?|到)(?P<day>.+?)(?:还有|有|还)*(?:几天|多少天|多久)$")
_ELSEWHERE = pattern_of(
    r"^(?P<asked>(?:what|which|whats|what's|how late|the|is|it|time|date|day|current|local|right|now|currently"
    r"|over there|of the week| )+?) (?:in|at|for) (?P<place>[^\d]+?)(?: is it)?(?: right| now| at the moment| today)*$"
)
_HAN_ELSEWHERE = pattern_of(
    r"^(?:现在|这会儿|此刻|今天)?+(?P<place>.+?)(?:那边|那里|当地|那儿)?(?:现在|此刻|今天|的|是|当地)*"
    r"(?P<asked>几点|时间|什么时间|什么时候|[几多少]+[号日]|几月几[号日]|星期几|周几|日期)(?:钟|了|是多少)*$"
)
_TIME_WORDS = pattern_of(r"\btime\b|\bhow late\b|点|时")
_OTHER_DAYS = {
    -2: (", the day before yesterday", "前天"),
    -1: (", yesterday", "昨天"),
    0: ("", ""),
    1: (", tomorrow", "明天"),
    2: (", the day after tomorrow", "后天"),
}
"""The day in another place, seen from here: clocks are up to 26 hours apart."""

_HAN_NOW = pattern_of(r"^(?:今年|现在|这个?月|今天|今日)?$")
_TOLD_ELSEWHERE = pattern_of(r"^In |^.+是")  # as far as it was heard; else each question would read the time zones
_FOLLOW_PLACE = pattern_of(r"^(?:(?:and|what about|how about|or) )*(?:in )?(.+)$")
_FOLLOW = pattern_of(r"^(?:(?:and|what about|how about|or) )*(.+)$")


def clock(question: Question) -> Answer | None:
    """Answer what time or day it is, or how many days to one; also "what about tomorrow" behind such a question."""
    words = question.words
    if (there := _elsewhere(question) or _follow_elsewhere(question)) is not None:
        return there
    if _TIME.search(words):
        return Answer(question.say(_english_time(question.now), _chinese_time(question.now)))
    if (until := (_HAN_UNTIL if question.chinese else _UNTIL).search(words)) is not None:
        found = _day(next(filter(None, until.groups())), question)
        return Answer(_days_until(question, *found)) if found is not None else None
    found = _asked_day(question) or _follow_day(question)
    return Answer(_date(question, *found)) if found is not None else None


def _elsewhere(question: Question) -> Answer | None:
    """The time or the day in another place."""
    asked = (_HAN_ELSEWHERE if question.chinese else _ELSEWHERE).search(question.words)
    zone = zone_of(asked["place"]) if asked is not None else None
    if asked is None or zone is None:
        return None
    there = question.now.astimezone(ZoneInfo(zone))
    name = _written(asked["place"], question)
    days = (there.date() - question.now.date()).days
    if not _TIME_WORDS.search(asked["asked"]):
        said = _date(replace(question, now=there), question.say("today", "今天"), there.date())
        return Answer(question.say(f"In {name} it is {said.removeprefix('Today is ')}", f"{name}{said}"))
    day = _OTHER_DAYS[days]
    english, chinese = _english_time(there), _chinese_time(there)
    return Answer(
        question.say(
            f"In {name} it is {english.removeprefix('It is ').removesuffix('.')}{day[0]}.",
            f"{name}现在是{day[1]}{chinese.removeprefix('现在是')}",
        )
    )


def _follow_elsewhere(question: Question) -> Answer | None:
    """`And in London?` behind such a question."""
    if not _TOLD_ELSEWHERE.match(question.last_reply()):
        return None
    earlier, follow = question.previous(), _FOLLOW_PLACE.match(question.words)
    if earlier is None or follow is None or zone_of(follow[1]) is None:
        return None
    if _elsewhere(earlier) is None and _follow_elsewhere(earlier) is None:
        return None
    return _elsewhere(replace(question, text=question.say(f"what time is it in {follow[1]}", f"{follow[1]}几点")))


def _written(place: str, question: Question) -> str:
    """A place as it is written: as the person wrote it, with capitals where they gave none."""
    found = re.search(re.escape(place).replace("\\ ", r"[\s,]+"), question.text, re.IGNORECASE)
    name = found[0] if found is not None else place
    if not name.islower():
        return name
    return " ".join(
        word.upper()
        if word in ("uk", "utc", "gmt", "nyc", "la", "dc")
        else word
        if word == "the"
        else word.capitalize()
        for word in name.split()
    )


def _asked_day(question: Question) -> tuple[str, date] | None:
    """The name and the day of a question after a date."""
    asked = (_HAN_DATE if question.chinese else _DATE).search(question.words)
    if asked is None:
        return None
    name = next((day for day in asked.groups() if day), "").strip()
    if not name or (question.chinese and _HAN_NOW.match(name)):
        return question.say("today", "今天"), question.now.date()
    return _day(name, question)


def _follow_day(question: Question) -> tuple[str, date] | None:
    follow = _FOLLOW.match(question.words)
    found = _day(follow[1], question) if follow is not None else None
    return found if found is not None and _follows_date(question) else None


def _follows_date(question: Question) -> bool:
    earlier = question.previous()
    if earlier is None:
        return False
    if _asked_day(earlier) is not None:
        return True
    follow = _FOLLOW.match(earlier.words)
    return follow is not None and _day(follow[1], earlier) is not None and _follows_date(earlier)


def _day(name: str, question: Question) -> tuple[str, date] | None:
    """The day that a name stands for, None unless it is a day's name and no more."""
    name = re.sub(r"^(?:it |be |it be )|(?: be| it| date|'s date|'s)$", "", name.strip())
    today = question.now.date()
    if question.chinese:
        name = name.rstrip("的")
        found = HAN_DAY.fullmatch(name)
        day = han_day(found, today) if found is not None else None
    else:
        found = EN_DAY.fullmatch(name)
        day = english_day(found, today) if found is not None else None
    return (re.sub("^(?:on|for) ", "", name), day) if day is not None else None


def _date(question: Question, name: str, day: date) -> str:
    if question.chinese:
        return f"{name}是{day.year}年{day.month}月{day.day}日，星期{'一二三四五六日'[day.weekday()]}。"
    days = (day - question.now.date()).days
    spoken = f"{WEEKDAYS[day.weekday()]}, {MONTHS[day.month - 1]} {day.day}, {day.year}"
    if name.startswith("in ") or name.endswith((" ago", " from now", " from today")):
        return f"{_titled(name)} it {'will be' if days > 0 else 'was'} {spoken}."
    if name not in _NEAR:
        if any(weekday.lower() in name for weekday in WEEKDAYS):
            spoken = spoken.partition(", ")[2]
            return f"{_titled(name)} {'is' if days >= 0 else 'was'} {spoken}."
        return f"{_titled(name)} {'is' if days >= 0 else 'was'} on {spoken}."
    name = f"the {name}" if " " in name and not name.startswith("the ") else name
    return f"{name[0].upper()}{name[1:]} {'is' if days == 0 else 'will be' if days > 0 else 'was'} {spoken}."


_NEAR = frozenset(
    ("today", "tomorrow", "yesterday", "the day after tomorrow", "day after tomorrow", "the day before yesterday",
     "day before yesterday")
)  # fmt: skip


def _titled(name: str) -> str:
    """A day's name as it is written: `Next Wednesday`, `New Year's Eve`, `The 5th of December`."""
    small = ("of", "in", "the", "this", "next", "last", "month", "days", "day", "weeks", "week", "from", "now", "ago")
    words = [
        word if (word in small and name not in FEASTS) or not word[0].isalpha() else word.capitalize()
        for word in name.split()
    ]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def _days_until(question: Question, name: str, day: date) -> str:
    days = (day - question.now.date()).days
    if question.chinese:
        return (
            f"离{name}还有{days}天。"
            if days > 0
            else f"{name}就是今天。"
            if days == 0
            else f"{name}已经过了{-days}天。"
        )
    count = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    if days == 0:
        return f"{_titled(name)} is today."
    until = re.sub("^The ", "the ", _titled(name))
    return f"{count[0].upper()}{count[1:]} until {until}." if days > 0 else f"{_titled(name)} was {count} ago."


def _english_time(now: datetime) -> str:
    hour, half = now.hour % 12 or 12, "AM" if now.hour < 12 else "PM"
    minute = "" if now.minute == 0 else f":{now.minute:02d}"
    return f"It is {hour}{minute} {half}."


def _chinese_time(now: datetime) -> str:
    part = ("凌晨", "上午", "中午", "下午", "晚上")[
        (now.hour >= 6) + (now.hour >= 12) + (now.hour >= 13) + (now.hour >= 18)
    ]
    minute = "整" if now.minute == 0 else f"{now.minute}分" if now.minute >= 10 else f"零{now.minute}分"
    return f"现在是{part}{now.hour % 12 or 12}点{minute}。"
