"""A peer that sends what no client does: every answer is an error in OpenAI's form, and no traceback is logged."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.patience import PATIENCE_S
from tests.support.served import ServedProcess
from voice.audio.wav import wav_header

WORDS, SPEECH, CALLS = "/v1/audio/transcriptions", "/v1/audio/speech", "/v1/realtime/calls"
SAY = {"model": "tts-1", "voice": "alloy", "input": "hi"}
HALF_SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4"
SDP, FORM, JSON = "application/sdp", "multipart/form-data; boundary=x", "application/json"
LONG_S, MOST_GROWTH_MIB = 900, 20
"""A quarter of an hour is 29 MB at 16 kHz: memory that grew with the length would show."""

Body = dict[str, Any] | bytes


def form(file: bytes, **fields: str) -> bytes:
    """A form with a recording, its boundary x."""
    parts = [
        f'--x\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    head = '--x\r\ncontent-disposition: form-data; name="file"; filename="said.wav"\r\n\r\n'
    return "".join(parts).encode() + head.encode() + file + b"\r\n--x--\r\n"


EMPTY = form(b"", model="whisper-1")
WRONG: list[tuple[str, str, Body, str, int, str]] = [
    ("an unknown model", "/v1/responses", {"model": 7, "input": "hi"}, JSON, 400, "bad_request"),
    ("an unknown recognizer", WORDS, form(b"x", model="whisper-9"), FORM, 404, "model_unknown"),
    ("an unknown speaker", SPEECH, {**SAY, "model": "tts-9"}, JSON, 404, "model_unknown"),
    ("a format of words", WORDS, form(b"x", model="whisper-1", response_format="docx"), FORM, 400, "bad_request"),
    ("a format of sound", SPEECH, {**SAY, "response_format": "midi"}, JSON, 400, "bad_request"),
    ("a format of text", "/v1/responses", {"text": {"format": {"type": "xml"}}}, JSON, 400, "bad_request"),
    ("no bytes of sound", WORDS, EMPTY, FORM, 400, "bad_request"),
    ("no bytes at all", WORDS, b"", FORM, 400, "bad_request"),
    ("a form without an end", WORDS, EMPTY[:-20], FORM, 400, "bad_request"),
    ("a picture", WORDS, form(b"\x89PNG\r\n\x1a\n" + bytes(99), model="whisper-1"), FORM, 400, "bad_request"),
    ("a form as JSON", WORDS, {"model": "whisper-1"}, JSON, 400, "bad_request"),
    ("JSON as text", SPEECH, json.dumps(SAY).encode(), "text/plain", 400, "bad_request"),
    ("JSON as a form", "/v1/responses", EMPTY, FORM, 400, "bad_request"),
    ("half of JSON", "/v1/responses", b'{"input": "x', JSON, 400, "bad_request"),
    ("no UTF-8", "/v1/conversations", b'{"metadata": {"a": "\xff"}}', JSON, 400, "bad_request"),
    ("deep JSON", "/v1/responses", b'{"input": ' + b"[" * 50_000, JSON, 400, "bad_request"),
    ("too much JSON", "/v1/responses", {"input": "x" * 3_000_000}, JSON, 413, "body_too_large"),
    ("half an offer", CALLS, HALF_SDP, SDP, 400, "invalid_offer"),
    ("an offer of nothing", CALLS, b"", SDP, 400, "invalid_offer"),
    ("an offer as JSON", CALLS, {"sdp": "v=0"}, JSON, 415, "media_type"),
    ("the end of a call of others", f"{CALLS}/rtc_1/hangup", b"", JSON, 404, "call_unknown"),
    ("a call over SIP", f"{CALLS}/rtc_1/accept", {"type": "realtime"}, JSON, 400, "unsupported_session"),
    ("joining a call", f"{CALLS}?call_id=rtc_1", HALF_SDP, SDP, 400, "unsupported_session"),
    ("what is not served", "/v1/embeddings", {"input": "x"}, JSON, 404, "not_found"),
]  # fmt: skip

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=6,
)
FIELDS = ["input", "instructions", "tools", "tool_choice", "text", "stream", "store", "conversation", "truncation",
          "previous_response_id", "metadata", "items", "model", "voice", "speed", "session", "expires_after",
          "temperature", "max_output_tokens", "reasoning", "include"]  # fmt: skip
PATHS = ["/v1/responses", "/v1/conversations", SPEECH, "/v1/moderations", "/v1/realtime/client_secrets"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProcess]:
    flags = ("--set", "asr.engine=pocketsphinx", "--set", "tts.engine=espeak", "--set", "serve.audio_mb=64")
    with ServedProcess(tmp_path_factory.mktemp("serve"), "builtin", *flags) as running:
        yield running
        assert "Traceback" not in running.log.read_text()


@pytest.fixture(scope="module")
def http(server: ServedProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_S, trust_env=False) as client:
        yield client


def checked(answer: httpx.Response) -> dict[str, Any]:
    """The error of an answer, in the form that OpenAI's clients read."""
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert error["message"]
    assert error["type"].endswith("_error")
    assert isinstance(error["code"], str)
    assert error["param"] is None or isinstance(error["param"], str)
    return error


@pytest.mark.parametrize(
    ("path", "body", "kind", "status", "code"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG]
)
def test_what_is_wrong_is_named(http: httpx.Client, path: str, body: Body, kind: str, status: int, code: str) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = http.post(path, content=data, headers={"content-type": kind})
    assert (answer.status_code, checked(answer)["code"]) == (status, code), answer.text


def test_a_path_that_is_far_from_all_names_those_that_are_served(http: httpx.Client) -> None:
    error = checked(http.get("/v1/assistants/a/files/b"))
    assert {"/v1/responses", "/v1/audio/speech", "/v1/models"} <= set(error["expected"].split(", "))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(st.sampled_from(PATHS), st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=5) | ANY)
def test_any_json_is_answered_or_refused(http: httpx.Client, path: str, body: Any) -> None:
    answer = http.post(path, json=body)
    if answer.status_code != 200:
        assert 400 <= answer.status_code < 500
        checked(answer)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(st.binary(max_size=300), st.sampled_from([b"RIFF", b"OggS", b"fLaC", b"ID3\x04", b"\x1aE\xdf\xa3", b""]))
def test_any_bytes_are_no_recording(http: httpx.Client, data: bytes, magic: bytes) -> None:
    answer = http.post(WORDS, content=form(magic + data, model="whisper-1"), headers={"content-type": FORM})
    if answer.status_code != 200:
        assert answer.status_code == 400
        checked(answer)


def test_a_long_recording_is_read_with_flat_memory_and_a_larger_one_is_refused_before_it_has_come(
    server: ServedProcess, http: httpx.Client
) -> None:
    def pieces(seconds: int) -> Iterator[bytes]:
        """A recording of silence at 16 kHz, of which no one says how long it is."""
        whole = form(wav_header(16_000, 32_000 * seconds), model="whisper-1")
        head, _, tail = whole.partition(b"\r\n--x--")
        yield head
        yield from (bytes(32_000) for _ in range(seconds))
        yield b"\r\n--x--" + tail

    def sent(seconds: int) -> httpx.Response:
        return http.post(WORDS, content=pieces(seconds), headers={"content-type": FORM})

    assert sent(120).json()["text"] == ""  # buffers grow to their size
    before = server.memory_mib("VmHWM")
    found = sent(LONG_S).json()
    assert found["usage"]["seconds"] == LONG_S
    assert server.memory_mib("VmHWM") - before < MOST_GROWTH_MIB
    with socket.create_connection(("127.0.0.1", server.port)) as link:
        head = f"POST {WORDS} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {FORM}\r\ncontent-length: {2**40}\r\n\r\n"
        link.sendall(head.encode())
        link.settimeout(PATIENCE_S)
        assert link.recv(4096).startswith(b"HTTP/1.1 413")
