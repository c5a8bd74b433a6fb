"""The clients people have: OpenAI's Python package and its Agents SDK for JavaScript talk to this server unchanged."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from openai import AsyncOpenAI

from tests.support.patience import PATIENCE_S
from tests.support.readback import read_back
from tests.support.realtime import as_text, spoken, talks
from tests.support.scripted_llm import Step
from tests.support.serving import serving
from voice.audio.frames import RATE
from voice.audio.resample import resample
from voice.llm.interface import Ask, Delta, Done, Effect
from voice.settings.schema import Settings
from voice.wiring.sessions import upstream

SAID = "twelve times seven is eighty four"
JS = Path(__file__).parents[2] / "js"
NODE = shutil.which("node")


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


@pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
@pytest.mark.skipif(not (JS / "node_modules").is_dir(), reason="tests/js was not installed by npm")
@pytest.mark.compatible("WebSocket /v1/realtime", "the Agents SDK for JavaScript, with a tool")
def test_the_agents_sdk_for_javascript_holds_a_spoken_conversation_and_calls_its_tool() -> None:
    def answer(ask: Ask) -> Iterable[Step]:
        last = ask.messages[-1]
        if last.role == "tool":
            return [Delta(f"Done: {last.text}."), Done()]
        if "light" in last.text:
            return [Effect("function_call", {"call_id": "c1", "name": "light", "arguments": '{"on":true}'}), Done()]
        return [Delta("12 times 7 is 84."), Done()]

    async def run() -> None:
        async with serving(answer, engines=talks()) as here:
            address = here.url.replace("http", "ws", 1) + "/v1/realtime?model=voice"
            pipe = asyncio.subprocess.PIPE
            assert NODE is not None
            process = await asyncio.create_subprocess_exec(
                NODE, "agents.mjs", address, cwd=JS, stdin=pipe, stdout=pipe, stderr=pipe
            )
            async with asyncio.timeout(PATIENCE_S):
                out, errors = await process.communicate(spoken("times").tobytes())
            assert process.returncode == 0, errors.decode()
            told = json.loads(out)
            assert told["heard"] == ["what is twelve times seven", "light on"]
            assert told["said"] == ["12 times 7 is 84.", "Done: the light is on."]
            assert told["calls"] == [["light", "the light is on"]]
            audio = resample(np.frombuffer(base64.b64decode(told["audio"]), np.int16), 24_000, RATE)
            assert read_back(audio[: 3 * RATE], SAID, "i do not know that") == SAID
            tools = here.upstream.asked[0].options["tools"]
            assert tools[0]["function"]["name"] == "light"  # type: ignore[index]

    asyncio.run(run())
