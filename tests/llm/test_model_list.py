"""Model servers are found where they usually listen, and say which models they have."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.support.scripted_upstream import UpstreamProcess
from voice.errors import UnavailableError, UsageError
from voice.llm.model_list import KeyRefused, chats, list_models, local_addresses, local_servers, model_trouble


@contextmanager
def server(body: bytes, status: int = 200, key: str = "") -> Iterator[str]:
    """A server that answers everything alike; `key` is what it wants."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            refused = key and self.headers.get("Authorization") != f"Bearer {key}"
            self.send_response(401 if refused else status)
            self.end_headers()
            self.wfile.write(b"" if refused else body)

        def log_message(self, format: str, *args: Any) -> None: ...

    made = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}/v1"
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def listed(*models: dict[str, str]) -> bytes:
    return json.dumps({"object": "list", "data": models}).encode()


def test_ollama_is_found_where_its_own_variable_says() -> None:
    with UpstreamProcess(kind="ollama") as ollama:
        found = local_servers({"OLLAMA_HOST": f"0.0.0.0:{ollama.port}"})
    (ours,) = [one for one in found if one.url == ollama.url]
    assert (ours.kind, ours.models) == ("Ollama", ("scripted",))


@pytest.mark.parametrize(
    ("told", "first"),
    [
        ("", "http://127.0.0.1:11434/v1"),
        ("127.0.0.1:9999", "http://127.0.0.1:9999/v1"),
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),
        (":8123", "http://127.0.0.1:8123/v1"),
        ("http://box:1/", "http://box:1/v1"),
        ("https://box", "https://box:11434/v1"),
    ],
)
def test_every_form_of_ollamas_variable(told: str, first: str) -> None:
    assert local_addresses({"OLLAMA_HOST": told})[0] == first


def test_models_that_cannot_chat_are_left_out() -> None:
    models = [{"id": name} for name in ("qwen3:8b", "nomic-embed-text", "bge-m3", "whisper-1", "llama3.2")]
    with server(listed(*models)) as url:
        assert list_models(url).models == ("qwen3:8b", "llama3.2")
    assert chats("attsim-7b")
    assert not chats("kokoro-tts:latest")


def test_the_owner_says_more_than_the_port() -> None:
    with server(listed({"id": "a", "owned_by": "vllm"})) as url:
        assert list_models(url).kind == "vLLM"
    with server(listed({"id": "a"})) as url:
        assert list_models(url).kind in url


def test_a_key_is_asked_for_and_given() -> None:
    with server(listed({"id": "a"}), key="sk-1") as url:
        with pytest.raises(KeyRefused, match="wants a key"):
            list_models(url)
        with pytest.raises(KeyRefused, match="refuses the key"):
            list_models(url, "sk-2")
        assert list_models(url, "sk-1").models == ("a",)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"data": 1}', b'{"data": [1]}', b'{"data": null}'])
def test_what_is_no_list_of_models_says_so(body: bytes) -> None:
    with server(body) as url, pytest.raises(UnavailableError, match="no list of models"):
        list_models(url)


def test_a_server_of_something_else_says_so() -> None:
    with server(b"", 404) as url, pytest.raises(UnavailableError, match="status 404"):
        list_models(url)


@pytest.mark.parametrize(
    ("model", "trouble"),
    [("llama3.2", ""), ("qwen3:8b", ""), ("", ""), ("gone", "no model 'gone'; expected one of: llama")],
)
def test_a_model_that_is_not_there_is_said(model: str, trouble: str) -> None:
    with server(listed({"id": "llama3.2:latest"}, {"id": "qwen3:8b"})) as url:
        said = model_trouble(url, model, "")
    assert trouble in said if trouble else said == ""


def test_lists_that_do_not_say_are_no_trouble() -> None:
    with server(listed({"id": "openai/*"})) as url:
        assert model_trouble(url, "openai/gpt-4o", "") == ""
    with server(listed()) as url:
        assert model_trouble(url, "any", "") == ""
    with server(b"", 404) as url:
        assert model_trouble(url, "any", "") == ""
    assert "no answer" in model_trouble("http://127.0.0.1:1/v1", "any", "")


def test_nobody_there() -> None:
    with pytest.raises(UnavailableError, match="no answer"):
        list_models("http://127.0.0.1:1/v1")


@pytest.mark.parametrize("url", ["", "llama", "ftp://x/v1", "http://", "http://a b/v1", "http://x:99999/v1"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError, match="not the address of a server"):
        list_models(url)
