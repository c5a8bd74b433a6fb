"""The whole path spoken: a request through Whisper, a model that calls a tool, and what comes of it, heard again."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.readback import read_back
from tests.support.real_models import whisper_folder
from tests.support.rough_server import DONE, delta, event
from tests.wiring.test_conversation import recording, settings
from voice.audio.frames import RATE
from voice.audio.wav import read_wav
from voice.clock import VirtualLoop
from voice.conversation.observer import Note, Notice
from voice.wiring.conversation import converse

ARGUMENTS = '{"action": "set", "when": "5 seconds"}'


class Model(BaseHTTPRequestHandler):
    """Calls the timers for new words, byte by byte, and says that it did once they have answered."""

    asked: list[dict[str, Any]] = []  # noqa: RUF012  one server, one test

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body)
        if body["messages"][-1]["role"] == "tool":
            chunks = [delta("All "), delta("done."), delta(finish="stop")]
        else:
            begun = {"index": 0, "id": "call_1", "function": {"name": "timers", "arguments": ""}}
            pieces = [{"index": 0, "function": {"arguments": char}} for char in ARGUMENTS]
            chunks = [delta(tool_calls=[piece]) for piece in (begun, *pieces)] + [delta(finish="tool_calls")]
        self._answer(200, b"".join(map(event, chunks)) + DONE, "text/event-stream")

    def do_GET(self) -> None:
        self._answer(404, b"{}", "application/json")

    def _answer(self, status: int, raw: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""


@pytest.fixture
def model() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    Model.asked.clear()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_timer_is_set_by_a_model_and_rings_aloud(tmp_path: Path, model: str) -> None:
    notes: list[Note] = []
    plain = settings(tmp_path, llm=model, model="m")
    whisper = replace(plain, asr=replace(plain.asr, engine="whisper", model=str(whisper_folder())))
    spoken, answer = recording(tmp_path / "in.wav", "timer"), tmp_path / "out.wav"
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        traces = runner.run(converse(whisper, source=spoken, sink=answer, fast=True, observer=notes.append))
    first = next(trace for trace in traces if trace.text)
    assert "timer" in first.text.lower()
    assert (first.reply, str(first.outcome)) == ("All done.", "answered")
    assert "Your timer is up." in [note.text for note in notes if isinstance(note, Notice)]
    last = read_wav(answer)[round(-1.2 * RATE) :]
    assert read_back(last, "your timer is up", "all done", "timer set for five seconds") == "your timer is up"
    called = Model.asked[-1]["messages"]
    assert [message["role"] for message in called[-3:]] == ["user", "assistant", "tool"]
    assert "timers" in [tool["function"]["name"] for tool in Model.asked[0]["tools"]]
