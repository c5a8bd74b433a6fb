"""What the builtin responder says to what people say, in English and Chinese, turn after turn."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.llm.builtin.arithmetic import TooLarge, evaluate
from voice.llm.builtin.question import Question, RunningTimers
from voice.llm.builtin.responder import answer, understands
from voice.llm.builtin.timer_list import Running
from voice.llm.builtin.units import UNITS, convert
from voice.llm.interface import Message
from voice.text.durations import parse_duration, say_duration

NOON = datetime(2026, 11, 22, 15, 5)


def talk(*said: str, timers: RunningTimers | None = None) -> list[str]:
    """The reply to each question of one conversation; `?` where no skill answers."""
    messages: list[Message] = []
    replies = []
    for text in said:
        found = answer(Question(text, NOON, tuple(messages), timers))
        replies.append(found.text if found else "?")
        messages += [Message("user", text), Message("assistant", replies[-1])]
    return replies


def effects(
    text: str, timers: RunningTimers | None = None, before: Sequence[Message] = ()
) -> list[tuple[str, dict[str, object]]]:
    found = answer(Question(text, NOON, before, timers))
    return [(effect.kind, dict(effect.data)) for effect in found.effects] if found else []


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("what is twelve times seven", "12 times 7 is 84."),
        ("What's 12 x 7?", "12 times 7 is 84."),
        ("how much is fifteen percent of eighty", "15 percent of 80 is 12."),
        ("the square root of sixteen", "The square root of 16 is 4."),
        ("twenty squared", "20 squared is 400."),
        ("three squared plus four squared", "3 squared plus 4 squared is 25."),
        ("two to the power of twenty two", "2 to the power of 22 is 4,194,304."),
        ("五的平方加二等于多少", "5的平方加2等于27。"),
        ("二的三次方减一等于多少", "2的3次方减1等于7。"),
        ("two to the power of ten", "2 to the power of 10 is 1024."),
        ("subtract three from ten", "10 minus 3 is 7."),
        ("half of ninety", "90 divided by 2 is 45."),
        ("negative five plus two", "Minus 5 plus 2 is minus 3."),
        ("(2+3)*4", "That is 20."),
        ("ten divided by three", "10 divided by 3 is about 3.3333."),
        ("one divided by zero", "I can't divide by zero."),
        ("square root of minus four", "A negative number has no real square root."),
        ("nine to the power of nine hundred thousand", "That number is too large for me."),
        ("two to the power of one hundred", "2 to the power of 100 is about 1.2677 times 10 to the power of 30."),
        ("divide that by two", "I have no earlier number to work with."),
        ("what is five plus", "?"),
        ("call 555-1234", "?"),
        ("555-1234", "?"),
        ("__import__('os')", "?"),
        ("十二乘以七等于多少", "12乘以7等于84。"),
        ("三加五是多少？", "3加5等于8。"),
        ("16的平方根", "根号16等于4。"),
        ("八十的百分之二十", "80乘以20%等于16。"),
        ("what time is it", "It is 3:05 PM."),
        ("um can you please tell me what time it is", "It is 3:05 PM."),
        ("What is today's date?", "Today is Sunday, November 22, 2026."),
        ("what day is tomorrow", "Tomorrow will be Monday, November 23, 2026."),
        ("what day was yesterday", "Yesterday was Saturday, November 21, 2026."),
        ("现在几点了？", "现在是下午3点零5分。"),
        ("現在幾點？", "现在是下午3点零5分。"),
        ("十二乘以七等於多少", "12乘以7等于84。"),
        ("今天星期几", "今天是2026年11月22日，星期日。"),
        ("how many kilometers is 5 miles", "5 miles is about 8.05 kilometers."),
        ("how many feet are in a mile", "1 mile is 5280 feet."),
        ("convert one hundred degrees fahrenheit to celsius", "100 degrees Fahrenheit is about 37.78 degrees Celsius."),
        ("what is minus forty celsius in fahrenheit", "Minus 40 degrees Celsius is minus 40 degrees Fahrenheit."),
        ("what is 5 kilograms in meters", "Kilograms can't be given in meters."),
        ("what day is christmas", "Christmas is on Friday, December 25, 2026."),
        ("What day of the week is it today?", "Today is Sunday, November 22, 2026."),
        ("what was the date yesterday", "Yesterday was Saturday, November 21, 2026."),
        ("what day will it be tomorrow", "Tomorrow will be Monday, November 23, 2026."),
        ("圣诞节是几号", "圣诞节是2026年12月25日，星期五。"),
        ("明天是几月几号", "明天是2026年11月23日，星期一。"),
        ("五公里等于多少英里", "5公里等于大约3.11英里。"),
        ("repeat after me: The quick brown fox", "The quick brown fox"),
        ("跟我说你好世界", "你好世界"),
        ("say that again", "I have not said anything yet."),
        ("what is my name", "You have not told me your name."),
        ("hello", "Hello! How can I help?"),
        ("okay stop", "Okay."),
        ("谢谢", "不客气。"),
        ("what is the capital of france", "?"),
        ("法国的首都是哪里", "?"),
    ],
)
def test_answers(question: str, reply: str) -> None:
    assert talk(question) == [reply]


@pytest.mark.parametrize(
    ("said", "last"),
    [
        (["what is twelve times seven", "divide that by two"], "84 divided by 2 is 42."),
        (["what is twelve times seven", "divide that by two", "and times three"], "42 times 3 is 126."),
        (["ten divided by three", "times three"], "3.3333 times 3 is 10."),
        (["what day is it", "what about tomorrow", "and the day after tomorrow"],
         "The day after tomorrow will be Tuesday, November 24, 2026."),
        (["what about tomorrow"], "?"),
        (["how many kilometers is 5 miles", "and in meters?"], "5 miles is about 8047 meters."),
        (["say 3 kilometers", "and in meters"], "3 kilometers is 3000 meters."),
        (["my name is Anna", "hello", "what is my name"], "Your name is Anna."),
        (["hello", "say that again"], "Hello! How can I help?"),
        (["set a timer", "five minutes"], "Timer set for 5 minutes."),
        (["five minutes"], "?"),
        (["十二乘以七", "再除以二"], "84除以2等于42。"),
        (["今天几号", "明天呢？"], "明天是2026年11月23日，星期一。"),
        (["五公里等于多少英里", "换成米呢"], "5公里等于5000米。"),
        (["我叫小明", "我叫什么名字"], "你叫小明。"),
    ],
)  # fmt: skip
def test_what_was_said_before_counts(said: list[str], last: str) -> None:
    assert talk(*said)[-1] == last


def test_a_long_conversation_of_follow_ups_ends() -> None:
    assert talk("one plus one", *["plus one"] * 300)[-1].startswith("30")


@pytest.mark.parametrize(
    ("text", "seconds", "label"),
    [
        ("set a timer for five minutes", 300.0, ""),
        ("Set a ten-minute timer.", 600.0, ""),
        ("start a tea timer for an hour and a half", 5400.0, "tea"),
        ("set a timer for half an hour and twenty seconds", 1820.0, ""),
        ("set a timer for 90 seconds called pasta", 90.0, "pasta"),
        ("设一个五分钟的计时器", 300.0, ""),
        ("設一個五分鐘的計時器", 300.0, ""),
        ("倒计时十秒", 10.0, ""),
    ],
)
def test_setting_a_timer(text: str, seconds: float, label: str) -> None:
    assert effects(text) == [("timer.set", {"seconds": seconds, "label": label})]


def test_timers_are_cancelled_and_told() -> None:
    running = [Running("tea", 95.0, 180.0, 1), Running("", 3600.0, 3600.0, 2)]
    assert effects("cancel the timer", running) == []
    assert talk("cancel the timer", timers=running) == ["Which one: the tea timer, or the 1 hour timer?"]
    assert effects("cancel the timer", running[:1]) == [("timer.cancel", {"numbers": [1]})]
    assert effects("cancel the tea timer", running) == [("timer.cancel", {"numbers": [1]})]
    assert effects("cancel the pasta timer", running) == []
    assert effects("取消计时器") == [("timer.cancel", {"which": "取消计时器"})]
    assert talk("how long is left", timers=running) == ["1 minute and 35 seconds left for tea, 1 hour left."]
    assert talk("还剩多久", timers=running[1:]) == ["还剩1小时。"]
    assert talk("how much time is left on the timer", timers=[]) == ["No timer is running."]
    assert talk("how long is left") == ["I can't see the timers from here."]
    assert effects("set a timer for three days") == []


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("what time is it", True),
        ("what is twelve times seven", True),
        ("set a timer for five minutes", True),
        ("设一个五分钟的计时器", True),
        ("stop", True),
        ("set a timer", False),
        ("set a timer for", False),
        ("what is twelve times", False),
        ("repeat after me I am", False),
        ("how far is the moon", False),
        ("", False),
    ],
)
def test_understands_whole_commands(text: str, whole: bool) -> None:
    assert understands(text) is whole


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_words_break_a_skill(text: str) -> None:
    found = answer(Question(text, NOON))
    assert found is None or isinstance(found.text, str)


@pytest.mark.parametrize("part", ["9", "5 ", "add 5 and ", "一二三", "请", "twenty one hundred and ", "billion "])
def test_a_flood_of_words_breaks_none_either(part: str) -> None:
    found = answer(Question(part * 5000, NOON))
    assert found is None or found.text


@settings(deadline=None)
@given(st.lists(st.sampled_from("0 1 7 2.5 + - * / ^ % ( ) sqrt ~ @ 99999".split()), max_size=12))  # noqa: SIM905
def test_an_expression_has_a_value_or_a_known_refusal(tokens: list[str]) -> None:
    with contextlib.suppress(ZeroDivisionError, TooLarge, ValueError, OverflowError):
        evaluate(" ".join(tokens))


@settings(deadline=None)
@given(st.integers(-999, 999), st.integers(-999, 999), st.integers(1, 99))
def test_precedence_is_that_of_arithmetic(one: int, two: int, three: int) -> None:
    text = f"{one} + {two} * {three} - ({one} - {two}) ^ 2"
    assert evaluate(text) == one + two * three - (one - two) ** 2


@settings(deadline=None)
@given(st.integers(1, 86400))
def test_a_length_of_time_is_read_back(seconds: int) -> None:
    for language in ("en", "zh"):
        assert parse_duration(say_duration(seconds, language)) == seconds


@settings(deadline=None)
@given(st.sampled_from(UNITS), st.sampled_from(UNITS), st.floats(-1e6, 1e6))
def test_conversion_goes_back(source: object, target: object, value: float) -> None:
    there = convert(value, source, target)  # type: ignore[arg-type]
    if there is not None:
        assert convert(there, target, source) == pytest.approx(value, rel=1e-9, abs=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("My name is Ada and I live in Leeds", "Ada"),
        ("my name is ada and i live in leeds", "Ada"),
        ("I'm Ada and I live in Leeds", "Ada"),
        ("Hi, I'm Ada.", "Ada"),
        ("Ada is my name", "Ada"),
        ("the name's Bond", "Bond"),
        ("my name is ada living in leeds", "Ada"),
        ("My name is Ludwig van Beethoven and I like music", "Ludwig van Beethoven"),
        ("my name is vincent van gogh", "Vincent van Gogh"),
        ("My name is Ada de la Cruz", "Ada de la Cruz"),
        ("I'm German", ""),
        ("I'm fine and I live in Leeds", ""),
        ("I'm OK", ""),
        ("That is my name", ""),
        ("I am from Leeds", ""),
    ],
)
def test_a_name_ends_where_the_sentence_goes_on(said: str, name: str) -> None:
    found = answer(Question(said, datetime(2026, 5, 5)))
    heard = found.text if found else ""
    assert heard == f"Nice to meet you, {name}." if name else "Nice to meet you" not in heard
