"""Connections that listen: turns without a response, transcription sessions, recordings as items, and silence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from openai.types.realtime import RealtimeTranscriptionSessionCreateResponse

from tests.support.realtime import Peer, as_text, of, spoken, talks
from tests.support.scripted_llm import Step
from tests.support.serving import serving
from voice.llm.interface import Ask, Delta, Done, Effect
from voice.server.realtime import session_config
from voice.tools.interface import Context, Result, Spec
from voice.tools.registry import Registry

WORDS = "what is twelve times seven"


@pytest.mark.compatible("WebSocket /v1/realtime", "`create_response: false`: what is said waits for `response.create`")
def test_what_is_said_waits_until_the_client_asks_for_a_response() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as peer:
            detection = {"type": "semantic_vad", "create_response": False}
            told = await peer.update(audio={"input": {"turn_detection": detection}}, output_modalities=["text"])
            assert told["audio"]["input"]["turn_detection"]["create_response"] is False
            await peer.say("times")
            heard = (await peer.until("conversation.item.input_audio_transcription.completed"))[-1]
            assert heard["transcript"] == WORDS
            await peer.until("x.state", state="idle")
            assert not of(peer.events, "response.created")
            assert not here.upstream.asked
            await peer.send("response.create")
            done = (await peer.until("response.done"))[-1]["response"]
            assert done["status"] == "completed"
            assert [message.text for message in here.upstream.asked[-1].messages][1:] == [WORDS]

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "transcription sessions")
def test_a_transcription_session_writes_down_and_answers_nothing() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as peer:
            detection = {"type": "server_vad", "silence_duration_ms": 300}
            heard = {"input": {"turn_detection": detection, "transcription": {"model": "whisper-1", "language": "en"}}}
            told = await peer.update(type="transcription", audio=heard)
            RealtimeTranscriptionSessionCreateResponse.model_validate(told)
            await peer.say("times")
            assert (await peer.until("conversation.item.input_audio_transcription.completed"))[-1][
                "transcript"
            ] == WORDS
            await peer.until("x.state", state="idle")
            await peer.send("response.create")
            assert (await peer.error())["message"] == "a transcription session has no responses"
            assert not here.upstream.asked
            assert not of(peer.events, "response.created")

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "recordings in `conversation.item.create`")
def test_a_recording_in_an_item_is_read() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as peer:
            await peer.update(output_modalities=["text"])
            recording = {"type": "input_audio", "audio": as_text(spoken("times"))}
            content = [{"type": "input_text", "text": "Tell me:"}, recording]
            await peer.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
            item = (await peer.until("conversation.item.done"))[-1]["item"]
            assert item["content"] == [content[0], {"type": "input_audio", "transcript": WORDS}]
            await peer.send("response.create")
            await peer.until("response.done")
            assert here.upstream.asked[-1].messages[-1].text == f"Tell me:\n{WORDS}"
            for audio in ({}, {"audio": "!"}):
                bad = {"type": "message", "role": "user", "content": [{"type": "input_audio", **audio}]}
                await peer.send("conversation.item.create", item=bad)
                assert (await peer.error())["code"] in ("missing_field", "invalid_audio")

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "`idle_timeout_ms`, `input_audio_buffer.timeout_triggered`")
def test_a_person_who_stays_silent_is_spoken_to_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_config, "LEAST_IDLE_MS", 50)

    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as peer:
            detection = {"type": "server_vad", "idle_timeout_ms": 100}
            told = await peer.update(audio={"input": {"turn_detection": detection}}, output_modalities=["text"])
            assert told["audio"]["input"]["turn_detection"]["idle_timeout_ms"] == 100
            for turn in (1, 3):
                await peer.type("hello")
                await peer.until("x.latency", turn=turn)
                triggered = (await peer.until("input_audio_buffer.timeout_triggered"))[-1]
                assert triggered["audio_end_ms"] >= triggered["audio_start_ms"]
                item = (await peer.until("conversation.item.done"))[-1]["item"]
                assert (item["id"], item["content"][0]["transcript"]) == (triggered["item_id"], "")
                await peer.until("x.latency", turn=turn + 1)
            assert len(of(peer.events, "input_audio_buffer.timeout_triggered")) == 2
            assert len(here.upstream.asked) == 4
            for wrong in (
                {"type": "server_vad", "idle_timeout_ms": 10},
                {"type": "semantic_vad", "idle_timeout_ms": 6000},
            ):
                await peer.send("session.update", session={"audio": {"input": {"turn_detection": wrong}}})
                assert (await peer.error())["param"] == "session.audio.input.turn_detection.idle_timeout_ms"

    asyncio.run(run())


class Lamp:
    """A tool of the server."""

    spec = Spec("lamp", "Says whether the lamp is on.")

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        return Result("The lamp is on.")


@pytest.mark.compatible("WebSocket /v1/realtime", "tools of the server, `tools.mcp` among them, beside functions")
def test_a_tool_of_the_server_is_called_on_the_way_and_others_read_what_is_said() -> None:
    def answer(ask: Ask) -> Iterator[Step]:
        if ask.messages[-1].role == "tool":
            yield Delta(ask.messages[-1].text)
            yield Done()
        else:
            yield Effect("function_call", {"call_id": "c", "name": "lamp", "arguments": "{}"})
            yield Done(finish="tool_calls")

    async def run() -> None:
        async with (
            serving(answer, engines=talks(), tools=Registry([Lamp()])) as here,
            Peer(here) as peer,
            here.socket() as one,
            here.socket() as two,
        ):
            function = {"type": "function", "name": "blinds", "parameters": {"type": "object", "properties": {}}}
            await peer.update(output_modalities=["text"], tools=[function])
            known = peer.session["x_session"]
            for listener in (one, two):
                await listener.attach({"session_id": known["id"], "session_token": known["token"]})
            await peer.type("is the lamp on?")
            done = (await peer.until("response.done"))[-1]["response"]
            assert [part["text"] for item in done["output"] for part in item["content"]] == ["The lamp is on."]
            assert not of(peer.events, "response.function_call_arguments.done")
            for listener in (one, two):
                said = await listener.until("done")
                assert "".join(op.get("d", "") for op in said if op.get("t") == "delta") == "The lamp is on."

    asyncio.run(run())
