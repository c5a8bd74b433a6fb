"""Whole conversations over the Realtime API: every event of the official shape, and each thing asked for done."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable

import pytest

from tests.support.readback import read_back
from tests.support.realtime import Peer, as_text, of, sound, spoken, talks
from tests.support.scripted_llm import Step
from tests.support.serving import serving
from voice.audio import g711
from voice.audio.frames import RATE
from voice.audio.resample import resample
from voice.llm.interface import Ask, Delta, Done, Effect
from voice.settings.schema import Settings
from voice.wiring.sessions import upstream

LONG = "One sentence is here. Another sentence follows it. And then there is a third one. It ends with a fourth one."
LECTURE = f"{LONG} " * 6
"""A person whose words a busy machine recognizes late still speaks over it: three quarters of a minute."""


def tells(*pieces: str) -> Iterable[Step]:
    return [*(Delta(piece) for piece in pieces), Done()]


def lengthy(ask: Ask) -> Iterable[Step]:
    return tells(LONG)


def test_a_spoken_question_is_recognized_and_answered_aloud() -> None:
    async def run() -> None:
        async with serving(engines=talks(), upstream=upstream(Settings())) as here, Peer(here) as peer:
            assert peer.session["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
            await peer.say("times")
            events = await peer.until("response.done")
            kinds = [event["type"] for event in events if not event["type"].startswith("x.")]
            order = (
                "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
                "input_audio_buffer.committed", "conversation.item.added",
                "conversation.item.input_audio_transcription.completed", "conversation.item.done", "response.created",
                "rate_limits.updated", "response.output_item.added", "response.content_part.added",
                "response.output_audio.delta", "response.output_audio.done", "response.output_audio_transcript.done",
                "response.content_part.done", "response.output_item.done", "response.done",
            )  # fmt: skip
            places = [kinds.index(kind) for kind in order]
            assert places == sorted(places)
            heard = of(events, "conversation.item.input_audio_transcription.completed")[0]
            assert heard["transcript"] == "what is twelve times seven"
            started, stopped = of(events, order[0])[0], of(events, order[1])[0]
            assert 0 <= started["audio_start_ms"] < stopped["audio_end_ms"] < 3500
            assert started["item_id"] == stopped["item_id"] == heard["item_id"]
            said = "twelve times seven is eighty four"
            assert read_back(sound(events), said, "twelve times eight is ninety six", "i do not know that") == said
            done = events[-1]["response"]
            assert done["status"] == "completed"
            assert done["output"][0]["content"][0]["transcript"] == "12 times 7 is 84."
            assert done["usage"]["total_tokens"] > 0
            last = (await peer.until("x.latency"))[-1]
            assert last["outcome"] == "answered"
            assert of(peer.events, "x.spoken")[-1]["chars"] == len("12 times 7 is 84.")
            await peer.send("conversation.item.retrieve", item_id=heard["item_id"])
            again = (await peer.until("conversation.item.retrieved"))[-1]["item"]
            assert again["content"][0]["transcript"] == heard["transcript"]

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "`output_modalities` text")
def test_text_only_responses_have_no_audio() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as peer:
            assert (await peer.update(output_modalities=["text"]))["output_modalities"] == ["text"]
            await peer.type("hello there")
            events = await peer.until("response.done")
            assert (
                "".join(event["delta"] for event in of(events, "response.output_text.delta")) == "You said: hello there"
            )
            assert events[-1]["response"]["output"][0]["content"] == [
                {"type": "output_text", "text": "You said: hello there"}
            ]
            assert not of(events, "response.output_audio.delta")
            assert events[-1]["response"]["status"] == "completed"
            await peer.update(output_modalities=["audio"], instructions="Be kind.")
            await peer.send("response.create", response={"output_modalities": ["text"], "metadata": {"a": "b"}})
            done = (await peer.until("response.done"))[-1]["response"]
            assert done["output_modalities"] == ["text"]
            assert done["metadata"] == {"a": "b"}
            asked = here.upstream.asked[-1].messages
            assert asked[0].text == "Be kind."
            assert [message.role for message in asked] == ["system", "user", "assistant"]

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "`max_output_tokens`")
def test_a_response_cut_at_the_limit_is_incomplete_and_says_why() -> None:
    def answer(ask: Ask) -> Iterable[Step]:
        return [Delta("This is whole. And this is"), Done(finish="length")]

    async def run() -> None:
        async with serving(answer, engines=talks()) as here, Peer(here) as peer:
            await peer.update(output_modalities=["text"])
            await peer.type("hello there")
            done = (await peer.until("response.done"))[-1]["response"]
            assert done["status"] == "incomplete"
            assert done["status_details"]["reason"] == "max_output_tokens"

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "functions")
def test_function_calls_go_out_and_their_answers_come_back() -> None:
    def answer(ask: Ask) -> Iterable[Step]:
        if ask.messages[-1].role == "tool":
            return tells("It is on.")
        return [Effect("function_call", {"call_id": "c1", "name": "light", "arguments": '{"on":true}'}), Done()]

    async def run() -> None:
        tool = {"type": "function", "name": "light", "description": "", "parameters": {"type": "object"}}
        async with serving(answer, engines=talks()) as here, Peer(here) as peer:
            await peer.update(tools=[tool], tool_choice="required")
            await peer.type("light on")
            events = await peer.until("response.done")
            call = of(events, "response.function_call_arguments.done")[0]
            assert (call["call_id"], call["name"], call["arguments"]) == ("c1", "light", '{"on":true}')
            assert [item["type"] for item in events[-1]["response"]["output"]] == ["function_call"]
            options = here.upstream.asked[0].options
            assert options["tool_choice"] == "required"
            assert options["tools"][0]["function"]["name"] == "light"  # type: ignore[index]
            output = {"type": "function_call_output", "call_id": "c1", "output": "on"}
            await peer.send("conversation.item.create", item=output)
            await peer.send("response.create")
            done = (await peer.until("response.done"))[-1]["response"]
            assert done["output"][0]["content"][0]["transcript"] == "It is on."
            asked = here.upstream.asked[-1].messages
            assert [message.role for message in asked] == ["system", "user", "assistant", "tool"]
            assert asked[2].calls[0]["name"] == "light"
            assert asked[3].text == "on"

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "`response.cancel`")
def test_cancel_stops_the_response_and_the_history_keeps_what_was_heard() -> None:
    async def run() -> None:
        async with serving(lengthy, engines=talks()) as here, Peer(here) as peer:
            await peer.type("tell me")
            delta = (await peer.until("response.output_audio.delta"))[-1]
            await peer.send("response.create")
            assert (await peer.error())["code"] == "conversation_already_has_active_response"
            while len(sound(peer.events)) < 1.0 * RATE:
                delta = (await peer.until("response.output_audio.delta"))[-1]
            await peer.send("x.played", item_id=delta["item_id"], ms=900)
            await peer.send("response.cancel")
            events = await peer.until("response.done")
            done = events[-1]["response"]
            assert done["status"] == "cancelled"
            assert done["status_details"]["reason"] == "client_cancelled"
            told = of(peer.events, "x.spoken")
            assert [one for one in told if one.get("cut")] == told[-1:]
            heard = done["output"][0]["content"][0]["transcript"]
            assert told[-1]["chars"] >= len(heard) >= 4
            await peer.send("response.cancel")
            assert (await peer.error())["code"] == "response_cancel_not_active"
            await peer.type("and now")
            assert not of(await peer.until("response.output_item.added"), "x.spoken"), (
                "a reply that ended is not spoken on"
            )
            kept = here.upstream.asked[-1].messages[2].text
            assert kept.strip() == heard.strip() != LONG
            assert LONG.startswith(kept)
            assert not [late for late in of(peer.events, "x.spoken")[len(told) :] if late["turn"] == told[-1]["turn"]]
            await peer.send("output_audio_buffer.clear")
            await peer.until("output_audio_buffer.cleared")

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "`conversation.item.truncate`")
def test_truncate_cuts_the_history_to_what_the_client_played() -> None:
    async def run() -> None:
        async with serving(lengthy, engines=talks()) as here, Peer(here) as peer:
            await peer.type("tell me")
            while len(sound(peer.events)) < 1.5 * RATE:
                delta = (await peer.until("response.output_audio.delta"))[-1]
            await peer.send("x.played", item_id=delta["item_id"], ms=0)
            await peer.send("conversation.item.truncate", item_id=delta["item_id"], content_index=0, audio_end_ms=1500)
            events = await peer.until("conversation.item.truncated")
            assert of(peer.events, "response.done")[-1]["response"]["status"] == "cancelled", events
            chars = [told["chars"] for told in of(peer.events, "x.spoken")]
            assert chars == sorted(chars)  # though the estimate was ahead of what the client then reported
            await peer.type("again")
            await peer.until("response.output_item.added")
            kept = here.upstream.asked[-1].messages[2].text
            assert kept.startswith("One sentence is")
            assert len(kept) < len("One sentence is here. Another sentence follows")
            await peer.send("conversation.item.truncate", item_id="nobody", content_index=0, audio_end_ms=1)
            assert (await peer.error())["code"] == "item_not_found"

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "interrupting a reply")
def test_speech_over_the_reply_interrupts_it() -> None:
    async def run() -> None:
        async with serving(lambda ask: tells(LECTURE), engines=talks()) as here, Peer(here) as peer:
            await peer.type("tell me")
            while not (told := of(await peer.until("x.spoken"), "x.spoken"))[-1]["chars"]:
                assert told[-1]["text"] == LECTURE
            await peer.say("moon")
            events = await peer.until("response.done")
            assert of(events, "input_audio_buffer.speech_started")
            assert of(events, "x.state")[0]["state"] in ("speaking", "paused")
            assert events[-1]["response"]["status_details"]["reason"] == "turn_detected"
            heard = (await peer.until("conversation.item.input_audio_transcription.completed"))[-1]["transcript"]
            assert "moon" in heard
            await peer.until("response.output_item.added")
            assert len(here.upstream.asked[-1].messages[2].text) < len(LECTURE)

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "`turn_detection: null`, `input_audio_buffer.commit`")
def test_without_turn_detection_the_client_says_when_a_turn_ends() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as peer:
            await peer.update(audio={"input": {"turn_detection": None}}, output_modalities=["text"])
            await peer.send("input_audio_buffer.commit")
            assert (await peer.error())["code"] == "input_audio_buffer_commit_empty"
            await peer.say("private", 0.3)
            await peer.send("input_audio_buffer.clear")
            await peer.until("input_audio_buffer.cleared")
            await peer.say("times", 0.3)
            await peer.send("input_audio_buffer.commit")
            events = await peer.until("conversation.item.done")
            heard = of(events, "conversation.item.input_audio_transcription.completed")[0]["transcript"]
            assert heard == "what is twelve times seven"
            assert not of(peer.events, "response.created")
            assert not of(peer.events, "input_audio_buffer.speech_started")
            await peer.send("response.create")
            events = await peer.until("response.done")
            assert events[-1]["response"]["output"][0]["content"][0]["text"] == f"You said: {heard}"

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "G.711")
def test_g711_is_heard_and_spoken() -> None:
    laws = {"ulaw": "audio/pcmu", "alaw": "audio/pcma"}

    async def run() -> None:
        async with serving(engines=talks(), upstream=upstream(Settings())) as here, Peer(here) as peer:
            for law, kind in laws.items():
                await peer.update(audio={"output": {"format": {"type": kind}}})
                await peer.type("what is twelve times seven")
                pieces = of(await peer.until("response.done"), "response.output_audio.delta")
                audio = g711.decode(law, b"".join(base64.b64decode(piece["delta"]) for piece in pieces))
                said = "twelve times seven is eighty four"
                assert read_back(resample(audio, g711.RATE, RATE), said, "i do not know that") == said
                await peer.send("output_audio_buffer.clear")  # it need not be played to its end
                await peer.until("x.state", state="idle")
            detection = {"type": "server_vad", "silence_duration_ms": 900, "create_response": False}
            for law, kind in laws.items():
                await peer.update(audio={"input": {"format": {"type": kind}, "turn_detection": detection}})
                data = g711.encode(law, spoken("times", rate=g711.RATE))
                await peer.send("input_audio_buffer.append", audio=base64.b64encode(data).decode())
                events = await peer.until("input_audio_buffer.speech_stopped")
                started = of(events, "input_audio_buffer.speech_started")[0]
                assert 1500 < events[-1]["audio_end_ms"] - started["audio_start_ms"] < 2200
                await peer.until("x.state", state="idle")

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "`server_vad` with `silence_duration_ms`")
def test_server_turn_detection_waits_for_the_silence_asked_for() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as peer:
            detection = {"type": "server_vad", "silence_duration_ms": 900, "prefix_padding_ms": 200}
            told = await peer.update(audio={"input": {"turn_detection": detection}})
            assert told["audio"]["input"]["turn_detection"]["interrupt_response"] is True
            await peer.send("input_audio_buffer.append", audio=as_text(spoken("times", 0.6)))
            await peer.until("x.state", state="ending")
            await peer.send("input_audio_buffer.commit")
            await peer.until("input_audio_buffer.committed")
            await peer.until("response.done")
            await peer.say("day")
            latency = (await peer.until("x.latency", turn=2))[-1]
            assert latency["rule"] == "fixed"

    asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "items of the client: created, deleted")
def test_items_that_wait_can_be_deleted_and_systems_words_go_before_the_question() -> None:
    async def run() -> None:
        async with serving(engines=talks()) as here, Peer(here) as peer:
            for name, role, text in (("a", "system", "speak Latin"), ("b", "user", "not this"), ("c", "user", "this")):
                content = [{"type": "input_text", "text": text}]
                item = {"id": name, "type": "message", "role": role, "content": content}
                await peer.send("conversation.item.create", item=item)
            await peer.send("conversation.item.delete", item_id="b")
            await peer.until("conversation.item.deleted", item_id="b")
            await peer.send("response.create")
            done = (await peer.until("response.done"))[-1]["response"]
            asked = [(message.role, message.text) for message in here.upstream.asked[-1].messages]
            assert asked[1:] == [("system", "speak Latin"), ("user", "this")]
            await peer.send("conversation.item.delete", item_id="c")
            assert (await peer.error())["code"] == "unsupported_delete"
            await peer.until("x.latency")
            await peer.send("conversation.item.delete", item_id=done["output"][0]["id"])
            await peer.until("conversation.item.deleted")
            await peer.type("more")
            await peer.until("response.output_item.added")
            assert all(message.role != "assistant" for message in here.upstream.asked[-1].messages)

    asyncio.run(run())
