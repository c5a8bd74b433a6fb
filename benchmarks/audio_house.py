"""A server that hears and speaks the OpenAI way with the built-in engines behind it; it can misbehave."""

from __future__ import annotations

import json
import struct
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import numpy as np

from voice.asr.pocketsphinx import SphinxRecognizer
from voice.audio.frames import RATE
from voice.tts.espeak import EspeakSynthesizer
from voice.tts.interface import Chunk


@dataclass
class House:
    """What it was asked, and what it answers in place of the truth: `status` with `body`, or nothing for `hang`."""

    url: str = ""
    asked: list[dict[str, object]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    cut: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    hang: bool = False


def form(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a multipart form."""
    message = BytesParser(policy=HTTP).parsebytes(f"content-type: {content_type}\r\n\r\n".encode() + body)
    fields = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(content, bytes)
        fields[name] = content
    return fields


@contextmanager
def serve_house() -> Iterator[House]:
    """Serve on a free loopback port; `house.url` is the base URL."""
    house = House()
    recognizer, voice, one = SphinxRecognizer(), EspeakSynthesizer("en-us"), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if house.hang:
                house.release.wait(30)
            if house.status != 200 or house.body is not None:
                self._answer(house.body or b"", house.status)
            elif self.path.endswith("/audio/transcriptions"):
                self._transcribe(form(self.headers["Content-Type"], body))
            else:
                self._speak(json.loads(body))

        def _transcribe(self, fields: dict[str, bytes]) -> None:
            house.asked.append({name: value.decode() for name, value in fields.items() if name != "file"})
            with one, wave.open(BytesIO(fields["file"])) as file:
                assert file.getparams()[:3] == (1, 2, RATE)
                utterance = recognizer.open()
                utterance.add_audio(np.frombuffer(file.readframes(file.getnframes()), dtype="<i2"))
                text = utterance.result().text
                utterance.close()
            self._answer(json.dumps({"text": text}).encode())

        def _speak(self, asked: dict[str, Any]) -> None:
            house.asked.append(asked)
            self.send_response(200)
            self.send_header("Content-Type", "audio/wav")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            head = b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack(
                "<IHHIIHH", 16, 1, 1, voice.rate, voice.rate * 2, 2, 16
            )
            self._piece(head + b"data\xff\xff\xff\xff")

            def emit(chunk: Chunk) -> bool:
                self._piece(chunk.pcm.astype("<i2").tobytes())
                return not house.cut

            with one:
                voice.speak(asked["input"], emit)
            if house.cut:
                self.close_connection = True
                return
            self._piece(b"")

        def _piece(self, raw: bytes) -> None:
            self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")

        def _answer(self, body: bytes, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Tests read what they need from `asked`."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up early is part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    house.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield house
    finally:
        house.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
