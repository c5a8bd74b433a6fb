"""Fault 9: what is to be taken out, split at every place and cut off there, is in no frame, log line or database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.upstream import Script
from tests.support.served import Served
from tests.support.ws import Op, Socket

CANARY = "139 0013 9042"
SPOKEN = "one three nine double oh one three nine oh four two"
MAIL = "ada.canary@example.com"
FRAGMENT = re.compile(r"0013 9|00139042|(?<![\w-])9042(?![\w-])|ada\.canary|nine double|oh four two")
"""Pieces of them that tell too much. Four digits count where they stand alone: a random id may hold them."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("privacy")) as running:
        yield running


def clean(text: str) -> None:
    assert not (found := FRAGMENT.search(text)), f"{found} in {text[:400]!r}"


def at_rest(served: Served) -> None:
    """No file of the server has any of it: database, write-ahead log, log lines."""
    for path in [served.server.log, *Path(served.folder).glob("sessions.db*")]:
        assert not (found := FRAGMENT.search(path.read_bytes().decode("latin-1"))), (path.name, found)


def deltas(events: list[Op]) -> str:
    return "".join(event["d"] for event in events if event.get("t") == "delta")


@pytest.mark.parametrize("private", [CANARY, SPOKEN, MAIL])
def test_a_reply_split_at_every_character_tells_nothing(served: Served, private: str) -> None:
    reply = f"Call {private} now."
    every = range(1, len(reply))
    served.upstream.queue(Script(text=reply, cuts=tuple(every)), *(Script(text=reply, cuts=(cut,)) for cut in every))
    sid, token = served.server.create()
    with Socket(served.server.url) as socket:
        socket.attach(sid, token)
        for sequence in range(1, len(reply) + 1):
            socket.send(op="send", sequence=sequence, input="who?")
            events = socket.until_end()
            clean(json.dumps(events))
            assert re.fullmatch(r"Call <(PHONE|EMAIL):[0-9a-f]{8}> now\.", deltas(events))
            socket.send(op="ack", seq=events[-1]["seq"])
    at_rest(served)


@pytest.mark.parametrize("private", [CANARY, SPOKEN, MAIL])
def test_a_model_server_cut_off_at_every_character_tells_no_fragment(served: Served, private: str) -> None:
    before = "Well then, call "  # words that were delivered, so that the request is not tried again
    reply = f"{before}{private} now."
    cuts = range(len(before) + 1, len(reply))
    served.upstream.queue(*(Script(text=reply, cuts=(cut,), fault="cut", after=1) for cut in cuts))
    sid, token = served.server.create()
    with Socket(served.server.url) as socket:
        socket.attach(sid, token)
        for sequence in range(1, len(cuts) + 1):
            socket.send(op="send", sequence=sequence, input="who?")
            events = socket.until_end()
            clean(json.dumps(events))
            assert events[-1]["t"] == "failed"
            socket.send(op="ack", seq=events[-1]["seq"])
    at_rest(served)


def test_a_client_cut_off_at_every_event_resumes_without_it(served: Served) -> None:
    served.upstream.default(
        Script(text=(text := f"Well, call {CANARY} or {MAIL} now."), cuts=tuple(range(3, len(text), 3)))
    )
    sid, token = served.server.create()
    seen: list[Op] = []
    with Socket(served.server.url) as socket:
        epoch = socket.attach(sid, token)["epoch"]
        socket.send(op="send", sequence=1, input=f"I am {MAIL}")
    while not seen or seen[-1]["t"] != "done":
        with Socket(served.server.url) as socket:  # one event, then the connection is gone
            socket.attach(sid, token, after=len(seen), epoch=epoch, credit=1)
            seen.append(socket.get())
    clean(json.dumps(seen))
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    with Socket(served.server.url) as socket:
        clean(json.dumps(socket.attach(sid, token)))
    _, _, state = served.server.request("GET", f"/v1/sessions/{sid}", token=token)
    clean(json.dumps(state))
    _, _, log = served.server.request("GET", f"/v1/sessions/{sid}/events", token=token)
    clean(json.dumps(log))
    at_rest(served)


def test_a_persons_words_are_redacted_on_every_way_in_and_the_model_reads_them(served: Served) -> None:
    served.upstream.reset()
    served.upstream.default(Script(text="Fine."))
    words = f"call {CANARY}, {SPOKEN} or {MAIL}"
    sid, token = served.server.create()
    with Socket(served.server.url) as socket:
        socket.attach(sid, token)
        socket.send(op="send", sequence=1, input=words, msg_id=MAIL)
        events = socket.until_end()
        socket.send(op="send", sequence=2, input=words, draft=True)
        events += socket.until_end()
        socket.send(op="discard", turn=2)
        events.append(socket.get())
        socket.send(op="send", sequence=5, input=words, msg_id=MAIL)
        refused = socket.get()
    clean(json.dumps(events))
    clean(json.dumps({**refused, "msg_id": ""}))
    asked = served.upstream.asked()["bodies"][0]["messages"][-1]["content"]
    assert CANARY in asked
    assert MAIL in asked
    turn = {"developer_mode": True, "session_id": sid, "sequence": 3,
            "messages": [{"role": "user", "content": words}]}  # fmt: skip
    _, _, whole = served.server.request("POST", "/v1/chat/completions", turn, token=token)
    items = [{"session_id": sid, "session_token": token, "sequence": 4, "input": words}]
    _, _, batch = served.server.request("POST", "/v1/batch", {"items": items})
    _, _, log = served.server.request("GET", f"/v1/sessions/{sid}/events", token=token)
    clean(json.dumps([whole, batch, log]))
    assert json.dumps(log).count("<PHONE:") >= 4
    at_rest(served)


def test_a_wrong_request_is_refused_without_repeating_what_stood_in_it(served: Served) -> None:
    sid, token = served.server.create()
    for body in (
        {"developer_mode": True, "session_id": sid, "sequence": MAIL, "messages": [{"role": "user", "content": "x"}]},
        {"messages": CANARY},
        {"messages": [{"role": MAIL, "content": CANARY}]},
    ):
        status, _, told = served.server.request("POST", "/v1/chat/completions", body, token=token)
        assert status in (400, 422)
        clean(json.dumps(told))
    at_rest(served)


def test_a_model_server_that_quotes_the_request_in_its_error_tells_nothing(served: Served) -> None:
    served.upstream.default(Script(status=400, message=f"cannot answer: call {CANARY}"))
    sid, token = served.server.create()
    with Socket(served.server.url) as socket:
        socket.attach(sid, token)
        socket.send(op="send", sequence=1, input=f"call {CANARY}")
        events = socket.until_end()
    assert events[-1]["t"] == "failed"
    clean(json.dumps(events))
    at_rest(served)


@pytest.mark.parametrize("mode", ["upstream", "everywhere"])
def test_the_model_server_reads_no_private_word_where_it_may_not(tmp_path: Path, mode: str) -> None:
    with Served(tmp_path, "--set", f"safety.redact={mode}") as served:
        served.upstream.default(Script(text="Fine."))
        sid, token = served.server.create()
        with Socket(served.server.url) as socket:
            socket.attach(sid, token)
            socket.send(op="send", sequence=1, input=f"call {CANARY}")
            socket.until_end()
            socket.send(op="send", sequence=2, input="again")
            socket.until_end()
        stateless = {"messages": [{"role": "user", "content": f"call {CANARY}"}]}
        assert served.server.request("POST", "/v1/chat/completions", stateless)[0] == 200
        bodies = json.dumps(served.upstream.asked()["bodies"])
        clean(bodies)
        assert bodies.count("<PHONE:") == 3
        at_rest(served)
