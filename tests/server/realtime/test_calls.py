"""Calls over WebRTC: real RTP and data channels over loopback, with aiortc as the client."""

from __future__ import annotations

import asyncio

from tests.support.calling import Caller
from tests.support.readback import read_back
from tests.support.realtime import of, talks
from tests.support.serving import serving
from voice.settings.schema import Settings
from voice.wiring.sessions import upstream


def test_a_spoken_question_is_heard_and_answered_on_the_track() -> None:
    async def run() -> None:
        async with serving(engines=talks(), upstream=upstream(Settings())) as here, Caller(here) as caller:
            await caller.until("session.created")
            caller.voice.say("times")
            events = await caller.until("output_audio_buffer.stopped")
            kinds = [event["type"] for event in events if not event["type"].startswith("x.")]
            print(kinds)
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
            print(await caller.until("x.latency"))

    asyncio.run(run())
