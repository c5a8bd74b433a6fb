"""Earlier talks in a memory: found by their words, the newer before the older, gone with their conversation."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from voice.memory.talks import talk_book
from voice.memory.talks.talk_book import (
    all_talks,
    count_talks,
    drop_conversation,
    expire,
    has_old,
    has_turn,
    note,
    search,
)
from voice.memory.talks.talk_questions import EarlierTurn, talk_question
from voice.memory.vault import Vault, Who

NOW = datetime(2026, 11, 27, 12, 0)


@pytest.fixture
def book() -> Iterator[sqlite3.Connection]:
    with Vault(None, bytes).writing(Who("", "ann")) as database:
        yield database


def keep(book: sqlite3.Connection, *said: str, ago: timedelta = timedelta(days=1), sid: str = "s") -> None:
    for number, words in enumerate(said):
        note(book, sid, number, EarlierTurn(NOW - ago + timedelta(minutes=number), words, ""))


def asked(book: sqlite3.Connection, words: str) -> list[str]:
    question = talk_question(words, NOW.date())
    assert question is not None, words
    return [talk.said for talk in search(book, question, NOW)]


def test_a_topic_is_found_by_its_words_in_both_languages(book: sqlite3.Connection) -> None:
    keep(
        book,
        "I have to see the dentist on Friday",
        "my bicycle has a flat tyre",
        "我想把花园的墙刷成白色",
        "今天牙医说要拔牙",
    )
    assert asked(book, "did I mention the dentist?")[0] == "I have to see the dentist on Friday"
    assert asked(book, "what did I say about my bike")[0] == "my bicycle has a flat tyre"
    assert asked(book, "我有没有说过花园的墙")[0] == "我想把花园的墙刷成白色"
    assert asked(book, "我跟你提过牙医吗")[0] == "今天牙医说要拔牙"
    assert asked(book, "did I mention a submarine") == []


def test_of_two_alike_the_newer_is_first(book: sqlite3.Connection) -> None:
    keep(book, "the boiler makes a noise", ago=timedelta(days=200), sid="old")
    keep(book, "the boiler makes a sound", ago=timedelta(days=2), sid="new")
    assert asked(book, "what did I tell you about the boiler") == [
        "the boiler makes a sound",
        "the boiler makes a noise",
    ]


def test_a_day_and_the_last_talk_are_told_in_their_order(book: sqlite3.Connection) -> None:
    keep(book, "one about cats", "two about dogs", ago=timedelta(days=2), sid="a")
    keep(book, "three about birds", "four about fish", ago=timedelta(days=1), sid="b")
    keep(book, "five about cows", ago=timedelta(minutes=5), sid="b2")
    assert asked(book, "what did we talk about yesterday") == ["three about birds", "four about fish"]
    assert asked(book, "what did we talk about last time") == ["three about birds", "four about fish"]
    assert asked(book, "我们今天聊了什么") == ["five about cows"]
    assert asked(book, "what did we discuss on Monday") == []


def test_a_turn_is_kept_once_and_may_become_less(book: sqlite3.Connection) -> None:
    note(book, "s", 1, EarlierTurn(NOW, "the word is swordfish", "Yes, swordfish, and more."))
    note(book, "s", 1, EarlierTurn(NOW + timedelta(hours=1), "the word is swordfish", "Yes"))
    assert all_talks(book) == [EarlierTurn(NOW, "the word is swordfish", "Yes")]
    note(book, "s", 1, EarlierTurn(NOW, "", ""))
    assert count_talks(book) == 0


def test_what_is_forgotten_is_in_no_page_of_the_image(book: sqlite3.Connection) -> None:
    keep(book, *(f"the word is swordfish {number}" for number in range(50)), sid="a")
    keep(book, "something else", sid="b")
    book.commit()
    assert b"swordfish" in book.serialize()
    assert has_turn(book, "a")
    drop_conversation(book, "a")
    book.commit()
    assert not has_turn(book, "a")
    assert b"swordfish" not in book.serialize()
    assert b"sword" not in book.serialize()


def test_old_turns_and_those_over_the_limit_go(book: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_old(book, date.max)
    drop_conversation(book, "none")
    monkeypatch.setattr(talk_book, "MOST_TALKS", 3)
    keep(book, "a", "b", "c", "d", ago=timedelta(days=9))
    assert [talk.said for talk in all_talks(book)] == ["b", "c", "d"]
    assert has_old(book, NOW.date())
    expire(book, NOW.date())
    assert count_talks(book) == 0
    assert search(None, talk_question("did I mention x1", NOW.date()), NOW) == []  # type: ignore[arg-type]


def test_marks_and_quotes_in_a_question_are_only_words(book: sqlite3.Connection) -> None:
    keep(book, 'she calls it "x\' OR 1=1 --"; NEAR(a b)')
    for words in ('did I mention "x\' OR 1=1 --"', "did I mention NEAR(a b) AND NOT *", "我提过 words : ( 吗"):
        asked(book, words)
