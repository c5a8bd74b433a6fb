"""Placeholders come back as what they stand for, however they are split, and offsets find their way back."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voice.safety.filters import screened
from voice.safety.redactor import Finder
from voice.safety.session_redaction import SessionGuard
from voice.safety.unmask import Unmasking, revealed

KNOWN = {"<PHONE:7f3a9c1e>": "138 0013 8000", "<EMAIL:00000001>": "a@b.io"}
PARTS = st.lists(st.sampled_from([*KNOWN, "<CARD:deadbeef>", "<", "<PHO", "call ", "你好", "a < b", ">"]), max_size=6)


@given(PARTS.map("".join), st.lists(st.integers(0, 80), max_size=5))
def test_every_split_shows_the_same(text: str, cuts: list[int]) -> None:
    revealing = Unmasking(KNOWN.get)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    shown = "".join(revealing.feed(text[start:end]) for start, end in pairwise(edges)) + revealing.flush()
    assert shown == revealed(text, KNOWN.get)
    assert revealing.logged(len(shown)) == len(text)
    back = [revealing.logged(offset) for offset in range(len(shown) + 1)]
    assert back == sorted(back)
    for name in KNOWN:
        place = text.find(name)
        if place >= 0:
            assert not any(place < offset < place + len(name) for offset in back)


def test_what_is_not_known_is_said_in_words_of_the_text() -> None:
    assert revealed("Call <PHONE:7f3a9c1e> now.", lambda name: None) == "Call a phone number now."
    assert revealed("请打<PHONE:7f3a9c1e>", lambda name: None) == "请打一个电话号码"
    assert revealed("<CARD:7f3a9c1e>", lambda name: None, "de") == "eine Kartennummer"
    assert revealed("<WALLET:7f3a9c1e>", lambda name: None) == "something private"


def test_one_number_has_one_name_in_a_session_and_another_elsewhere() -> None:
    ours, theirs = SessionGuard(b"a", "stored", Finder()), SessionGuard(b"b", "stored", Finder())
    spelled = ["138 0013 8000", "+86 138-0013-8000", "one three eight double oh one three eight triple zero",
               "一三八零零一三八零零零", "１３８００１３８０００"]  # fmt: skip
    names = {screened(ours, text) for text in spelled}
    assert len(names) == 1
    assert names.isdisjoint({screened(theirs, text) for text in spelled})
    (name,) = names
    assert ours.own(name) == "138 0013 8000"
    assert screened(ours, name) == name


def test_modes_tell_who_may_see_the_original() -> None:
    seen = {}
    for mode in ("stored", "upstream", "everywhere"):
        guard = SessionGuard(b"k", mode, Finder())
        name = screened(guard, "138 0013 8000")
        seen[mode] = (guard.to_model(f"call {name}") == "call 138 0013 8000", guard.own(name) is not None)
    assert seen == {"stored": (True, True), "upstream": (False, True), "everywhere": (False, False)}
