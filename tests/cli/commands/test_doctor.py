"""`voice doctor`: what it says of a model server, beside a real one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from voice.cli.commands.doctor import model
from voice.cli.findings import BROKEN, GOOD
from voice.settings.layers import Given, Resolved, merge


class Models(BaseHTTPRequestHandler):
    """Answers at `/v1/models` and nowhere else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/v1/models" else 404)
        self.end_headers()
        self.wfile.write(b'{"data": [{"id": "small"}]}')

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Models) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def with_llm(url: str) -> Resolved:
    return merge([[Given("chat.llm", url, "--llm", text=True)]])


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_a_model_server_is_looked_for_where_a_talk_would_ask_it(server: str, path: str) -> None:
    assert model(with_llm(server + path)).state == GOOD


def test_what_is_no_model_server_is_broken_with_a_remedy(server: str) -> None:
    finding = model(with_llm(server + "/elsewhere"))
    assert finding.state == BROKEN and "404" in finding.text and "check that the server is running" in finding.remedy


def test_a_model_that_the_server_lacks_is_broken(server: str) -> None:
    resolved = merge(
        [[Given("chat.llm", server, "--llm", text=True), Given("chat.model", "big", "--model", text=True)]]
    )
    finding = model(resolved)
    assert finding.state == BROKEN
    assert "no model 'big'; expected one of: small" in finding.text
