"""Sessions over the fake store and the fake model, in virtual time: retries, stalls, fences, expiry, screens."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.engine import scene, text, until_end
from tests.support.scripted_llm import ScriptedUpstream, Step, echo
from voice.llm.interface import Delta, Done, Effect, UpstreamError
from voice.safety.filters import Blocked, NoGuard
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.log import ENDS, Refused
from voice.sessions.stores.interface import Usage
from voice.sessions.stores.memory import MemoryStore

busy = UpstreamError("too many requests", code="upstream_429", temporary=True)
patient = UpstreamError("too many requests", code="upstream_429", temporary=True, retry_after_s=7)


def test_a_reply_is_logged_delta_by_delta_and_metered() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create(system="be brief", model="m1", options={"temperature": 0.5})
        live.send(1, "how are you", options={"max_tokens": 9})
        events = await until_end(live)
        assert [event.t for event in events] == ["started", *["delta"] * 4, "done"]
        assert text(events) == "You said: how are you"
        assert await engine.parts.store.read(live.card.sid, 0, 100) == events
        ask = upstream.asked[0]
        assert (ask.model, ask.key) == ("m1", live.card.sid)
        assert dict(ask.options) == {"temperature": 0.5, "max_tokens": 9}
        assert [message.role for message in ask.messages] == ["system", "user"]
        row = Usage(1, 13, 0, 6, estimated=True, tries=1, draft=False, outcome="done")
        assert await engine.usage(live.card.sid) == [row]

    scene(play)


def test_what_the_model_server_counted_is_what_the_ledger_says() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, "hi")
        await until_end(live)
        [row] = await engine.usage(live.card.sid)
        assert (row.input, row.cached, row.output, row.estimated) == (20, 12, 3, False)

    scene(play, [Delta("ok"), Done(20, 12, 3, estimated=False)])


@pytest.mark.parametrize(
    ("answers", "calls", "end", "tries", "seconds"),
    [
        ([[busy], [busy], [Delta("ok"), Done()]], 3, "done", 3, (0.75, 1.5)),
        ([[busy]], 3, "retry_failed", 3, (0.75, 1.5)),
        ([[busy], [UpstreamError("no", code="upstream_401", temporary=False)]], 2, "failed", 2, (0.25, 0.5)),
        ([[patient], [Done()]], 2, "done", 2, (7, 7)),
        ([[Delta("half"), busy]], 1, "failed", 1, (0, 0)),
        ([[Effect("timer", {}), busy]], 1, "failed", 1, (0, 0)),
        ([[100.0]], 3, "retry_failed", 3, (90.75, 91.5)),
        ([[Delta("half"), 100.0]], 1, "failed", 1, (30, 30)),
        ([[Delta("half")]], 1, "failed", 1, (0, 0)),
        ([[RuntimeError("adapter bug")]], 1, "failed", 1, (0, 0)),
    ],
)  # fmt: skip
def test_tries(answers: list[list[Step]], calls: int, end: str, tries: int, seconds: tuple[float, float]) -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        began = asyncio.get_running_loop().time()
        live.send(1, "hello")
        events = await until_end(live)
        assert seconds[0] <= asyncio.get_running_loop().time() - began <= seconds[1]
        assert len(upstream.asked) == calls
        assert (events[-1].t, events[-1].d.get("tries", 1)) == (end, tries)
        [row] = await engine.usage(live.card.sid)
        assert (row.tries, row.outcome) == (tries, end)
        assert (row.input > 0) == (end == "done" or bool(text(events)))
        live.send(2, "again")
        assert "no" not in str(upstream.asked[0].messages), "errors are never part of the conversation"

    scene(play, *answers)


def test_a_slow_but_steady_reply_is_no_stall() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> str:
        live, _ = await engine.create()
        live.send(1, "hello")
        return text(await until_end(live))

    slowly: list[Step] = [step for _ in range(9) for step in (20.0, Delta("word "))]
    assert scene(play, [*slowly, Done()]) == "word " * 9


def test_five_sends_of_one_number_are_one_request() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        turns = [live.send(1, "hello") for _ in range(5)]
        replies = await asyncio.gather(*(until_end(live, turn.first - 1) for turn in turns))
        assert all(reply == replies[0] for reply in replies)
        live.send(1, "hello")
        await asyncio.sleep(1)
        assert len(upstream.asked) == 1

    scene(play)


def test_discarding_a_draft_stops_its_request_at_once() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        for number in (1, 2, 3):
            live.send(number, f"guess {number}", draft=True)
            await asyncio.sleep(0.5)
            live.discard(number)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert upstream.closed == number
        live.send(4, "final", draft=True)
        live.commit(4)
        await until_end(live, live.talk.turns[4].first)
        assert [message.text for _, message in live.talk.messages()] == ["final", "one two"]
        ledger = await engine.usage(live.card.sid)
        assert [(row.turn, row.draft, row.outcome) for row in ledger] == [
            (1, True, "discarded"),
            (2, True, "discarded"),
            (3, True, "discarded"),
            (4, True, "done"),
        ]
        assert all(row.output == 1 for row in ledger[:3])

    scene(play, [Delta("one "), 1.0, Delta("two"), Done()])


def test_a_draft_that_gives_way_at_once_is_metered_too() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, "guess", draft=True)
        live.send(2, "better guess", draft=True)
        live.send(3, "final")
        await until_end(live, live.talk.turns[3].first)
        ledger = await engine.usage(live.card.sid)
        assert [(row.turn, row.outcome) for row in ledger] == [(1, "discarded"), (2, "discarded"), (3, "done")]
        assert [ask.messages[-1].text for ask in upstream.asked] == ["final"], "the others never got to ask"

    scene(play)


def test_a_screen_sees_every_text_before_the_log_however_it_was_split() -> None:
    class NoSecrets:
        """Takes the word out, holding back what could become it."""

        def __init__(self) -> None:
            self.held = ""

        def feed(self, piece: str) -> str:
            self.held = (self.held + piece).replace("secret", "▇")
            keep = next((n for n in range(5, 0, -1) if self.held.endswith("secret"[:n])), 0)
            safe, self.held = self.held[: len(self.held) - keep], self.held[len(self.held) - keep :]
            return safe

        def flush(self) -> str:
            rest, self.held = self.held, ""
            return rest

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, "my secret is")
        events = await until_end(live)
        assert text(events) == "the ▇ is out, s"
        assert "secret" not in str(events)
        assert upstream.asked[0].messages[-1].text == "my ▇ is"

    scene(play, [*map(Delta, "the secret is out, s"), Done()], guards=NoGuard(NoSecrets))


def test_a_blocked_text_ends_the_turn_or_is_refused() -> None:
    class Strict:
        def feed(self, piece: str) -> str:
            if "bomb" in piece:
                raise Blocked("moderated", "this cannot be talked about here")
            return piece

        def flush(self) -> str:
            return ""

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        with pytest.raises(Refused) as caught:
            live.send(1, "a bomb")
        assert caught.value.code == "moderated"
        live.send(1, "hello")
        end = (await until_end(live))[-1]
        assert (end.t, end.d["code"], end.d["temporary"]) == ("failed", "moderated", False)

    scene(play, [Delta("well, "), Delta("a bomb"), Done()], guards=NoGuard(Strict))


def test_halves_of_surrogate_pairs_never_reach_the_log() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> str:
        live, _ = await engine.create()
        live.send(1, "hello")
        return text(await until_end(live))

    assert scene(play, [Delta("a\ud83d"), Delta("\ud83d\ude42"), Done()]) == "a\ufffd🙂"


def test_a_taken_over_session_refuses_its_late_owner() -> None:
    store = MemoryStore(lambda: asyncio.get_running_loop().time())

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        sid = live.card.sid
        live.send(1, "hello")
        await asyncio.sleep(0.5)
        other = Engine(store, ScriptedUpstream(), EngineOptions())
        with pytest.raises(Refused) as held:
            await (await other.open(sid)).own()
        assert held.value.code == "session_moved"

        engine._keeper.cancel()  # type: ignore[union-attr]  # the owner stops renewing, as a stopped process does
        await asyncio.sleep(11)
        taken = await other.open(sid)
        await taken.own()
        assert [event.t for event in await until_end(taken)] == ["started", "delta", "failed"]
        logged = await store.read(sid, 0, 99)
        with pytest.raises(Refused) as moved:
            async for _ in live.follow(logged[-1].seq - 1):
                pass
        assert moved.value.code == "session_moved"
        assert await store.read(sid, 0, 99) == logged
        await other.close()

    scene(play, [Delta("one "), 15.0, Delta("two"), Done()], store=store)


def test_a_lease_in_use_is_renewed() -> None:
    store = MemoryStore(lambda: asyncio.get_running_loop().time())

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, "hello")
        await asyncio.sleep(25)
        other = Engine(store, ScriptedUpstream(), EngineOptions())
        with pytest.raises(Refused):
            await (await other.open(live.card.sid)).own()
        await other.close()

    scene(play, [Delta("one "), 28.0, Delta("two"), Done()], store=store)


@pytest.mark.parametrize(("delivered", "ends"), [("", ["done"]), ("half", ["failed"])])
def test_what_was_running_in_a_dead_process_is_ended_or_generated(delivered: str, ends: list[str]) -> None:
    store = MemoryStore(lambda: asyncio.get_running_loop().time())

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        live.send(1, "hello")
        await asyncio.sleep(1)
        live.leave(Refused("session_moved", "killed", temporary=True))
        engine._lives.clear()
        upstream.answer = echo
        await asyncio.sleep(20)
        again = await engine.open(live.card.sid)
        await again.own()
        events = await until_end(again)
        assert [event.t for event in events if event.t in ENDS] == ends
        assert text(events) == (delivered or "You said: hello")

    scene(play, [Delta(delivered), 100.0, Done()], store=store)


def test_a_session_without_a_sign_of_life_expires_and_reads_as_unknown() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        named, _ = await engine.create(name="kitchen")
        attached, _ = await engine.create()
        leave = attached.listen(lambda: None)
        sids = [one.card.sid for one in (live, named, attached)]
        for _ in range(2):
            await asyncio.sleep(1790)
            (await engine.open(sids[0])).alive()
        await asyncio.sleep(2000)
        with pytest.raises(Refused) as caught:
            await engine.open(sids[0])
        assert caught.value.code == "session_unknown"
        await engine.open(sids[1])
        await engine.open(sids[2])
        leave()
        await asyncio.sleep(2000)
        with pytest.raises(Refused):
            await engine.open(sids[2])

    scene(play)


def test_idle_sessions_leave_memory_and_come_back() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        for _ in range(20):
            live, _ = await engine.create()
            live.send(1, "hello")
        await asyncio.sleep(120)
        assert engine.lives == ()
        again = await engine.open(live.card.sid)
        await again.own()
        assert again.send(1, "hello").text == "You said: hello"
        assert len(upstream.asked) == 20

    scene(play)


def test_only_sessions_with_an_open_turn_have_their_lease_renewed() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        lives = [(await engine.create())[0] for _ in range(20)]
        for live in lives[:3]:
            live.send(1, "hello")
            await until_end(live)
        draft = lives[7]
        draft.send(1, "hello", draft=True)
        await asyncio.sleep(20)
        assert list(engine.parts.open) == [draft.card.sid]
        assert engine.parts.clock() - draft.leased < engine.parts.options.lease_s
        draft.commit(1)
        await asyncio.sleep(20)
        assert not engine.parts.open

    scene(play)


def test_named_conversations_unused_for_long_are_removed_but_not_under_somebody() -> None:
    wall = [1000.0]

    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        for name in ("old", "open", "recent"):
            if name == "recent":
                wall[0] = 5000.0
            live, _ = await engine.create(name=name)
            if name != "open":
                await engine.release(live)
        served, _ = await engine.create()
        await engine.forget_unused_since(3000.0)
        assert [await engine.parts.store.find(name) is None for name in ("old", "open", "recent")] == [
            True,
            False,
            False,
        ]
        await engine.open(served.card.sid)
        await engine.forget_unused_since(9000.0)
        assert await engine.parts.store.find("recent") is None
        await engine.open(served.card.sid)

    scene(play, store=MemoryStore(wall=lambda: wall[0]))


def test_what_is_beside_the_store_is_told_of_every_session_that_ends() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        gone: list[str] = []
        engine.parts.forgotten += (lambda card: gone.append(card.sid),)
        deleted, _ = await engine.create()
        await engine.delete(deleted.card.sid)
        over, _ = await engine.create(ttl_s=60.0)
        await engine.create(ttl_s=10_000.0)
        await asyncio.sleep(1000.0)
        assert gone == [deleted.card.sid, over.card.sid], "and not of those that live on"

    scene(play)
