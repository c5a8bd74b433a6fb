"""Ops as they come from a peer: taken, or a close code that says why not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.server.websocket_messages import FIELDS, Closing, parse


@pytest.mark.parametrize(
    ("text", "op"),
    [
        ('{"op":"ping"}', {"op": "ping", "ch": 0}),
        ('{"op":"ping","n":null,"ch":3,"more":[1]}', {"op": "ping", "ch": 3}),
        ('{"op":"truncate","turn":1,"heard":0}', {"op": "truncate", "ch": 0, "turn": 1, "heard": 0}),
        (
            '{"op":"send","sequence":1,"input":"天 \\ud83d\\ude42","draft":true}',
            {"op": "send", "ch": 0, "sequence": 1, "input": "天 🙂", "draft": True},
        ),
    ],
)
def test_ops_are_taken(text: str, op: dict[str, object]) -> None:
    assert parse(text) == op


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", 1007, "JSON"),
        ("[]", 1007, "object"),
        ('"ping"', 1007, "object"),
        ("{}", 1002, "unknown op"),
        ('{"op":["ping"]}', 1002, "unknown op"),
        ('{"op":"shout"}', 1002, "unknown op"),
        ('{"op":"ping","n":1.5}', 1007, "ping.n"),
        ('{"op":"ping","n":true}', 1007, "ping.n"),
        ('{"op":"ping","n":-1}', 1007, "ping.n"),
        ('{"op":"ping","ch":"0"}', 1007, "ping.ch"),
        ('{"op":"send","sequence":1}', 1007, "send.input"),
        ('{"op":"send","sequence":1,"input":null}', 1007, "send.input"),
        ('{"op":"send","sequence":1,"input":"x","draft":1}', 1007, "send.draft"),
        ('{"op":"send","sequence":1,"input":"x","options":[]}', 1007, "send.options"),
        ('{"op":"send","sequence":1,"input":"\\ud800"}', 1007, "UTF-8"),
        ('{"op":"send","sequence":1,"input":"x","options":{"t":NaN}}', 1007, "JSON"),
        ('{"op":"send","sequence":1,"input":"x","options":{"t":1e999}}', 1007, "JSON"),
        ('{"op":"ack","seq":' + "9" * 5000 + "}", 1007, "JSON"),
        ("[" * 100_000, 1007, "JSON"),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_code(text: str, code: int, words: str) -> None:
    with pytest.raises(Closing) as caught:
        parse(text)
    assert caught.value.code == code
    assert words in caught.value.reason
    assert len(caught.value.reason.encode()) <= 120


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(sorted({field.removesuffix("?") for fields in FIELDS.values() for field in fields} | {"ch"}))


@given(st.sampled_from([*FIELDS, "other"]), st.dictionaries(names, json_values, max_size=6))
def test_any_fields_are_taken_whole_or_refused(op: str, fields: dict[str, object]) -> None:
    try:
        found = parse(json.dumps({**fields, "op": op}))
    except Closing:
        return
    json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    assert found["op"] == op
    assert all(f"{name}?" in FIELDS[op] or name in FIELDS[op] for name in found.keys() - {"op", "ch"})


@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        parse(text)
    except Closing as closing:
        assert closing.code in (1002, 1007)
