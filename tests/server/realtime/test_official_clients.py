"""OpenAI's Python package talks to this server unchanged; tests/server/test_javascript_clients.py has those for JS."""

from __future__ import annotations

import asyncio
import base64

import numpy as np
import pytest
from openai import AsyncOpenAI

from tests.support.patience import PATIENCE_S
from tests.support.readback import read_back
from tests.support.realtime import as_text, spoken, talks
from tests.support.serving import serving
from voice.audio.frames import RATE
from voice.audio.resample import resample
from voice.settings.schema import Settings
from voice.wiring.sessions import upstream

SAID = "twelve times seven is eighty four"


@pytest.mark.compatible("WebSocket /v1/realtime", "the Python package: a spoken conversation")
def test_the_python_package_holds_a_spoken_conversation() -> None:
    async def run() -> None:
        async with serving(engines=talks(), upstream=upstream(Settings())) as here:
            client = AsyncOpenAI(base_url=f"{here.url}/v1", api_key="none")
            async with client, client.realtime.connect(model="voice") as connection:
                await connection.session.update(session={"type": "realtime", "output_modalities": ["audio"]})
                await connection.input_audio_buffer.append(audio=as_text(spoken("times")))
                heard, audio = "", b""
                async with asyncio.timeout(PATIENCE_S):
                    async for event in connection:
                        if event.type == "conversation.item.input_audio_transcription.completed":
                            heard = event.transcript
                        elif event.type == "response.output_audio.delta":
                            audio += base64.b64decode(event.delta)
                        elif event.type == "response.done":
                            break
                assert heard == "what is twelve times seven"
                pcm = resample(np.frombuffer(audio, np.int16), 24_000, RATE)
                assert read_back(pcm, SAID, "i do not know that") == SAID

    asyncio.run(run())
