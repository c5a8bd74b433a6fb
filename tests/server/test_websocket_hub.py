"""Sessions over the WebSocket: attached, resumed, held back, shared, handed over."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.support.scripted_llm import Step
from tests.support.serving import Op, serving
from voice.llm.interface import Ask, Delta, Done
from voice.server import websocket_hub as hub
from voice.sessions.engine_context import EngineOptions
from voice.sessions.log import Refused
from voice.sessions.stores.sqlite import SqliteStore


def words(count: int) -> Any:
    def answer(ask: Ask) -> list[Step]:
        return [*(Delta(f"word{n} ") for n in range(count)), Done()]

    return answer


def seqs(ops: list[Op]) -> list[int]:
    return [op["seq"] for op in ops if op["op"] == "ev"]


def test_a_place_in_the_log_is_gone_on_from() -> None:
    async def play() -> None:
        async with serving(words(20)) as here:
            made = await here.create()
            async with here.socket() as first:
                assert (await first.attach(made))["snapshot"] == {"messages": [], "open": None}
                await first.say(op="send", sequence=1, input="go")
                whole = await first.until("done")
            assert seqs(whole) == list(range(1, 23))
            for after in (0, 7, 22):
                async with here.socket() as again:
                    attached = await again.attach(made, after=after, epoch=made["epoch"])
                    assert (attached["recovered"], attached["seq"], attached["expected"]) == (True, 22, 2)
                    assert "snapshot" not in attached
                    assert [await again.get() for _ in range(22 - after)] == whole[after:]
                    assert await again.quiet()
            async with here.socket() as lost:
                attached = await lost.attach(made, after=7, epoch="another")
                assert not attached["recovered"]
                assert attached["snapshot"]["messages"][1]["text"].endswith("word19 ")
                assert await lost.quiet()

    asyncio.run(play())


def size(op: Op) -> int:
    return len(json.dumps(op, separators=(",", ":"), ensure_ascii=False).encode())


def test_a_channel_sends_no_more_than_its_credit() -> None:
    async def play() -> None:
        async with serving(words(100)) as here:
            made, other = await here.create(), await here.create()
            async with here.socket() as socket:
                await socket.attach(made, credit=600, ch=1)
                await socket.attach(other, ch=2)
                await socket.say(op="send", sequence=1, input="go", ch=1)
                await socket.say(op="send", sequence=1, input="go", ch=2)
                got: list[Op] = []
                while seqs([op for op in got if op["ch"] == 2]) != list(range(1, 103)):
                    got.append(await socket.get())
                mine = [op for op in got if op["ch"] == 1]
                for acknowledged in (0, 3, 9, 999):
                    if acknowledged:
                        await socket.say(op="ack", seq=acknowledged, ch=1)
                    before = min(acknowledged, len(mine))
                    while sum(map(size, mine[before:])) + 600 // 16 < 600:
                        mine.append(await socket.get())
                    assert await socket.quiet()
                    assert sum(map(size, mine[before:-1])) < 600
                assert seqs(mine) == list(range(1, len(mine) + 1))
                await socket.say(op="detach", ch=1)
                await socket.say(op="ack", seq=30, ch=2)
                assert await socket.quiet()

    asyncio.run(play())


def test_channels_share_the_connection_byte_by_byte_whatever_their_frames_are() -> None:
    def answer(ask: Ask) -> list[Step]:
        long = ask.messages[-1].text == "long"
        return [*(Delta(("x" * (40_000 if long else 1_000)) + " ") for _ in range(100 if long else 400)), Done()]

    async def play() -> None:
        async with serving(answer, grace_s=0) as here:
            made = {ch: await here.create() for ch in (1, 2, 3)}
            async with here.socket() as writer:
                for ch, one in made.items():
                    await writer.attach(one, ch=ch, credit=2**24)
                    await writer.say(op="send", sequence=1, input="long" if ch == 1 else "short", ch=ch)
                    await writer.until("done")
            async with here.socket() as reader:
                for ch, one in made.items():
                    await reader.say(op="attach", ch=ch, credit=2**24, after=0, epoch=one["epoch"],
                                     session_id=one["session_id"], session_token=one["session_token"])  # fmt: skip
                taken = dict.fromkeys(made, 0)
                begun: set[int] = set()
                while len(begun) < 3:  # the first to be attached is sent alone until the others are
                    begun.add((await reader.get())["ch"])
                while min(taken.values()) < 100_000:
                    op = await reader.get()
                    taken[op["ch"]] += size(op)
                assert max(taken.values()) - min(taken.values()) <= 2 * 40_000 + 2 * 16 * 1024

    asyncio.run(play())


def test_events_trimmed_before_they_were_sent_become_a_snapshot() -> None:
    async def play() -> None:
        async with serving(words(5), options=EngineOptions(keep_events=30)) as here:
            made = await here.create()
            async with here.socket() as slow, here.socket() as quick:
                await slow.attach(made, credit=100)
                await quick.attach(made)
                for sequence in range(1, 31):
                    await quick.say(op="send", sequence=sequence, input=f"turn {sequence}")
                    await quick.until("done")
                assert [(await slow.get())["seq"] for _ in range(2)] == [1, 2]
                live = here.engine.lives[0]
                del live._tail[:-20]
                live._tail_after = live.talk.seq - 20
                await slow.say(op="ack", seq=2)
                attached = await slow.get()
                assert (attached["op"], attached["recovered"], attached["seq"]) == ("attached", False, 210)
                assert len(attached["snapshot"]["messages"]) == 60

    asyncio.run(play())


def test_drafts_are_committed_discarded_and_cut() -> None:
    async def play() -> None:
        async with serving(lambda ask: [Delta("one "), 30.0, Done()]) as here:
            made = await here.create()
            async with here.socket() as socket:
                await socket.attach(made)
                await socket.say(op="send", sequence=1, input="guess", draft=True, msg_id="m1")
                started = await socket.get()
                assert started["d"] == {"input": "guess", "draft": True, "msg_id": "m1"}
                await socket.get()
                await socket.say(op="discard", turn=1)
                assert (await socket.get())["t"] == "discarded"
                await socket.say(op="send", sequence=2, input="sure", draft=True)
                await socket.until("delta")
                await socket.say(op="commit", turn=2)
                assert (await socket.get())["t"] == "committed"
                await socket.say(op="truncate", turn=2, heard=3)
                assert (await socket.get())["d"]["heard"] == 3
                await socket.say(op="send", sequence=3, input="stop")
                await socket.until("delta")
                await socket.say(op="cancel", turn=3)
                assert (await socket.get())["t"] == "cancelled"
                assert here.upstream.closed == 3
                snapshot = (await socket.attach(made))["snapshot"]
                assert [said["text"] for said in snapshot["messages"]] == ["sure", "one", "stop", "one "]

    asyncio.run(play())


def test_refusals_name_the_op_they_answer() -> None:
    async def play() -> None:
        async with serving() as here:
            made = await here.create()
            async with here.socket() as socket:
                await socket.attach(made, ch=4)
                await socket.say(op="send", sequence=9, input="x", msg_id="m9", ch=4)
                err = await socket.get()
                assert err.pop("message")
                assert err == {
                    "op": "err",
                    "code": "sequence_gap",
                    "temporary": False,
                    "expected": 1,
                    "re": "send",
                    "turn": 9,
                    "msg_id": "m9",
                    "ch": 4,
                }
                await socket.say(op="commit", turn=5, ch=4)
                assert (await socket.get())["code"] == "turn_unknown"
                wrong = {**made, "session_token": "vt_wrong"}
                unknown = await socket.attach(wrong, ch=5)
                assert (unknown["code"], unknown["re"]) == ("session_unknown", "attach")
                await socket.say(op="send", sequence=1, input="x", ch=5)
                assert (await socket.get())["code"] == "session_unknown"

    asyncio.run(play())


def test_a_key_is_shown_in_the_handshake_or_first() -> None:
    async def play() -> None:
        async with serving(api_keys="alpha") as here:
            headers = {"authorization": "Bearer alpha"}
            made = (await here.http.post("/v1/sessions", json={}, headers=headers)).json()
            async with here.socket(additional_headers=headers) as socket:
                assert (await socket.attach(made))["op"] == "attached"
            async with here.socket() as socket:
                await socket.say(op="auth", key="alpha")
                assert (await socket.attach(made))["op"] == "attached"
            for op in ({"op": "auth", "key": "wrong"}, {"op": "attach", "session_id": "s", "session_token": "t"}):
                async with here.socket() as socket:
                    await socket.say(**op)
                    assert (await socket.closed())[0] == 4001
            with pytest.raises(InvalidStatus) as caught:
                async with here.socket(additional_headers={"authorization": "Bearer wrong"}):
                    pass
            assert caught.value.response.status_code == 401

    asyncio.run(play())


def test_web_pages_of_other_origins_stay_outside() -> None:
    async def play() -> None:
        async with serving(origins="https://voice.example") as here:
            for origin in (here.url, "https://voice.example"):
                async with here.socket(origin=Origin(origin)) as socket:
                    assert await socket.quiet()
            for origin in ("https://evil.example", "null", here.url + "0", "http://127.0.0.1"):
                with pytest.raises(InvalidStatus) as caught:
                    async with here.socket(origin=Origin(origin)):
                        pass
                assert caught.value.response.status_code == 403
            with pytest.raises(InvalidStatus):
                async with here.socket(subprotocols=None):
                    pass

    asyncio.run(play())


def test_silent_connections_are_closed_and_busy_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SWEEP_S", 0.01)

    async def play() -> None:
        async with serving() as here:
            made = await here.create()
            async with here.socket() as silent, here.socket() as busy:
                await silent.attach(made)
                await busy.attach(made)
                quiet, _ = sorted(here.app.hub.connections, key=lambda connection: connection.heard)
                quiet.heard -= 91
                await busy.say(op="ping", n=1)
                assert (await silent.closed())[0] == 4008
                assert await busy.get() == {"op": "pong", "n": 1}

    asyncio.run(play())


def test_a_refused_handshake_is_one_quiet_line(caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        async with serving() as here:
            with pytest.raises(InvalidStatus):
                await here.socket(subprotocols=[Subprotocol("another")]).__aenter__()
            assert (await here.http.get("/healthz")).status_code == 200

    caplog.set_level("INFO")
    asyncio.run(play())
    told = [record for record in caplog.records if record.name.startswith("voice") or record.levelname != "INFO"]
    assert [(record.levelname, record.getMessage()) for record in told] == [
        ("INFO", "a WebSocket is refused: bad_request")
    ]


def test_a_session_taken_over_is_told_to_its_followers() -> None:
    async def play() -> None:
        async with serving() as here:
            made = await here.create()
            async with here.socket() as socket:
                await socket.attach(made)
                here.engine.lives[0].leave(Refused("session_moved", "taken over", temporary=True))
                err = await socket.get()
                assert (err["code"], err["temporary"], err["re"]) == ("session_moved", True, "attach")
                assert (await socket.attach(made))["op"] == "attached"

    asyncio.run(play())


def test_a_stop_lets_replies_finish_and_says_come_back(tmp_path: Path) -> None:
    def slow(ask: Ask) -> list[Step]:
        return [Delta("one "), 0.2, Delta("two"), Done()]

    async def play() -> None:
        store = SqliteStore(tmp_path / "chat.db")
        async with serving(slow, store=store) as here:
            made = await here.create()
            async with here.socket() as socket:
                await socket.attach(made)
                await socket.say(op="send", sequence=1, input="go")
                await socket.until("delta")
                here.server.should_exit = True
                rest = await socket.until("done")
                assert rest[0]["d"] == "two"
                assert (await socket.closed())[0] == 1012
        async with serving(slow, store=store) as there, there.socket() as socket:
            attached = await socket.attach(made, after=2, epoch=made["epoch"])
            assert attached["recovered"]
            assert seqs([await socket.get() for _ in range(2)]) == [3, 4]
        await store.close()

    asyncio.run(play())


def test_a_stop_that_cannot_wait_ends_the_reply_as_interrupted(tmp_path: Path) -> None:
    def endless(ask: Ask) -> list[Step]:
        return [Delta("one "), 60.0, Done()]

    async def play() -> None:
        store = SqliteStore(tmp_path / "chat.db")
        async with serving(endless, store=store, grace_s=0.05) as here:
            made = await here.create()
            async with here.socket() as socket:
                await socket.attach(made)
                await socket.say(op="send", sequence=1, input="go")
                await socket.until("delta")
        async with serving(store=store) as there, there.socket() as socket:
            await socket.attach(made, after=2, epoch=made["epoch"])
            end = await socket.get()
            assert (end["t"], end["d"]["code"], end["d"]["temporary"]) == ("failed", "interrupted", True)
        await store.close()

    asyncio.run(play())
