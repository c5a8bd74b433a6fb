"""Participants of a running session, on one node and on two: answered in turn, by themselves, whoever fails."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.sessions.test_moderation import RULES, SECRET
from tests.sessions.test_ownership import kill, nodes
from tests.support.engine import scene
from tests.support.scripted_llm import ScriptedUpstream, Step
from voice.llm.interface import Ask, Delta, Done
from voice.safety.moderation import Moderation
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.local_session import open_local
from voice.sessions.log import Event, Refused

OK: list[Step] = [0.5, Delta("ok"), 0.5, Done()]


async def people(live: ActiveSession, *names: str) -> list[str]:
    return [(await live.group.join(name, "speak")).id for name in names]


async def answered(live: ActiveSession, count: int) -> list[Event]:
    """The whole log once `count` turns have ended."""
    events = []
    async for event in live.follow(0):
        events.append(event)
        count -= event.t in ("done", "failed")
        if not count:
            break
    return events


def inputs(events: list[Event]) -> list[str]:
    return [event.d["input"] for event in events if event.t == "started"]


def test_what_is_said_while_a_reply_runs_waits_and_is_answered_by_itself() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        ann, bob = await people(live, "Ann", "Bob")
        places = [live.group.place(await live.group.say(ann, n, f"a{n}")) for n in (1, 2, 3)]
        places.append(live.group.place(await live.group.say(bob, 1, "b1")))
        assert places == [
            {"n": 1, "seq": 3, "turn": 1},
            {"n": 2, "seq": 5, "position": 1},
            {"n": 3, "seq": 6, "position": 2},
            {"n": 1, "seq": 7, "position": 1},
        ]
        events = await answered(live, 4)
        assert inputs(events) == ["Ann: a1", "Bob: b1", "Ann: a2", "Ann: a3"]
        assert [ask.messages[-1].text for ask in upstream.asked] == inputs(events)
        assert live.group.place(await live.group.say(ann, 3, "a3")) == {"n": 3, "seq": 6, "turn": 4}
        assert len(upstream.asked) == 4

    scene(play, OK)


def test_a_group_is_answered_as_its_session_was_made() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create(options={"group": {"answer": "together"}, "temperature": 0.5})
        ann, bob = await people(live, "Ann", "Bob")
        for author, n in ((ann, 1), (bob, 1), (ann, 2)):
            await live.group.say(author, n, "hm")
        assert inputs(await answered(live, 2)) == ["Ann: hm", "Bob: hm\nAnn: hm"]
        assert upstream.asked[0].options == {"temperature": 0.5}

    scene(play, OK)


def test_the_owners_own_reply_goes_on_while_participants_speak() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        session = await open_local(engine)
        live = await session.owned()
        [ann] = await people(live, "Ann")
        speaking = asyncio.create_task(say_later(live, ann))
        heard = [event async for event in session.send("hello")]
        await speaking
        assert heard == [Delta("ok"), heard[-1]]
        assert isinstance(heard[-1], Done)
        assert inputs(await answered(live, 2)) == ["hello", "Ann: me too"]

    async def say_later(live: ActiveSession, author: str) -> None:
        await asyncio.sleep(0.2)
        await live.group.say(author, 1, "me too")

    scene(play, OK)


def test_a_turn_that_is_cancelled_or_fails_does_not_stop_the_line() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        [ann] = await people(live, "Ann")
        for n in (1, 2, 3):
            await live.group.say(ann, n, f"a{n}")
        await live.group.skip(ann, 2)
        live.cancel(1)
        assert inputs(await answered(live, 1)) == ["Ann: a1", "Ann: a3"]

    scene(play, OK)


def test_blocked_words_are_not_kept_and_the_answer_is_in_their_language() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        ann, bob = await people(live, "Ann", "Bob")
        await live.group.say(ann, 1, "hello")
        await live.group.say(bob, 1, f"the {SECRET}")
        await live.group.say(bob, 2, "我想 hurt myself 因为很难过")
        events = await answered(live, 3)
        assert inputs(events) == ["Ann: hello", "[Blocked]", "[Blocked]"]
        assert [event.d.get("blocked") for event in events if event.t == "done"] == [None, "input", "input"]
        assert SECRET not in str(events)
        told = [event.d for event in events if event.t == "delta"]
        assert told[1] == "[Blocked]"
        assert told[2] > "\u2e80"
        assert len(upstream.asked) == 1

    scene(play, OK, moderation=Moderation(RULES))


def test_nothing_new_begins_while_the_server_stops() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        [ann] = await people(live, "Ann")
        await live.group.say(ann, 1, "a1")
        await live.group.say(ann, 2, "a2")
        await asyncio.sleep(0.7)
        await engine.close()
        assert len(upstream.asked) == 1
        stored = await engine.parts.store.load(live.card.sid)
        assert stored.seq == live.talk.seq

    scene(play, OK)


def slowly(ask: Ask) -> list[Step]:
    return OK


def test_a_node_that_is_not_the_owner_has_messages_logged_by_the_one_that_answers() -> None:
    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        ann, bob = await people(live, "Ann", "Bob")
        other = await there.open(live.card.sid)
        await live.group.say(ann, 1, "a1")
        await live.group.say(ann, 2, "a2")
        item = await other.group.say(bob, 1, "b1")
        assert other.group.place(item) == {"n": 1, "seq": item.seq, "position": 1}
        assert other.fence is None
        with pytest.raises(Refused) as caught:
            await other.group.say(bob, 3, "too far")
        assert (caught.value.code, caught.value.number) == ("sequence_gap", 2)
        with pytest.raises(Refused, match="another participant is called bob"):
            await other.group.join("bob", "speak")
        eve = (await other.group.join("Eve", "read")).id
        await other.group.skip(ann, 2)
        await other.group.leave(eve)
        events = await answered(other, 2)
        assert inputs(events) == ["Ann: a1", "Bob: b1"]
        assert await answered(live, 2) == events

    nodes(play, slowly)


def test_a_node_that_dies_leaves_the_line_to_the_next() -> None:
    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        ann, bob = await people(live, "Ann", "Bob")
        other = await there.open(live.card.sid)
        following = asyncio.create_task(answered(other, 3))
        for author, n in ((ann, 1), (ann, 2), (bob, 1)):
            await live.group.say(author, n, "hm")
        await asyncio.sleep(0.6)
        kill(here)
        with pytest.raises(Refused, match="another process owns the session"):
            await other.group.say(bob, 2, "anybody?")
        assert inputs(await following) == ["Ann: hm", "Bob: hm", "Ann: hm"]
        await other.group.say(bob, 2, "anybody?")
        assert inputs(await answered(other, 4))[-1] == "Bob: anybody?"

    nodes(play, slowly)


def test_a_node_that_dies_between_two_turns_leaves_the_line_too() -> None:
    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        [ann] = await people(live, "Ann")
        other = await there.open(live.card.sid)
        following = asyncio.create_task(answered(other, 2))
        await live.group.say(ann, 1, "a1")
        await live.group.say(ann, 2, "a2")
        here.parts.stopping = True  # so that it dies after the first turn and before the second
        await answered(other, 1)
        kill(here)
        assert inputs(await following) == ["Ann: a1", "Ann: a2"]

    nodes(play, slowly)


def test_sixteen_authors_on_two_nodes_have_one_order_and_equal_shares() -> None:
    async def author(live: ActiveSession, id: str, count: int) -> AsyncIterator[int]:
        for n in range(1, count + 1):
            while True:
                try:
                    yield (await live.group.say(id, n, f"message {n}")).seq
                    break
                except Refused as refused:
                    assert refused.temporary, refused
                    await asyncio.sleep(0.3)

    async def play(here: Engine, there: Engine) -> None:
        live, _ = await here.create()
        other = await there.open(live.card.sid)
        ids = await people(live, *(f"Author {n}" for n in range(16)))
        heard = [asyncio.create_task(answered(node, 48)) for node in (live, other)]

        async def speak(n: int) -> list[int]:
            return [seq async for seq in author((live, other)[n % 2], ids[n], 8 if n == 0 else 3)]

        speaking = asyncio.gather(*map(speak, range(16)))
        logs = [await log for log in heard]
        assert logs[0] == logs[1]
        used = [one["author"] for event in logs[0] if event.t == "started" for one in event.d["said"]]
        shares = Counter(used).values()
        assert sum(shares) ** 2 / (16 * sum(share**2 for share in shares)) >= 0.95
        await speaking
        whole = await answered(other, 53)
        said = [(event.d["author"], event.d["n"]) for event in whole if event.t == "said"]
        assert len(set(said)) == len(said) == 53

    nodes(play, slowly)


@pytest.mark.parametrize("text", ["x", "{}", '["restore", {}]', '["say", {}]', "[1, 2]", '["leave", {"id": "p"}]'])
def test_posts_of_other_programs_change_nothing(text: str) -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        await engine.parts.store.post(live.card.sid, text)
        await asyncio.sleep(0.1)
        assert live.talk.seq == 0

    scene(play, OK)


LONG: list[Step] = [0.5, Delta("one two "), 0.5, Delta("three four "), 0.5, Delta("five"), 0.5, Done()]


def test_one_who_stops_a_reply_stops_it_for_all() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        ann, bob = await people(live, "Ann", "Bob")
        await live.group.say(ann, 1, "tell me")
        await asyncio.sleep(1.2)
        await live.group.stop(bob, 1, 5)
        turn = live.talk.turns[1]
        assert (turn.running, turn.outcome, turn.text) == (False, "truncated", "one t")
        await live.group.stop(ann, 1, 3)
        await live.group.stop(ann, 1, 4)
        assert turn.text == "one"
        await live.group.say(bob, 1, "and now")
        await answered(live, 1)
        assert live.talk.turns[2].text == "ok"
        with pytest.raises(Refused, match="no turn 9"):
            await live.group.stop(ann, 9, 1)
        with pytest.raises(Refused, match="no such participant"):
            await live.group.stop("x", 1, 1)

    scene(play, LONG, OK)


def test_one_may_stop_a_reply_only_for_themselves() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create(options={"group": {"barge_in": "own"}})
        ann, bob = await people(live, "Ann", "Bob")
        await live.group.say(ann, 1, "tell me")
        await asyncio.sleep(1.2)
        await live.group.stop(bob, 1, 5)
        await answered(live, 1)
        assert live.talk.turns[1].text == "one two three four five", "Bob only listened"
        await live.group.say(ann, 2, "again")
        await asyncio.sleep(1.2)
        await live.group.stop(ann, 2, 7)
        assert live.talk.turns[2].running
        await answered(live, 2)
        await asyncio.sleep(0.1)
        assert live.talk.turns[2].text == "one two"
        copy = engine._conversation(live.card)
        copy.restore(live.talk.to_json())
        assert copy.group.stops == {ann: 7}

    scene(play, LONG, LONG)
