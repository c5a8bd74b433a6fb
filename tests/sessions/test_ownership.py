"""Two engines over one store, as two nodes are: any of them goes on with any session. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from random import Random
from typing import Any

import pytest

from tests.support.engine import text
from tests.support.scripted_llm import ScriptedUpstream, Step, echo
from voice.clock import run_virtual
from voice.llm.interface import Ask, Delta, Done, Effect
from voice.safety.moderation import Moderation
from voice.safety.rule_language import Rule
from voice.safety.rules import Rules
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.log import ENDS, Event, Refused
from voice.sessions.stores.memory import MemoryStore

Play = Callable[[Engine, Engine], Awaitable[Any]]


def nodes(
    play: Play,
    answer: Callable[[Ask], Iterable[Step]] = echo,
    *,
    continues: bool = False,
    moderation: Moderation | None = None,
) -> Any:
    """Play with two nodes."""

    async def run() -> Any:
        store = MemoryStore()
        here, there = (
            Engine(
                store,
                ScriptedUpstream(answer, continues=continues),
                EngineOptions(advertise=f"http://node-{n}"),
                random=Random(n),
                moderation=moderation,
            )
            for n in (1, 2)
        )
        try:
            return await play(here, there)
        finally:
            await here.close()
            await there.close()

    return run_virtual(run())


def slowly(ask: Ask) -> Iterable[Step]:
    """Ten words, one a second, from where the reply was."""
    whole = [f"word{n} " for n in range(10)]
    done = ask.begun.count(" ")
    assert ask.begun == "".join(whole[:done])
    for word in whole[done:]:
        yield 1.0
        yield Delta(word)
    yield Done()


async def until_end(live: ActiveSession, turn: int, seen: list[Event] | None = None) -> list[Event]:
    """The events of a turn, up to its end."""
    seen = [] if seen is None else seen
    async for event in live.follow(0):
        if event.turn == turn:
            seen.append(event)
            if event.t in ENDS:
                break
    return seen


def kill(engine: Engine) -> None:
    """Nothing goes on in it any more, and nobody is told."""
    engine._keeper.cancel()  # type: ignore[union-attr]
    for live in engine.lives:
        live.leave(Refused("session_moved", "killed", temporary=True))
    engine._lives.clear()


def test_a_reply_is_followed_on_any_node() -> None:
    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        other = await there.open(live.card.sid)
        following = asyncio.create_task(until_end(other, 1))
        await asyncio.sleep(0)
        live.send(1, "hello")
        whole = await until_end(live, 1)
        assert await following == whole
        assert text(whole) == "".join(f"word{n} " for n in range(10))
        assert other.talk.messages() == live.talk.messages()
        assert other.recent(0, 99) == whole

    nodes(play, slowly)


@pytest.mark.parametrize("continues", [True, False])
def test_a_reply_whose_owner_died_goes_on_or_ends_within_15_s(continues: bool) -> None:
    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        other, seen = await there.open(live.card.sid), list[Event]()
        following = asyncio.create_task(until_end(other, 1, seen))
        live.send(1, "hello")
        await asyncio.sleep(3.5)
        kill(here)
        delivered, died = len(seen), asyncio.get_running_loop().time()
        assert text(seen) == "word0 word1 word2 "
        while len(seen) == delivered:  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(0.1)
        assert asyncio.get_running_loop().time() - died <= 15 + continues
        await following
        assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
        if continues:
            assert text(seen) == "".join(f"word{n} " for n in range(10))
            assert seen[-1].t == "done"
            [row] = await there.usage(live.card.sid)
            assert row.output >= 10
        else:
            assert text(seen) == "word0 word1 word2 "
            assert (seen[-1].t, seen[-1].d["code"]) == ("failed", "interrupted")

    nodes(play, slowly, continues=continues)


class RedFox:
    """A judge who minds a red fox; `asked` are its texts."""

    name = "red fox"

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def judge(self, text: str, question: str | None) -> tuple[str, ...]:
        self.asked.append(text)
        return ("illegal",) if "red, fox" in text else ()

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("by_rules", [True, False])
@pytest.mark.parametrize("optimistic", [True, False])
def test_a_continued_reply_is_moderated_with_the_part_that_was_delivered(optimistic: bool, by_rules: bool) -> None:
    judge, whole = RedFox(), ["There is, ", "red", ", ", "fox, ", "and more."]

    def slowly(ask: Ask) -> Iterable[Step]:
        at = 0
        for word in whole:
            at += len(word)
            if at > len(ask.begun):
                yield Delta(word)
                yield 30.0 if word == ", " and not ask.begun else 0.0
        yield Done()

    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        other = await there.open(live.card.sid)
        following = asyncio.create_task(until_end(other, 1))
        await live.ask(1, "hello")
        await asyncio.sleep(4.5)
        delivered = live.talk.turns[1].text
        assert delivered == "There is, " + ("red, " if optimistic or not by_rules else "")
        kill(here)
        seen = await following
        assert seen[-1].d["categories"] == ["illegal"]
        assert text(seen).startswith(delivered)
        assert text(seen).endswith("[Blocked]")
        assert "fox" not in text(seen) or optimistic
        assert by_rules or "There is, red, " in judge.asked[-1]

    rules, judges = Rules([Rule("illegal", "red fox")]), [judge]
    moderation = (
        Moderation(rules, optimistic=optimistic) if by_rules else Moderation(judges=judges, optimistic=optimistic)
    )
    nodes(play, slowly, continues=True, moderation=moderation)


def test_what_had_an_effect_is_not_continued() -> None:
    def timer(ask: Ask) -> Iterable[Step]:
        return [Effect("timer", {}), Delta("set "), 60.0, Done()]

    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        other = await there.open(live.card.sid)
        following = asyncio.create_task(until_end(other, 1))
        live.send(1, "hello")
        await asyncio.sleep(1)
        kill(here)
        assert (await following)[-1].d["code"] == "interrupted"

    nodes(play, timer, continues=True)


def test_two_nodes_take_turns_without_waiting() -> None:
    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        other = await there.open(live.card.sid)
        began = asyncio.get_running_loop().time()
        for turn in range(1, 9):
            mine = (live, other)[turn % 2]
            await mine.own()
            mine.send(turn, f"turn {turn}")
            assert text(await until_end(mine, turn)) == f"You said: turn {turn}"
        assert asyncio.get_running_loop().time() - began < 1
        assert live.talk.messages() == other.talk.messages()
        assert live.lost is other.lost is None

    nodes(play)


def test_who_comes_to_the_wrong_node_in_mid_reply_is_told_the_right_one() -> None:
    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        live.send(1, "hello")
        await asyncio.sleep(1.5)
        other = await there.open(live.card.sid)
        await there.adopt(other)  # it lives, so its reply is only followed
        with pytest.raises(Refused) as caught:
            await other.own()
        assert (caught.value.code, caught.value.temporary, caught.value.at) == ("session_moved", True, "http://node-1")
        assert other.knows(1)
        assert other.send(1, "hello").number == 1
        with pytest.raises(Refused) as conflict:
            other.send(1, "something else")
        assert conflict.value.code == "sequence_conflict"
        assert (await until_end(other, 1))[-1].t == "done"
        await other.own()
        other.send(2, "go on")
        await until_end(other, 2)

    nodes(play, slowly)


def test_a_lease_lasts_for_a_turn_that_began_just_before_its_end() -> None:
    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        await asyncio.sleep(9.9)
        live.send(1, "hello")
        other = await there.open(live.card.sid)
        for _ in range(9):
            await asyncio.sleep(0.5)
            with pytest.raises(Refused):
                await other.own()
        assert (await until_end(live, 1))[-1].t == "done"

    nodes(play, slowly)


def test_a_deleted_session_is_gone_on_every_node() -> None:
    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        other = await there.open(live.card.sid)
        await here.delete(live.card.sid)
        await asyncio.sleep(0)
        assert other.lost is not None
        assert other.lost.code == "session_unknown"
        with pytest.raises(Refused, match="no such session"):
            await there.open(live.card.sid)

    nodes(play)
