"""A language model server whose every word is sent when the test says so, and which notes when that was."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any, Self

from tests.support.patience import PATIENCE_S


class HeldUpstream:
    """Context manager: listens at `url`. `send(text)` sends a piece of the reply, `end()` ends it."""

    def __init__(self) -> None:
        self._pieces: SimpleQueue[str | None] = SimpleQueue()
        self.bodies: list[dict[str, Any]] = []
        self.asked = threading.Semaphore(0)
        self.sent_at = 0.0
        held = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(json.dumps({"data": [{"id": "held"}]}).encode())

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if not body.get("stream") or not self.path.endswith("/chat/completions"):
                    self._answer(b'{"choices":[{"message":{"role":"assistant","content":""}}]}')
                    return
                held.bodies.append(body)
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                held.asked.release()
                while (piece := held._pieces.get()) is not None:
                    choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
                    held.sent_at = time.monotonic()
                    self.wfile.write(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n")
                    self.wfile.flush()
                last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
                self.wfile.write(b"data: " + json.dumps(last).encode() + b"\n\ndata: [DONE]\n\n")
                self.close_connection = True

            def _answer(self, content: bytes) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._pieces.put(None)
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> None:
        """Until a turn has been asked for."""
        assert self.asked.acquire(timeout=PATIENCE_S)

    def send(self, text: str) -> None:
        """Send a piece of the reply to the turn that was asked for."""
        self._pieces.put(text)

    def end(self) -> None:
        """The reply is complete."""
        self._pieces.put(None)
