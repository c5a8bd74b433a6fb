"""What time and day it is elsewhere, and days whose date is another one each year."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from voice.llm.builtin.places import _PLACES, zone_of
from voice.llm.builtin.question import Question
from voice.llm.builtin.responder import answer
from voice.llm.interface import Message

NOW = datetime(2026, 11, 22, 15, 5, tzinfo=UTC)


def talk(*said: str) -> list[str]:
    messages: list[Message] = []
    for text in said:
        found = answer(Question(text, NOW, tuple(messages)))
        messages += [Message("user", text), Message("assistant", found.text if found else "?")]
    return [message.text for message in messages[1::2]]


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("what time is it in Tokyo?", "In Tokyo it is 12:05 AM, tomorrow."),
        ("What's the time in New York right now?", "In New York it is 10:05 AM."),
        ("time in paris, france", "In Paris, France it is 4:05 PM."),
        ("how late is it in the UK", "In the UK it is 3:05 PM."),
        ("what time in Berlin is it", "In Berlin it is 4:05 PM."),
        ("what is the time in UTC", "In UTC it is 3:05 PM."),
        ("what time is it in Honolulu", "In Honolulu it is 5:05 AM."),
        ("what day is it in Sydney", "In Sydney it is Monday, November 23, 2026."),
        ("what time is it in Atlantis", "?"),
        ("is it late in London", "?"),
        ("东京现在几点", "东京现在是明天凌晨12点零5分。"),
        ("现在纽约几点了？", "纽约现在是上午10点零5分。"),
        ("悉尼今天星期几", "悉尼今天是2026年11月23日，星期一。"),
        ("什么时候去伦敦", "?"),
        ("when is Chinese New Year", "Chinese New Year is on Saturday, February 6, 2027."),
        ("how many days until the Dragon Boat Festival", "199 days until the Dragon Boat Festival."),
        ("离春节还有几天", "离春节还有76天。"),
        ("除夕是几号", "除夕是2027年2月5日，星期五。"),
        ("when is Mother's Day", "Mother's Day is on Sunday, May 9, 2027."),
        ("下个月一号是星期几", "下个月一号是2026年12月1日，星期二。"),
        ("what day is the 5th of next month", "The 5th of next month is on Saturday, December 5, 2026."),
        ("what day is the 31st of next month", "The 31st of next month is on Thursday, December 31, 2026."),
        ("what day is it in three weeks", "In 3 weeks it will be Sunday, December 13, 2026."),
        ("what day was it 10 days ago", "10 days ago it was Thursday, November 12, 2026."),
        ("what's the date next friday", "Next Friday is November 27, 2026."),
    ],
)
def test_it_answers(said: str, reply: str) -> None:
    assert talk(said) == [reply]


@pytest.mark.parametrize(
    ("said", "replies"),
    [
        (("what time is it in tokyo", "and in london?", "what about Rome"),
         ["In Tokyo it is 12:05 AM, tomorrow.", "In London it is 3:05 PM.", "In Rome it is 4:05 PM."]),
        (("东京现在几点", "那伦敦呢？"), ["东京现在是明天凌晨12点零5分。", "伦敦现在是下午3点零5分。"]),
    ],
)  # fmt: skip
def test_a_further_place_may_follow(said: tuple[str, ...], replies: list[str]) -> None:
    assert talk(*said) == replies


def test_every_place_of_the_table_is_found_in_its_zone() -> None:
    for line in _PLACES.strip().splitlines():
        zone, _, names = line.partition(": ")
        assert zone in available_timezones(), line
        assert all(zone_of(name) == zone for name in names.split(", ")), line
        assert ZoneInfo(zone)


def _asked_at(zone: str, hour: int, minute: int, said: str) -> str:
    found = answer(Question(said, datetime(2026, 11, 22, hour, minute, tzinfo=ZoneInfo(zone))))
    return found.text if found is not None else "?"


def test_the_day_elsewhere_is_right_where_clocks_are_more_than_a_day_apart() -> None:
    samoa, line = "Pacific/Pago_Pago", "Pacific/Kiritimati"
    asked = "what time is it in Kiritimati"
    assert _asked_at(samoa, 23, 30, asked) == "In Kiritimati it is 12:30 AM, the day after tomorrow."
    assert _asked_at(samoa, 22, 30, asked) == "In Kiritimati it is 11:30 PM, tomorrow."
    assert _asked_at(samoa, 22, 0, "东京现在几点") == "东京现在是明天晚上6点整。"
    assert _asked_at(line, 0, 30, "what time is it in Pago Pago").endswith("11:30 PM, the day before yesterday.")
    assert _asked_at(line, 0, 30, "Pacific/Pago_Pago现在几点").endswith("前天晚上11点30分。")
    assert _asked_at(samoa, 23, 30, "Kiritimati现在几点") == "Kiritimati现在是后天凌晨12点30分。"
