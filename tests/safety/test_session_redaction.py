"""How long a process remembers what was taken out of a session's texts."""

from __future__ import annotations

from voice.safety.filters import screened, screened_data
from voice.safety.redactor import Finder
from voice.safety.session_redaction import MOST, PrivateGuards, Pseudonyms
from voice.sessions.stores.interface import Card

CARD = Card("s_1", "e", token_hash=b"t", key=b"k" * 32)


def test_originals_stay_while_a_session_may_come_back_and_no_longer() -> None:
    guards = PrivateGuards("stored", Finder())
    name = screened(guards.of(CARD), "13800138000")
    guards.leave("s_1", 100.0)
    guards.tidy(99.0)
    assert guards.of(CARD).to_model(name) == "13800138000"
    guards.tidy(101.0)  # it came back, so it is not waited for any more
    assert guards.of(CARD).to_model(name) == "13800138000"
    guards.leave("s_1", 100.0)
    guards.tidy(100.0)
    assert guards.of(CARD).to_model(name) == name
    assert screened(guards.of(CARD), "13800138000") == name, "the name comes from the session's key, not from memory"
    guards.forget("s_1")
    assert guards.of(CARD).own(name) is None


def test_data_is_redacted_in_all_its_texts() -> None:
    guard = PrivateGuards("stored", Finder()).of(CARD)
    data = screened_data(guard, {"label": "mail ada@example.com", "deep": [{"to": "13800138000"}, 5], "on": True})
    assert "ada@" not in str(data)
    assert "138001" not in str(data)
    assert (data["deep"][1], data["on"]) == (5, True)


def test_a_session_keeps_a_bounded_number_of_originals() -> None:
    names = Pseudonyms(b"k")
    made = [names.name("PHONE", str(number), str(number)) for number in range(MOST + 10)]
    assert names.original(made[0]) is None
    assert names.original(made[-1]) == str(MOST + 9)


def test_two_values_with_one_short_name_are_told_apart() -> None:
    names = Pseudonyms(b"k")
    first = names.name("PHONE", "1", "one")
    names._values[first] = ("2", "two")
    other = names.name("PHONE", "1", "one")
    assert (names.original(first), names.original(other)) == ("two", "one")
    assert len(other) > len(first)
