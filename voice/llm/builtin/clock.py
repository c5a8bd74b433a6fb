"""Time and date, for today and the days around it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from voice.llm.builtin.question import Answer, Question

_DAYS = {
    "the day after tomorrow": 2,
    "day after tomorrow": 2,
    "tomorrow": 1,
    "the day before yesterday": -2,
    "day before yesterday": -2,
    "yesterday": -1,
    "today": 0,
    "大后天": 3,
    "后天": 2,
    "明天": 1,
    "前天": -2,
    "昨天": -1,
    "今天": 0,
}
_EN_DAY = "|".join(name for name in _DAYS if name.isascii())
_ZH_DAY = "|".join(name for name in _DAYS if not name.isascii())
_TIME = re.compile(
    r"\b(?:what|which) time (?:is it|it is|do (?:you|we) have)(?: right)?$|^(?:current )?time$|^what time$"
    r"|(?:\b(?:what's|what is|whats|have you got|got|give me|do you have) |^)the (?:current )?time$"
    r"|^(?:现在|当前)?是?(?:几点(?:钟|了)*|什么时间|时间)$"
)
_DATE = re.compile(
    r"\b(?:what|which) (?:day|date|month|year)(?: of the (?:week|month|year))? (?:is|was|will) ?(?:it|this)?"
    rf"(?: be)?(?: ?(?:{_EN_DAY}))?(?: be)?$|\bwhat (?:day|date|year) it is$"
    rf"|\b(?:what's|what is|what was|whats) (?:the |today's |tomorrow's |yesterday's )(?:date|day)"
    rf"(?: (?:of )?(?:{_EN_DAY}))?$"
    rf"|\b(?:what is|what's) today$|^(?:today's )?date$"
    rf"|^(?:(?:{_ZH_DAY}|今年|现在|这个?月))?是?(?:几月|几号|星期几|周几|礼拜几|什么日子|哪一?[天年]|什么日期|日期)+$"
)
_FOLLOW = re.compile(r"^(?:(?:and|what about|how about|or) )*(.+)$")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = str.split("January February March April May June July August September October November December")


def clock(question: Question) -> Answer | None:
    """Answer what time or day it is, also as "what about tomorrow" behind such a question."""
    words = question.words
    if _TIME.search(words):
        return Answer(question.say(_english_time(question.now), _chinese_time(question.now)))
    if _asks_date(words) or (_only_day(words) and _follows_date(question)):
        return Answer(_date(question, *_day(words)))
    return None


def _asks_date(words: str) -> bool:
    return bool(_DATE.search(words))


def _only_day(words: str) -> bool:
    follow = _FOLLOW.match(words)
    return follow is not None and follow[1] in _DAYS


def _follows_date(question: Question) -> bool:
    earlier = question.previous()
    return earlier is not None and (_asks_date(earlier.words) or (_only_day(earlier.words) and _follows_date(earlier)))


def _day(words: str) -> tuple[str, int]:
    for name, days in _DAYS.items():
        if name in words:
            return name, days
    return ("今天", 0) if re.search("[一-鿿]", words) else ("today", 0)


def _date(question: Question, name: str, days: int) -> str:
    day = question.now + timedelta(days=days)
    if question.chinese:
        return f"{name}是{day.year}年{day.month}月{day.day}日，星期{'一二三四五六日'[day.weekday()]}。"
    verb = {"today": "is"}.get(name, "will be" if days > 0 else "was" if days < 0 else "is")
    spoken_name = name if name.startswith("the ") or " " not in name else f"the {name}"
    subject = spoken_name[0].upper() + spoken_name[1:]
    return f"{subject} {verb} {_WEEKDAYS[day.weekday()]}, {_MONTHS[day.month - 1]} {day.day}, {day.year}."


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
