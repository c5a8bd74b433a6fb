"""A turn of the log, told as a response: every event has the package's form, and together they are the response."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.responses import checked
from voice.server.openai_api.responses.events import ResponseWriter
from voice.server.openai_api.responses.items import ItemNames
from voice.server.openai_api.responses.request import base
from voice.sessions.log import ENDS, Event

BASE = base({}, {"response": {"created_at": 1, "model": "m"}}, "resp_1", "")
CALL = {"call_id": "c1", "name": "light", "arguments": '{"on": true}'}

deltas = st.text(max_size=5).map(lambda text: ("delta", text))
calls = st.just(("effect", {"kind": "function_call", "data": CALL}))
others = st.sampled_from([("effect", {"kind": "timer", "data": {}}), ("call", CALL), ("result", {"call_id": "c1"})])
USED = {"usage": {"input": 3, "cached": 1, "output": 2, "estimated": False}}
FAILED = {"code": "upstream_cut", "message": "cut", "temporary": True, **USED}
ends = st.one_of(
    st.sampled_from([{}, {"blocked": "reply"}, {"finish": "length"}, {"finish": "tool_calls"}]).map(
        lambda more: ("done", USED | more)
    ),
    st.sampled_from([("failed", FAILED), ("retry_failed", FAILED), ("cancelled", USED), ("cancelled", None)]),
)
turns = st.tuples(st.lists(st.one_of(deltas, calls, others), max_size=8), ends)


def told(steps: list[tuple[str, Any]], end: tuple[str, Any]) -> tuple[list[dict[str, Any]], ResponseWriter]:
    writer = ResponseWriter(BASE, ItemNames("s_x", 1))
    log = [("started", {"input": "hi", "draft": False}), *steps, end]
    return [one for seq, (t, d) in enumerate(log, 1) for one in writer.take(Event(seq, 1, t, d))], writer


@given(turns)
def test_every_event_has_the_form_of_the_package_and_its_number(turn: tuple[list[Any], Any]) -> None:
    events, writer = told(*turn)
    assert [checked(event)["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["response"] == writer.response()
    assert writer.ended
    assert turn[1][0] in ENDS


@given(turns)
def test_the_pieces_are_the_whole(turn: tuple[list[Any], Any]) -> None:
    events, writer = told(*turn)
    output = writer.response()["output"]
    done = {event["output_index"]: event["item"] for event in events if event["type"] == "response.output_item.done"}
    assert [done[index] for index in range(len(output))] == output
    pieces: dict[str, str] = {}
    for event in events:
        if event["type"].endswith(".delta"):
            pieces[event["item_id"]] = pieces.get(event["item_id"], "") + event["delta"]
    assert pieces == {
        item["id"]: item["content"][0]["text"] if item["type"] == "message" else item["arguments"] for item in output
    }
    said = "".join(d for t, d in turn[0] if t == "delta")
    assert "".join(item["content"][0]["text"] for item in output if item["type"] == "message") == said


def test_how_a_response_ends() -> None:
    def end(t: str, d: Any) -> tuple[str, Any, Any]:
        response = told([("delta", "a")], (t, d))[0][-1]["response"]
        return response["status"], response["incomplete_details"], response["error"]

    assert end("done", USED) == ("completed", None, None)
    assert end("done", USED | {"blocked": "input"}) == ("incomplete", {"reason": "content_filter"}, None)
    assert end("done", USED | {"finish": "length"}) == ("incomplete", {"reason": "max_output_tokens"}, None)
    assert end("cancelled", None) == ("cancelled", None, None)
    error = {"code": "server_error", "message": "cut (upstream_cut)"}
    assert end("failed", FAILED) == ("failed", None, error)
    limited = FAILED | {"code": "upstream_rate_limited"}
    assert end("failed", limited)[2]["code"] == "rate_limit_exceeded"
