"""OpenAI's packages for JavaScript talk to this server unchanged; one Node.js process has them all at once."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.patience import PATIENCE_S
from tests.support.readback import read_back
from tests.support.realtime import spoken, talks
from tests.support.scripted_llm import Step
from tests.support.serving import serving
from voice.audio.frames import RATE
from voice.audio.reader import AudioReader
from voice.audio.resample import resample
from voice.llm.interface import Ask, Delta, Done, Effect
from voice.settings.schema import Settings, TtsSettings
from voice.wiring.speech_engines import SpeechEngines

QUESTION, SAID = "what is twelve times seven", "twelve times seven is eighty four"
JS = Path(__file__).parents[1] / "js"
NODE = shutil.which("node")
EVENTS = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="Node.js is not installed"),
    pytest.mark.skipif(not (JS / "node_modules").is_dir(), reason="tests/js was not installed by npm"),
]


def answer(ask: Ask) -> Iterable[Step]:
    last = ask.messages[-1]
    if last.role == "tool":
        return [Delta(f"Done: {last.text}."), Done()]
    if "light" in last.text:
        return [Effect("function_call", {"call_id": "c1", "name": "light", "arguments": '{"on":true}'}), Done()]
    return [Delta("12 times 7 is 84." if "seven" in last.text else f"You said {last.text}"), Done()]


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What each part of tests/js/clients.mjs was told."""

    async def run() -> dict[str, Any]:
        speech = SpeechEngines(Settings(tts=TtsSettings(engine="espeak")), partials=False)
        try:
            async with serving(answer, engines=talks(), speech=speech) as here:
                pipe = asyncio.subprocess.PIPE
                assert NODE is not None
                process = await asyncio.create_subprocess_exec(
                    NODE, "clients.mjs", here.url, cwd=JS, stdin=pipe, stdout=pipe, stderr=pipe
                )
                async with asyncio.timeout(PATIENCE_S):
                    out, errors = await process.communicate(spoken("times").tobytes())
                assert process.returncode == 0, errors.decode()
                found: dict[str, Any] = json.loads(out)
                return found
        finally:
            speech.close()

    return asyncio.run(run())


@pytest.mark.compatible("WebSocket /v1/realtime", "the Agents SDK for JavaScript, with a tool")
def test_the_agents_sdk_holds_a_spoken_conversation_and_calls_its_tool(told: dict[str, Any]) -> None:
    part = told["spoken"]
    assert "error" not in part, part["error"]
    assert part["heard"] == [QUESTION, "light on"]
    assert part["said"] == ["12 times 7 is 84.", "Done: the light is on."]
    assert part["calls"] == [["light", "the light is on"]]
    audio = resample(np.frombuffer(base64.b64decode(part["audio"]), np.int16), 24_000, RATE)
    assert read_back(audio[: 3 * RATE], SAID, "i do not know that") == SAID


@pytest.mark.compatible("POST /v1/responses", "the `openai` package for JavaScript: streamed, retrieved, deleted")
def test_the_javascript_package_holds_a_chain_of_responses(told: dict[str, Any]) -> None:
    part = told["responses"]
    assert "error" not in part, part["error"]
    assert (part["first"], part["again"]) == ("You said hello", "You said and then?")
    assert list(dict.fromkeys(part["events"])) == EVENTS
    assert part["inputs"] == 1
    assert part["gone"] == [True, "not_found"]


@pytest.mark.compatible("POST /v1/conversations", "the `openai` package for JavaScript")
def test_the_javascript_package_keeps_a_conversation(told: dict[str, Any]) -> None:
    part = told["conversations"]
    assert "error" not in part, part["error"]
    assert part["items"] == [["user", "hello"], ["user", "and then?"], ["assistant", "You said hello\nand then?"]]
    assert (part["metadata"], part["deleted"]) == ({"about": "tests"}, True)


@pytest.mark.compatible("POST /v1/audio/speech", "the `openai` package for JavaScript")
def test_the_javascript_package_receives_speech(told: dict[str, Any]) -> None:
    part = told["audio"]
    assert "error" not in part, part["error"]
    with AudioReader(io.BytesIO(base64.b64decode(part["wav"]))) as reader:
        assert sum(map(len, reader.blocks())) > RATE // 4


@pytest.mark.compatible("POST /v1/audio/transcriptions", "the `openai` package for JavaScript")
def test_the_javascript_package_receives_words(told: dict[str, Any]) -> None:
    part = told["audio"]
    assert "error" not in part, part["error"]
    assert part["heard"] == QUESTION


@pytest.mark.compatible("POST /v1/responses", "the Agents SDK for JavaScript: a tool, a conversation as its session")
def test_the_agents_sdk_thinks_over_responses(told: dict[str, Any]) -> None:
    part = told["agents"]
    assert "error" not in part, part["error"]
    assert part["called"] == "Done: the light is on."
    assert part["streamed"] == "You said hello"
    assert part["kept"] == ["message", "function_call", "function_call_result", "message", "message", "message"]
