"""Faults 6, 11, 17 and 18: readers that never read, leaked ids, frames that make no sense, pages from elsewhere."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.upstream import Script
from tests.support.served import Served, ServedProcess
from tests.support.ws import Socket

LIMIT = 1024 * 1024


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    with Served(folder, "--set", "serve.origins=https://kiosk.example") as running:
        yield running


@pytest.fixture
def served(both: Served) -> Served:
    both.upstream.reset()
    return both


@pytest.fixture
def server(served: Served) -> ServedProcess:
    return served.server


def test_channel_that_never_acknowledges_stops_alone(served: Served) -> None:
    served.upstream.default(Script(text="word " * 30))
    sessions = [served.server.create() for _ in range(50)]
    with Socket(served.server.url) as client:
        for ch, (sid, token) in enumerate(sessions, 1):
            client.attach(sid, token, ch=ch, credit=300 if ch == 1 else 65536)
        for ch in range(1, 51):
            client.send(op="send", sequence=1, input="hello", ch=ch)
        got: dict[int, list[str]] = {ch: [] for ch in range(1, 51)}
        while sum(events[-1:] == ["done"] for events in got.values()) < 49:
            op = client.get()
            got[op["ch"]].append(op["t"])
        client.send(op="ping", n=1)
        while (op := client.get())["op"] != "pong":
            got[op["ch"]].append(op["t"])
        sent = len(got[1])
        assert got[1] == ["started", *["delta"] * (sent - 1)]
        assert 3 <= sent <= 5  # frames of about 70 bytes, and the one that reaches the credit
        client.send(op="ack", seq=sent, ch=1)
        again = [client.get()["seq"] for _ in range(sent)]
        assert again == list(range(sent + 1, 2 * sent + 1))


def test_socket_that_never_reads_costs_the_server_little(served: Served) -> None:
    """50 channels of a reply of 2 MB are 100 MB; what the kernel takes aside, the log is the buffer."""
    server = served.server
    served.upstream.default(Script(text=" ".join("x" * 1000 for _ in range(2000))))
    sid, token = server.create()
    with Socket(server.url) as client:
        client.attach(sid, token, credit=2**24)
        client.send(op="send", sequence=1, input="hello")
        client.until_end()
        before = server.memory_mib()
        with socket.create_connection(("127.0.0.1", server.port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.sendall(
                b"GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Protocol: devmode.v1\r\n\r\n"
            )
            for ch in range(50):
                op = {"op": "attach", "session_id": sid, "session_token": token, "ch": ch, "credit": 2**24}
                data = json.dumps(op | {"after": 0, "epoch": _epoch(server, sid, token)}).encode()
                deaf.sendall(b"\x81\xfe" + len(data).to_bytes(2, "big") + b"\0\0\0\0" + data)
            served.upstream.default(Script(text="quick"))
            client.send(op="send", sequence=2, input="and you?")
            assert [op["d"] for op in client.until_end() if op["t"] == "delta"] == ["quick"]
            client.send(op="ping", n=1)
            assert client.get() == {"op": "pong", "n": 1}
            assert server.memory_mib() - before < 20


def _epoch(server: ServedProcess, sid: str, token: str) -> str:
    epoch: str = server.request("GET", f"/v1/sessions/{sid}", token=token)[2]["epoch"]
    return epoch


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x00\x01binary", 1003),
        ("not json", 1007),
        ("[]", 1007),
        ("null", 1007),
        ('{"op": 5}', 1002),
        ('{"no": "op"}', 1002),
        ('{"op": "nonsense"}', 1002),
        ('{"op": "send", "sequence": 1, "input": "before attach"}', 1002),
        ('{"op": "ack", "seq": 1}', 1002),
        ('{"op": "attach", "session_id": 7, "session_token": "x"}', 1007),
        ('{"op": "attach", "session_id": "s", "session_token": "x", "after": -1}', 1007),
        ('{"op": "attach", "session_id": "s", "session_token": "x", "credit": "many"}', 1007),
        ("[" * 100_000, 1007),
        ('{"op": "ping", "n": ' + "9" * 10_000 + "}", 1007),
        ("x" * (LIMIT + 1), 1009),
    ],
    ids=lambda value: value if isinstance(value, int) else repr(value[:40]),
)
def test_frame_that_makes_no_sense_is_closed_with_the_reason(
    server: ServedProcess, frame: str | bytes, code: int
) -> None:
    with Socket(server.url) as client:
        client.raw(frame)
        assert client.closed() == code


def test_text_that_is_not_utf8_is_closed_with_the_reason(server: ServedProcess) -> None:
    with Socket(server.url) as client:
        client.raw_text(b'{"op": "ping", "n": "\xc3"}')
        assert client.closed() == 1007


OPS = st.sampled_from(
    ["auth", "attach", "detach", "send", "commit", "discard", "truncate", "cancel", "ack", "ping", "x"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
NAMES = [
    "session_id",
    "session_token",
    "after",
    "epoch",
    "credit",
    "ch",
    "sequence",
    "input",
    "turn",
    "heard",
    "seq",
    "n",
]
FRAMES = st.builds(
    lambda op, fields: json.dumps({"op": op, **fields}), OPS, st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(FRAMES, min_size=1, max_size=6), attached=st.booleans())
def test_fuzzed_frames_get_answers_or_a_documented_close(
    server: ServedProcess, frames: list[str], attached: bool
) -> None:
    with Socket(server.url) as client:
        if attached:
            client.attach(*server.create())
        try:
            for frame in frames:
                client.raw(frame)
            client.send(op="ping", n=424242)
            while client.get() != {"op": "pong", "n": 424242}:
                pass
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            assert closed.rcvd.code in (1002, 1007, 4001)
    assert server.request("GET", "/healthz")[0] == 200


def test_ten_megabytes_are_refused_and_kept_nowhere(server: ServedProcess) -> None:
    def send() -> None:
        with Socket(server.url) as client:
            with contextlib.suppress(ConnectionClosed):
                client.raw("z" * (10 * LIMIT))
            # Whoever is still sending may get the reset before the reason.
            assert client.closed() in (1009, 1006)

    for _ in range(5):
        send()
    before = server.memory_mib()
    for _ in range(20):
        send()
    assert server.memory_mib() - before < 8


def test_page_from_another_origin_is_refused(server: ServedProcess) -> None:
    for origin in ("https://evil.example", "http://127.0.0.1:1", "null"):
        with pytest.raises(InvalidStatus) as caught, Socket(server.url, origin=origin):
            pass
        assert caught.value.response.status_code == 403
    for origin in ("", server.url, "https://kiosk.example"):
        with Socket(server.url, origin=origin) as client:
            client.send(op="ping", n=1)
            assert client.get() == {"op": "pong", "n": 1}


def test_whoever_has_no_right_token_learns_nothing(server: ServedProcess) -> None:
    sid, token = server.create()
    _, other = server.create()
    _, _, lent = server.request("POST", f"/v1/sessions/{sid}/token", {"scope": "read", "ttl_s": 1}, token=token)
    brief = lent["session_token"]
    while server.request("GET", f"/v1/sessions/{sid}", token=brief)[0] == 200:
        pass  # until it has expired
    doors: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("GET", "/events?after=0", None),
        ("GET", "/usage", None),
        ("POST", "/token", {"scope": "read", "ttl_s": 60}),
        ("DELETE", "", None),
    ]
    wrong = [(sid, ""), (sid, other), (sid, brief), (sid, token[:-1] + "x"), ("s_unknown", token), ("s_unknown", "")]
    for method, path, body in doors:
        said = [server.request(method, f"/v1/sessions/{s}{path}", body, token=t)[::2] for s, t in wrong]
        assert said[0][0] == 404
        assert said[0][1]["error"]["code"] == "session_unknown"
        assert all(answer == said[0] for answer in said)
    with Socket(server.url) as client:
        said_there = [client.attach(s, t) for s, t in wrong]
        assert said_there[0]["code"] == "session_unknown"
        assert all(answer == said_there[0] for answer in said_there)
    assert token not in server.log.read_text()
    assert server.request("GET", f"/v1/sessions/{sid}", token=token)[0] == 200


def test_token_that_may_read_may_not_write(server: ServedProcess) -> None:
    sid, token = server.create()
    _, _, lent = server.request("POST", f"/v1/sessions/{sid}/token", {"scope": "read", "ttl_s": 60}, token=token)
    with Socket(server.url) as client:
        assert client.attach(sid, lent["session_token"])["op"] == "attached"
        client.send(op="send", sequence=1, input="hello")
        answer = client.get()
        assert (answer["op"], answer["code"], answer["re"]) == ("err", "scope_insufficient", "send")
    assert server.request("DELETE", f"/v1/sessions/{sid}", token=lent["session_token"])[0] == 403
