"""The builtin responder as an upstream: effects, deltas word by word, one usage; it stops when closed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.llm.builtin import BuiltinUpstream
from voice.llm.builtin.responder import pieces, tokens
from voice.llm.builtin.timer_list import Running
from voice.llm.interface import LATE, Ask, Delta, Done, Effect, Message, Upstream

SHIPPED = Path(__file__).parents[3] / "voice" / "demo" / "knowledge"


def replies(upstream: BuiltinUpstream, *messages: Message) -> list[Delta | Effect | Done]:
    async def collect() -> list[Delta | Effect | Done]:
        return [event async for event in upstream.stream(Ask(tuple(messages)))]

    return asyncio.run(collect())


def builtin() -> BuiltinUpstream:
    upstream: Upstream = BuiltinUpstream(SHIPPED, lambda: datetime(2026, 11, 22, 15, 5), lambda: [Running("tea", 95.0)])
    assert isinstance(upstream, BuiltinUpstream)
    return upstream


def test_it_streams_word_by_word_and_ends_with_the_usage() -> None:
    events = replies(builtin(), Message("system", "Be brief."), Message("user", "what is twelve times seven"))
    assert events[:-1] == [Delta("12"), Delta(" times"), Delta(" 7"), Delta(" is"), Delta(" 84.")]
    assert events[-1] == Done(input=7, cached=0, output=5, estimated=True)


def test_chinese_comes_by_a_character_or_two() -> None:
    events = replies(builtin(), Message("user", "你好"))
    assert [event.text for event in events if isinstance(event, Delta)] == ["你好！", "有什", "么可", "以帮", "你？"]


def test_a_timer_is_an_effect_before_the_words() -> None:
    events = replies(builtin(), Message("user", "set a timer for five minutes"))
    assert events[0] == Effect("timer.set", {"seconds": 300.0, "label": ""})
    assert sum(isinstance(event, Effect) for event in events) == 1


def test_it_sees_the_timers_notes_and_the_conversation() -> None:
    def said(*messages: Message) -> str:
        return "".join(event.text for event in replies(builtin(), *messages) if isinstance(event, Delta))

    assert said(Message("user", "how long is left")) == "1 minute and 35 seconds left for tea."
    moon = (Message("user", "how far is the moon"), Message("assistant", "The Moon is about 384,400 kilometers away"))
    assert "384,400 kilometers" in said(moon[0])
    assert said(*moon, Message("user", "and in miles")) == "384,400 kilometers is about 238,855 miles."


@pytest.mark.parametrize("before", ["Good evening.\n", "Ann: ", "Ann: I am hungry\nBob: "])
def test_words_before_that_went_unanswered_and_names_do_not_hide_a_question(before: str) -> None:
    """A session joins them: a television's greeting, cut off, and what the person then asks, or who asks."""
    events = replies(builtin(), Message("user", f"{before}What is twelve times seven?"))
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "12 times 7 is 84."


def test_it_says_when_it_does_not_know_and_what_to_do() -> None:
    for upstream in (builtin(), BuiltinUpstream()):
        words = [
            event.text for event in replies(upstream, Message("user", "who won the match")) if isinstance(event, Delta)
        ]
        assert "".join(words) == "I don't know that. Connect a model with --llm to ask me anything."


def test_without_a_question_there_is_an_empty_reply() -> None:
    assert replies(builtin(), Message("system", "x")) == [Done(input=1, output=0, estimated=True)]


def test_closing_the_stream_ends_it() -> None:
    async def first() -> object:
        async with aclosing(builtin().stream(Ask((Message("user", "hello"),)))) as stream:  # type: ignore[type-var]
            async for event in stream:
                return event
        return None

    assert asyncio.run(first()) == Delta("Hello!")


def test_close_forgets_the_notes() -> None:
    upstream = builtin()
    asyncio.run(upstream.close())


@settings(deadline=None)
@given(st.text(max_size=60))
def test_pieces_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text
    assert tokens(text) <= len(text)


@pytest.mark.parametrize(
    ("words", "can", "says"),
    [
        ("set a timer for five minutes", None, "Timer set"),
        ("set a timer for five minutes", frozenset({"timer"}), "Timer set"),
        ("set a timer for five minutes", frozenset(), "I can't set"),
        ("louder, please", frozenset({"device"}), "Okay."),
        ("louder, please", frozenset(), "I can't change the sound"),
    ],
)
def test_an_effect_is_promised_only_where_it_can_be_carried_out(
    words: str, can: frozenset[str] | None, says: str
) -> None:
    async def run() -> list[object]:
        ask = Ask((Message("user", words),), effects=can)
        return [item async for item in BuiltinUpstream(SHIPPED).stream(ask)]

    items = asyncio.run(run())
    assert "".join(item.text for item in items if isinstance(item, Delta)).startswith(says)
    assert any(isinstance(item, Effect) for item in items) is (can != frozenset())


@pytest.mark.parametrize("words", ["what is the meaning of xyzzy", "西藏的天气怎么样"])
def test_visitors_are_not_told_how_to_set_it_up(words: str) -> None:
    async def said(*, visitors: bool) -> str:
        ask = Ask((Message("user", words),))
        items = [item async for item in BuiltinUpstream(SHIPPED, visitors=visitors).stream(ask)]
        return "".join(item.text for item in items if isinstance(item, Delta))

    assert "--llm" in asyncio.run(said(visitors=False))
    assert "--" not in asyncio.run(said(visitors=True))


def test_zaijian_is_a_farewell() -> None:
    async def said() -> str:
        items = [item async for item in BuiltinUpstream(SHIPPED).stream(Ask((Message("user", "再见"),)))]
        return "".join(item.text for item in items if isinstance(item, Delta))

    assert asyncio.run(said()) == "再见！"


@pytest.mark.parametrize(
    ("sentences", "words", "answer"),
    [
        (("Ask the desk.", "请问前台。"), "who won the match", "Ask the desk."),
        (("Ask the desk.", "请问前台。"), "谁赢了比赛", "请问前台。"),
        (("Ask the desk.",), "谁赢了比赛", "Ask the desk."),
        (("请问前台。", "Ask the desk."), "who won the match", "Ask the desk."),
        ((), "who won the match", "I'm sorry, I don't know that. Please ask me something else."),
    ],
)
def test_visitors_get_the_owners_sentence(sentences: tuple[str, ...], words: str, answer: str) -> None:
    upstream = BuiltinUpstream(visitors=True, unknown=sentences)
    events = replies(upstream, Message("user", words))
    assert "".join(event.text for event in events if isinstance(event, Delta)) == answer


def test_it_goes_by_its_name() -> None:
    for words, answer in (
        ("What's your name?", "I am Nova, and I run on this machine."),
        ("你叫什么名字", "我是Nova，就在这台机器上运行。"),
    ):
        events = replies(BuiltinUpstream(name="Nova"), Message("user", words))
        assert "".join(event.text for event in events if isinstance(event, Delta)) == answer


@pytest.mark.parametrize(
    ("words", "result", "told"),
    [
        ("is the oven warm", "It is warm.", "About “is the oven warm”: It is warm."),
        ("烤箱热了吗", "Data from x:\n热了。", "您刚才说“烤箱热了吗”：热了。"),
        ("Ist der Ofen warm?", "Ja.", "Zu „Ist der Ofen warm?“: Ja."),
    ],
)
def test_what_a_tool_answers_late_names_what_it_answers(words: str, result: str, told: str) -> None:
    events = replies(builtin(), Message("user", words), Message("tool", f"{result}\n\n{LATE}", call_id="c"))
    assert "".join(event.text for event in events if isinstance(event, Delta)) == told
