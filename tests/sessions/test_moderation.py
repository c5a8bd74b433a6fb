"""Moderation in a session, in virtual time: what is flagged is never logged, sent upstream or remembered."""

from __future__ import annotations

import asyncio
import logging
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.engine import scene, text, until_end
from tests.support.scripted_llm import ScriptedUpstream, Step
from voice.llm.interface import Delta, Done, Effect
from voice.safety.classifiers import ModerationError
from voice.safety.moderation import Moderation
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules
from voice.safety.verdict import ALLOWED, Verdict
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.interface import ReplyEvent, ReplyFailed
from voice.sessions.local_session import open_local
from voice.sessions.log import Event, Refused

SECRET = "xylophone heist"
RULES = Rules(
    [
        Rule("illegal", SECRET),
        Rule("illegal", f"stop the {SECRET}", exception=True),
        Rule("self-harm", "hurt myself"),
        Rule("politics", "vote for"),
    ]
)
ACTIONS = {"politics": "flag"}


class Slow:
    """A judge that takes `seconds` and flags what holds `word`; fails where `error` says how, or in `defect`."""

    name = "slow"

    def __init__(
        self, word: str = "purple", seconds: float = 0.2, error: str = "", defect: type[Exception] | None = None
    ) -> None:
        self.word, self.seconds, self.error, self.defect = word, seconds, error, defect
        self.asked: list[tuple[str, str | None]] = []

    async def judge(self, text: str, question: str | None) -> tuple[str, ...]:
        self.asked.append((text, question))
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.defect(text) if self.defect else ModerationError(self.error)
        return ("hate",) if self.word in text else ()

    async def close(self) -> None: ...


def moderation(*judges: Slow, **how: Any) -> Moderation:
    return Moderation(RULES, judges, ACTIONS, **how)


def deltas(*pieces: str) -> list[Step]:
    return [*map(Delta, pieces), Done(20, 0, 9, estimated=False)]


async def everything(engine: Engine, live: ActiveSession) -> str:
    """All that is stored, remembered and shown of a session."""
    await live.settled()
    events = await engine.parts.store.read(live.card.sid, 0, 10_000)
    return f"{events} {live.talk.to_json()} {live.talk.snapshot()}"


def dense(events: list[Event]) -> None:
    at = 0
    for event in events:
        if event.t == "delta":
            assert event.o == at
            at += len(event.d)


def test_flagged_words_are_not_logged_and_not_sent_upstream() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        turn = live.send(1, f"plan a {SECRET} with me", msg_id="m1")
        events = await until_end(live)
        assert [(event.t, event.d) for event in events] == [
            ("started", {"input": "[Blocked]", "draft": False, "msg_id": "m1", "categories": ["illegal"],
                         "blocked": True}),
            ("delta", "[Blocked]"),
            ("done", {"usage": {"input": 0, "cached": 0, "output": 0, "estimated": True}, "flagged": True,
                      "categories": ["illegal"], "blocked": "input"}),
        ]  # fmt: skip
        assert upstream.asked == []
        assert live.send(1, f"plan a {SECRET} with me") is turn
        assert live.talk.last == 1
        assert "xylophone" not in await everything(engine, live)
        live.send(2, "and now?")
        assert "flagged" not in (await until_end(live, 3))[-1].d
        assert "xylophone" not in str(upstream.asked)
        assert engine.parts.counts["moderation_blocked_input"] == 1

    scene(play, moderation=moderation())


def test_a_flagged_reply_ends_where_the_flagged_words_begin() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, "hello")
        events = await until_end(live)
        assert text(events) == "Sure. First, the [Blocked]"
        assert events[-1].t == "done"
        assert events[-1].d["flagged"] is True
        assert (events[-1].d["categories"], events[-1].d["blocked"]) == (["illegal"], "reply")
        dense(events)
        assert "xylophone" not in await everything(engine, live)
        assert live.talk.messages()[-1][1].text == "Sure. First, the [Blocked]"

    scene(play, deltas("Sure. First", ", the xylo", "phone h", "eist", " is easy."), moderation=moderation())


REPLY = f"Well, 好的. The {SECRET} begins at dawn."


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(REPLY)), max_size=8), st.booleans())
def test_what_is_delivered_is_the_same_for_every_split(cuts: list[int], judged: bool) -> None:
    edges = [0, *sorted(cuts), len(REPLY)]
    pieces = [REPLY[a:b] for a, b in pairwise(edges)]

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        await live.ask(1, "hello")
        events = await until_end(live)
        said = text(events)
        assert said == "Well, 好的. The [Blocked]" or (judged and said in ("Well, 好的. [Blocked]", "[Blocked]"))
        assert "xylo" not in await everything(engine, live)

    scene(play, deltas(*pieces), moderation=moderation(*([Slow(seconds=0.0)] if judged else [])))


def test_an_exception_lets_the_reply_pass() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> str:
        live, _ = await engine.create()
        live.send(1, "hello")
        events = await until_end(live)
        assert "flagged" not in events[-1].d
        return text(events)

    assert (
        scene(play, deltas("They stop the ", "xylophone ", "heist."), moderation=moderation())
        == f"They stop the {SECRET}."
    )


def test_a_category_that_is_only_flagged_passes_with_a_mark() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, "whom should I vote for")
        events = await until_end(live)
        assert events[0].d["categories"] == ["politics"]
        assert text(events) == "hello"
        assert (events[-1].d["flagged"], events[-1].d["categories"]) == (True, ["politics"])
        assert "blocked" not in events[-1].d
        assert upstream.asked[0].messages[-1].text == "whom should I vote for"

    scene(play, deltas("hello"), moderation=moderation())


@pytest.mark.parametrize(
    ("words", "help", "answer"),
    [
        ("I want to hurt myself", "", "I am sorry that you"),
        ("我想 hurt myself", "", "听到您这样说"),
        ("hurt myself", "Call us.", "Call us."),
    ],
)
def test_words_of_self_harm_are_answered_with_help(words: str, help: str, answer: str) -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, words)
        events = await until_end(live)
        assert text(events).startswith(answer)
        assert events[-1].d["categories"] == ["self-harm"]

    scene(play, moderation=moderation(help=help))


def test_a_judge_is_asked_about_words_before_they_are_logged() -> None:
    judge = Slow()

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        asking = asyncio.create_task(live.ask(1, "a purple question"))
        await asyncio.sleep(0.1)
        assert live.talk.seq == 0
        await asking
        assert (await until_end(live))[-1].d["categories"] == ["hate"]
        assert "purple" not in await everything(engine, live)
        assert upstream.asked == []
        await live.ask(1, "a purple question")
        assert judge.asked == [("a purple question", None)]

    scene(play, moderation=moderation(judge))


def test_what_the_rules_block_is_told_to_no_judge() -> None:
    judge = Slow()

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        await live.ask(1, SECRET)
        assert judge.asked == []

    scene(play, moderation=moderation(judge))


def test_a_reply_passes_window_by_window_and_what_is_not_judged_is_not_logged() -> None:
    judge = Slow()

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        await live.ask(1, "hello")
        events = await until_end(live)
        assert text(events) == "One. Two, [Blocked]"
        assert judge.asked[1:] == [
            ("One. ", "hello"), ("One. Two, ", "hello"), ("One. Two, three purple. ", "hello"),
        ]  # fmt: skip
        assert "purple" not in await everything(engine, live)

    pieces: list[Step] = []
    for piece in ("One. ", "Two, ", "three pur", "ple. ", "Four."):
        pieces += [Delta(piece), 0.5]
    scene(play, [*pieces, Done()], moderation=moderation(judge))


def test_a_phrase_on_both_sides_of_a_window_is_seen_whole() -> None:
    judge = Slow("not, nice")

    async def play(engine: Engine, upstream: ScriptedUpstream) -> str:
        live, _ = await engine.create()
        await live.ask(1, "hello")
        return text(await until_end(live))

    assert scene(play, [Delta("You are not, "), 1.0, Delta("nice at all. "), 1.0, Done()],
                 moderation=moderation(judge)) == "You are not, [Blocked]"  # fmt: skip


def test_optimistic_mode_goes_ahead_and_stops() -> None:
    judge = Slow(seconds=0.3)

    async def play(engine: Engine, upstream: ScriptedUpstream) -> str:
        live, _ = await engine.create()
        await live.ask(1, "hello")
        return text(await until_end(live))

    steps: list[Step] = [
        Delta("One. "),
        0.2,
        Delta("A purple thing. "),
        0.2,
        Delta("More. "),
        0.2,
        Delta("Even more. "),
        0.2,
        Done(),
    ]
    assert (
        scene(play, steps, moderation=moderation(judge, optimistic=True))
        == "One. A purple thing. More. Even more. [Blocked]"
    )
    assert (
        scene(play, deltas("A xylo", "phone", " heist", " now"), moderation=moderation(optimistic=True))
        == "A xylophone heist [Blocked]"
    )


@pytest.mark.parametrize("defect", [None, ValueError])
@pytest.mark.parametrize("closed", [True, False])
def test_a_judge_that_fails_is_never_silent(
    closed: bool, defect: type[Exception] | None, caplog: pytest.LogCaptureFixture
) -> None:
    judge = Slow(error="no verdict within 3 s", defect=defect)

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        if closed:
            with pytest.raises(Refused) as refused:
                await live.ask(1, "my words")
            assert (refused.value.code, refused.value.temporary) == ("unchecked", True)
            assert live.talk.seq == 0
            judge.error = ""
            await live.ask(1, "my words")
            judge.error = "no verdict within 3 s"
            end = (await until_end(live))[-1]
            assert (end.t, end.d["code"]) == ("failed", "unchecked")
            assert "Here is" not in await everything(engine, live)
        else:
            await live.ask(1, "my words")
            events = await until_end(live)
            assert (events[-1].t, events[-1].d["unchecked"]) == ("done", True)
            assert text(events) == "Here is the reply."
        assert engine.parts.counts["moderation_errors"] >= 1

    with caplog.at_level(logging.DEBUG):
        scene(play, [Delta("Here is the reply."), 0.1, Done()], moderation=moderation(judge, closed=closed))
    assert "moderation by slow failed" in caplog.text
    assert "my words" not in caplog.text
    assert "Here is" not in caplog.text


def test_no_log_line_holds_what_was_blocked(caplog: pytest.LogCaptureFixture) -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, SECRET)
        live.send(2, "hello")
        await until_end(live, 3)

    with caplog.at_level(logging.DEBUG):
        scene(play, deltas(f"The {SECRET}"), moderation=moderation())
    assert "is blocked: illegal" in caplog.text
    assert "xylophone" not in caplog.text


def test_an_effect_of_a_judged_reply_waits_for_its_text_and_goes_with_it() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> list[str]:
        live, _ = await engine.create()
        await live.ask(1, "hello")
        return [event.t for event in await until_end(live)]

    timer = Effect("timer", {"seconds": 3, "label": "egg"})
    assert scene(play, [timer, Delta("Done."), Done()], moderation=moderation(Slow())) == [
        "started",
        "delta",
        "effect",
        "done",
    ]
    assert scene(play, [timer, Delta("purple."), Done()], moderation=moderation(Slow())) == ["started", "delta", "done"]
    named = Effect("timer", {"label": SECRET})
    assert scene(play, [named, Delta("Done."), Done()], moderation=moderation()) == ["started", "delta", "done"]


def test_words_put_in_before_the_turn_are_judged_too() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, "hello", options={"before": [{"role": "user", "text": SECRET}]})
        await until_end(live)
        assert "xylophone" not in await everything(engine, live)

    scene(play, moderation=moderation())


@pytest.mark.parametrize("judged", [False, True])
def test_a_draft_is_moderated_like_any_turn(judged: bool) -> None:
    async def drafts(engine: Engine, upstream: ScriptedUpstream) -> None:
        session = await open_local(engine)
        flagged = session.send(f"a purple {SECRET}", draft=True)
        await flagged.discard()
        reply = session.send("a purple " + SECRET, draft=True)
        commit = asyncio.create_task(reply.commit())
        told: list[ReplyEvent] = [event async for event in reply]
        await commit
        assert told[0] == Delta("[Blocked]")
        assert isinstance(told[-1], Done)
        assert (told[-1].flagged, told[-1].blocked) == (("illegal",), "input")
        fine = session.send("hello", draft=True)
        await fine.commit()
        assert [event async for event in fine][:1] == [Delta("ok")]
        assert [message.text for message in await session.history()] == ["[Blocked]", "[Blocked]", "hello", "ok"]
        assert upstream.asked[0].messages[-1].text == "hello"
        assert fine.turn == 3
        await session.close()

    scene(drafts, deltas("ok"), moderation=moderation(*([Slow()] if judged else [])))


def test_a_conversation_whose_words_cannot_be_checked_is_told_so() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        session = await open_local(engine)
        [told] = [event async for event in session.send("hello")]
        assert isinstance(told, ReplyFailed)
        assert (told.code, told.temporary) == ("unchecked", True)
        await session.close()

    scene(play, moderation=moderation(Slow(error="HTTP 429 instead of a verdict")))


def test_a_reply_that_is_cancelled_leaves_no_task_behind() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        await live.ask(1, "hello")
        await asyncio.sleep(0.1)
        live.cancel(1)
        await asyncio.sleep(1.0)
        assert [task for task in asyncio.all_tasks() if task.get_name() == "moderate a reply"] == []
        assert text(await until_end(live)) == ""

    scene(play, [Delta("One. "), 5.0, Done()], moderation=moderation(Slow()))


def test_a_defect_ends_the_turn_and_the_next_one_works(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Moderation):
        async def ask(self, text: str, question: str | None = None) -> Verdict:
            if question == "one":
                raise RuntimeError("out of order")
            return ALLOWED

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        await live.ask(1, "one")
        end = (await until_end(live))[-1]
        assert (end.t, end.d["code"]) == ("failed", "broken")
        await live.ask(2, "two")
        assert (await until_end(live, end.seq))[-1].t == "done"

    broken = Broken(RULES, [Slow()], ACTIONS)
    scene(play, deltas("Here is the reply."), deltas("And another."), moderation=broken)
    assert "a reply could not be generated" in caplog.text
