"""A moderation server on a real socket: it answers as it is told, also late, with an error status or with rubbish."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Answer = Callable[[dict[str, Any]], Any]


class Moderator:
    """Context manager. `answer` gets each request's body and returns JSON data, or text sent as it is.

    `status` is sent with it. While `stalls`, requests get no answer. `asked` are (path, body).
    """

    def __init__(self, answer: Answer) -> None:
        self.answer, self.status, self.stalls = answer, 200, False
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._over = threading.Event()

    def __enter__(self) -> Self:
        moderator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                moderator.asked.append((self.path, body))
                if moderator.stalls:
                    moderator._over.wait(30)
                    return
                answer = moderator.answer(body)
                content = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(moderator.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"


def openai_says(*categories: str) -> dict[str, Any]:
    """The answer of OpenAI's endpoint."""
    names = ("hate", "harassment/threatening", "self-harm/intent", "sexual/minors", "violence", "illicit")
    flags = {name: name in categories for name in names}
    return {"id": "modr-1", "model": "m", "results": [{"flagged": bool(categories), "categories": flags}]}


def completion_says(yes: float, text: str = "") -> dict[str, Any]:
    """A classifier's completion whose first token is `Yes` with this log-probability, `No` with the rest."""
    tops = {"Yes": yes, " No": -0.1, "The": -9.0}
    return {"choices": [{"text": text or "No", "logprobs": {"tokens": ["No"], "top_logprobs": [tops]}}]}


def chat_says(text: str, unsafe: float | None = None) -> dict[str, Any]:
    """A classifier's chat answer, with log-probabilities where `unsafe` is one."""
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": text}}
    if unsafe is not None:
        tops = [{"token": "unsafe", "logprob": unsafe}, {"token": "safe", "logprob": -1.0}]
        choice["logprobs"] = {"content": [{"token": "safe", "logprob": -1.0, "top_logprobs": tops}]}
    return {"choices": [choice]}
