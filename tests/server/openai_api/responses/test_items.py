"""Items in and out: what is read as what, what is refused by its name, pages, and names that say where they belong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.server.openai_api.responses.items import ItemNames, metadata, page, place_of, read, told_turn, words_of
from voice.sessions.log import Refused, SessionTurn


def test_items_become_messages_and_the_last_words_of_the_user_their_turn() -> None:
    found = read(
        [
            {"role": "developer", "content": "Be brief."},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "light"}]},
            {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "light", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "on"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            {"role": "user", "content": "why"},
        ],
        "input",
    )
    assert words_of(found) == "why"
    assert found == [
        {"role": "system", "text": "Be brief."},
        {"role": "user", "text": "light"},
        {"role": "assistant", "text": "", "calls": [{"call_id": "c", "name": "light", "arguments": "{}"}]},
        {"role": "tool", "text": "on", "call_id": "c"},
        {"role": "assistant", "text": "No."},
    ]
    assert words_of(found) == ""
    assert read("hello", "input") == [{"role": "user", "text": "hello"}]


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "item_reference", "id": "x"}, "input[0].type"),
        ({"role": "critic", "content": "x"}, "input[0].role"),
        ({"role": "user"}, "input[0].content"),
        ({"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}, "input[0].content[0].type"),
        ({"role": "user", "content": [5]}, "input[0].content[0].type"),
        ({"role": "user", "content": [{"type": "input_text"}]}, "input[0].content[0].text"),
        ({"type": "function_call", "call_id": "c", "name": 5, "arguments": "{}"}, "input[0].name"),
        ({"type": "function_call_output", "call_id": "c"}, "input[0].output"),
    ],
)
def test_what_cannot_pass_is_refused_by_its_name(item: dict[str, Any], param: str) -> None:
    with pytest.raises(Refused) as caught:
        read([item], "input")
    assert (caught.value.code, caught.value.param) == ("bad_request", param)


@given(st.integers(1, 10**9), st.sampled_from(["reply", "input", "before12", "call0"]))
def test_a_name_says_its_turn_and_part(turn: int, part: str) -> None:
    assert place_of(ItemNames("s_a_b-c", turn).of("msg", part)) == (turn, part)


@given(st.text())
def test_other_names_say_nothing(name: str) -> None:
    assert place_of(name)[0] >= 0


def test_parts_that_were_removed_are_not_told() -> None:
    call = {"call_id": "c", "name": "light", "arguments": "{}"}
    turn = SessionTurn(3, "go", "", 1, running=False, parts=["on"], length=2, calls=[call],
                       options={"before": [{"role": "user", "text": "hi"}]})  # fmt: skip
    told = [item["id"] for item in told_turn("s_x", turn)]
    assert [place_of(name) for name in told] == [(3, "before0"), (3, "input"), (3, "reply"), (3, "call0")]
    turn.removed += ["before0", "reply", "call0"]
    assert [item["id"] for item in told_turn("s_x", turn)] == [told[1]]


def test_pages() -> None:
    items = [{"id": f"i{n}"} for n in range(5)]

    def names(**how: Any) -> tuple[list[str], bool]:
        given: dict[str, Any] = {"after": "", "limit": 2, "order": "asc", **how}
        found = page(items, **given)
        assert found["first_id"] == (found["data"][0]["id"] if found["data"] else "")
        return [item["id"] for item in found["data"]], found["has_more"]

    assert names() == (["i0", "i1"], True)
    assert names(after="i2") == (["i3", "i4"], False)
    assert names(after="i4") == ([], False)
    assert names(order="desc", after="i3") == (["i2", "i1"], True)
    with pytest.raises(Refused):
        names(after="other")


def test_metadata_has_limits() -> None:
    assert metadata({"a": "b"}) == {"a": "b"}
    for wrong in ({str(n): "" for n in range(17)}, {"a" * 65: ""}, {"a": "b" * 513}):
        with pytest.raises(Refused):
            metadata(wrong)
