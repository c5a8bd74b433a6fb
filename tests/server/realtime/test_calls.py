"""Calls over WebRTC: real RTP and data channels over loopback, with aiortc as the client."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterable
from dataclasses import replace

import aioice.ice
import pytest
from aiortc.rtcconfiguration import RTCIceServer
from aiortc.rtcicetransport import RTCIceGatherer
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import AsyncOpenAI

from tests.support.calling import SDP, Caller, offered
from tests.support.patience import PATIENCE_S
from tests.support.readback import read_back
from tests.support.realtime import Peer, of, talks
from tests.support.scripted_llm import Step
from tests.support.serving import Serving, serving
from voice.audio.frames import RATE, level_dbfs
from voice.llm.interface import Ask, Delta, Done
from voice.server.realtime import rtc_peer
from voice.server.realtime.client_events import Wrong
from voice.server.realtime.rtc_peer import without_strangers
from voice.settings.schema import Settings
from voice.wiring.engine_pool import SharedEnginePool
from voice.wiring.sessions import upstream

KEY, OTHER = "ada:write:first-key-of-the-test", "bob:write:second-key-of-the-test"
QUIET_DBFS = -60.0


def lengthy(ask: Ask) -> Iterable[Step]:
    return [Delta("One sentence is here. " * 10), Done()]


async def over(here: Serving) -> None:
    """Wait until the server has no call any more."""
    assert here.app.realtime is not None
    async with asyncio.timeout(PATIENCE_S):
        while calls := here.app.realtime.calls:
            await asyncio.wait(calls)


def test_a_spoken_question_is_heard_and_answered_on_the_track() -> None:
    async def run() -> None:
        async with serving(engines=talks(), upstream=upstream(Settings())) as here, Caller(here) as caller:
            await caller.until("session.created")
            caller.voice.say("times")
            events = await caller.until("output_audio_buffer.stopped")
            kinds = [event["type"] for event in events]
            order = (
                "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "response.created",
                "response.content_part.added", "output_audio_buffer.started", "response.done",
                "output_audio_buffer.stopped",
            )  # fmt: skip
            places = [kinds.index(kind) for kind in order]
            assert places == sorted(places)
            assert "response.output_audio.delta" not in kinds
            heard = of(events, "conversation.item.input_audio_transcription.completed")[0]
            assert heard["transcript"] == "what is twelve times seven"
            said = "twelve times seven is eighty four"
            assert read_back(caller.sound(), said, "twelve times eight is ninety six", "i do not know that") == said
            await caller.until("x.latency", outcome="answered")
            assert of(caller.events, "x.spoken")[-1]["chars"] == len("12 times 7 is 84.")

    asyncio.run(run())


def test_the_data_channel_carries_what_the_socket_does() -> None:
    async def run() -> None:
        session = {"type": "realtime", "model": "mine", "instructions": "Be kind.", "output_modalities": ["text"]}
        async with serving(engines=talks()) as here:
            async with Caller(here, session=session) as caller:
                made = (await caller.until("session.created"))[-1]["session"]
                assert (made["model"], made["instructions"], made["output_modalities"]) == (
                    "mine",
                    "Be kind.",
                    ["text"],
                )
                await caller.send("session.update", session={"type": "realtime", "instructions": "Be brief."})
                await caller.until("session.updated")
                await caller.type("hello there")
                assert of(await caller.until("response.done"), "response.output_text.done")[0]["text"] == (
                    "You said: hello there"
                )
                await caller.send("no.such.event")
                assert (await caller.until("error"))[-1]["error"]["code"] == "unknown_event"
                assert here.upstream.asked[-1].messages[0].text == "Be brief."
            await over(here)  # the client has hung up
            known = made["x_session"]
            back = {"x-session-id": known["id"], "x-session-token": known["token"]}
            async with Caller(here, headers=back) as again:
                assert (await again.until("session.created"))[-1]["session"]["x_session"]["resumed"] is True
                async with Peer(here, back) as peer:
                    assert (await again.until("error"))[-1]["error"]["code"] == "closed_4009"
                    await peer.type("and now")
                    await peer.until("response.done")

    asyncio.run(run())


def test_speech_over_the_reply_empties_the_track() -> None:
    async def run() -> None:
        async with serving(lengthy, engines=talks()) as here, Caller(here) as caller:
            await caller.until("session.created")
            detection = {"type": "server_vad", "create_response": False}  # no other reply sounds soon after the cut
            audio = {"input": {"turn_detection": detection}}
            await caller.send("session.update", session={"type": "realtime", "audio": audio})
            await caller.until("session.updated")
            await caller.type("hello")
            await caller.until("output_audio_buffer.started")
            await caller.until("x.spoken")
            caller.voice.say("times")
            events = await caller.until("output_audio_buffer.cleared")
            cut = asyncio.get_running_loop().time()
            done = of(events, "response.done")[0]["response"]
            assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "turn_detected")
            heard = done["output"][0]["content"][0]["transcript"]
            assert 0 < len(heard) < len("One sentence is here. " * 10)
            await caller.until_heard(1.1, since=cut)
            rest = caller.sound(cut)
            assert level_dbfs(caller.sound()) > QUIET_DBFS
            assert level_dbfs(rest[RATE // 2 : RATE * 9 // 10]) < QUIET_DBFS, "what was queued is not heard"

    asyncio.run(run())


def test_a_client_that_clears_the_output_is_told_once() -> None:
    async def run() -> None:
        async with serving(lengthy, engines=talks()) as here, Caller(here) as caller:
            await caller.until("session.created")
            await caller.type("hello")
            await caller.until("output_audio_buffer.started")
            await caller.send("output_audio_buffer.clear")
            await caller.until("output_audio_buffer.cleared")
            await caller.send("output_audio_buffer.clear")  # nothing is heard any more
            events = await caller.until("output_audio_buffer.cleared")
            assert not of(events[:-1], "output_audio_buffer.cleared")

    asyncio.run(run())


def test_a_client_secret_opens_a_call_and_only_its_owner_ends_it() -> None:
    async def run() -> None:
        mine, others = ({"authorization": f"Bearer {key.split(':')[2]}"} for key in (KEY, OTHER))
        async with serving(engines=talks(), api_keys=f"{KEY},{OTHER}") as here:
            client = AsyncOpenAI(base_url=f"{here.url}/v1", api_key=KEY.split(":")[2])
            secret = await client.realtime.client_secrets.create(session={"type": "realtime", "instructions": "Hi."})
            async with Caller(here, headers={"authorization": f"Bearer {secret.value}"}) as caller:
                assert (await caller.until("session.created"))[-1]["session"]["instructions"] == "Hi."
                refused = await here.http.post(f"{caller.place}/hangup", headers=others)
                assert (refused.status_code, refused.json()["error"]["code"]) == (404, "call_unknown")
                await client.realtime.calls.hangup(caller.place.rpartition("/")[2])
                await over(here)
                async with asyncio.timeout(PATIENCE_S):
                    await caller.gone.wait()
                assert (await here.http.post(f"{caller.place}/hangup", headers=mine)).status_code == 404
            offer = await offered()
            answer = await client.realtime.calls.create(
                sdp=offer, session={"type": "realtime", "model": "gpt-realtime"}
            )
            assert answer.text.startswith("v=0")
            for wrong in ({}, {"authorization": "Bearer ek_unknown"}):
                unwelcome = await here.http.post("/v1/realtime/calls", content=offer, headers=SDP | wrong)
                assert (unwelcome.status_code, unwelcome.json()["error"]["type"]) == (401, "authentication_error")
            await client.close()

    asyncio.run(run())


def test_a_call_without_events_is_a_call() -> None:
    async def run() -> None:
        async with (
            serving(engines=talks(), upstream=upstream(Settings())) as here,
            Caller(here, events=False) as caller,
        ):
            caller.voice.say("times")
            await caller.until_heard(0.5, least_dbfs=QUIET_DBFS)

    asyncio.run(run())


def test_peers_that_vanish_never_come_or_flood_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with serving(engines=talks(), body_kb=16) as here:
            async with Caller(here) as caller:
                await caller.until("session.created")
                caller.vanish()
                await over(here)
            async with Caller(here) as caller:
                await caller.until("session.created")
                assert caller.channel is not None
                caller.channel.send("x" * 20_000)
                told = (await caller.until("error"))[-1]["error"]
                assert (told["code"], told["message"]) == ("closed_1013", "more than 16384 bytes of events are waiting")
                await over(here)
            async with Caller(here) as caller:
                await caller.until("session.created")
                assert caller.channel is not None
                caller.channel.send(b"{}")
                assert (await caller.until("error"))[-1]["error"]["code"] == "closed_1003"
                await over(here)
            monkeypatch.setattr(rtc_peer, "CONNECT_S", 0.1)
            silent = Caller(here)
            assert (await silent.post(await silent.offer())).status_code == 201
            await over(here)
            await silent.connection.close()
            assert here.app.realtime is not None
            assert not here.app.realtime.connections

    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.05)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1)
    asyncio.run(run())


def test_calls_that_cannot_be_answered_are_refused_in_the_shape_of_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        one = SharedEnginePool(replace(talks().settings, serve=replace(talks().settings.serve, talks=1)))
        async with serving(engines=one) as here:
            offer = await offered()
            video = offer.replace("m=audio", "m=video")
            form = {"sdp": (None, offer)}

            async def refused(status: int, code: str, **request: object) -> str:
                made = await here.http.post("/v1/realtime/calls", **request)  # type: ignore[arg-type]
                error = made.json()["error"]
                assert (made.status_code, error["code"]) == (status, code), made.text
                assert set(error) >= {"message", "type", "param", "code"}
                return str(error["message"])

            await refused(415, "media_type", json={"sdp": offer})
            await refused(400, "invalid_offer", content=b"\xff", headers=SDP)
            assert "audio" in await refused(400, "invalid_offer", content=video, headers=SDP)
            assert "audio" in await refused(
                400, "invalid_offer", content=offer.replace("sendrecv", "sendonly"), headers=SDP
            )
            await refused(400, "invalid_offer", content=offer.replace("a=rtpmap", "a=other"), headers=SDP)
            await refused(400, "invalid_offer", content=offer + "a=x\r\n" * 20_000, headers=SDP)
            await refused(400, "bad_request", files={"session": (None, "{}")})
            for session in ("[]", "{", '{"type": "video"}', '{"audio": 1}'):
                await refused(400, "bad_request", files=form | {"session": (None, session)})
            await refused(400, "bad_request", content=b"nothing", headers={"content-type": "multipart/form-data"})
            await refused(404, "session_unknown", content=offer, headers=SDP | {"x-session-id": "s_x"})
            assert not list(here.engine.lives), "no session is made for a call that is refused"
            async with Caller(here) as caller:
                await caller.until("session.created")
                await refused(503, "talks_full", content=offer, headers=SDP)
            await over(here)
            monkeypatch.delitem(sys.modules, "voice.server.realtime.rtc_peer")
            monkeypatch.setitem(sys.modules, "aiortc", None)
            assert "aiortc" in await refused(501, "not_installed", content=offer, headers=SDP)

    asyncio.run(run())


@pytest.fixture(scope="module")
def sdp() -> str:
    return asyncio.run(offered())


@settings(max_examples=60)
@given(data=st.data())
def test_an_offer_that_is_cut_or_garbled_is_answered_or_refused(sdp: str, data: st.DataObject) -> None:
    async def run() -> None:
        peer = rtc_peer.RtcPeer(1024)
        try:
            assert (await peer.answer(garbled, "127.0.0.1")).startswith("v=0")
        except Wrong as wrong:
            assert wrong.code == "invalid_offer"
        finally:
            await peer.close()

    start = data.draw(st.integers(0, len(sdp)))
    end = data.draw(st.integers(start, len(sdp)))
    garbled = sdp[:start] + data.draw(st.sampled_from(("", "x", "\0", "0", "\r\n", "m=audio 9 x"))) + sdp[end:]
    asyncio.run(run())


def test_no_other_machine_is_asked_for_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked(stun: str) -> bool:
        async with serving(engines=talks(), stun=stun) as here, Caller(here) as caller:
            await caller.until("session.created")
        try:
            return bool(server.recv(1024))
        except BlockingIOError:
            return False

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        address = f"stun:127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setattr(RTCIceGatherer, "getDefaultIceServers", classmethod(lambda _: [RTCIceServer(address)]))
        assert not asyncio.run(asked(""))


def test_only_addresses_of_this_network_and_of_the_caller_are_tried() -> None:
    def candidate(host: str) -> str:
        return f"a=candidate:1 1 udp 2130706431 {host} 4000 typ host"

    near = ["127.0.0.1", "192.168.1.9", "10.0.0.2", "fd00::2", "fe80::1", "203.0.114.9"]
    far = ["8.8.8.8", "2001:4860:4860::8888", "home.example.com", "0b1c.local"]
    offer = "\r\n".join(["v=0", *map(candidate, [*near, *far]), "a=end-of-candidates", "a=mid:0", ""])
    assert without_strangers(offer, "203.0.114.9") == "\r\n".join(["v=0", *map(candidate, near), "a=mid:0", ""])


def test_a_machine_without_a_network_is_called_over_loopback() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Caller(here, only="127.0.0.1") as caller:
            await caller.until("session.created")

    asyncio.run(run())
