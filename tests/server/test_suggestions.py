"""Which questions of an owner's notes are suggested."""

from __future__ import annotations

from voice.server.kiosk_page import suggestions


def test_the_first_question_of_each_heading_file_by_file() -> None:
    files = [
        ["How far is the Moon? What is the distance to the Moon?", "Is Pluto a planet?"],
        ["Opening hours: when are you open? Are you open on Sunday?"],
    ]
    assert suggestions(files, "en") == [
        "How far is the Moon?",
        "Opening hours: when are you open?",
        "Is Pluto a planet?",
    ]


def test_each_language_has_its_own() -> None:
    files = [["天空为什么是蓝色的？天为什么蓝？", "Why is the sky blue?"]]
    assert suggestions(files, "zh") == ["天空为什么是蓝色的？"]
    assert suggestions(files, "en") == ["Why is the sky blue?"]
    assert suggestions([], "en") == []


def test_headings_that_ask_nothing_are_topics_where_none_asks() -> None:
    assert suggestions([["Opening hours", "The garden"]], "en") == ["Opening hours", "The garden"]
    assert suggestions([["Opening hours", "Where is the garden?"]], "en") == ["Where is the garden?"]


def test_none_twice_and_none_that_cannot_be_taken_in_at_a_glance() -> None:
    long = "What " + "very " * 20 + "long question?"
    assert suggestions([["Why?", long], ["Why?"]], "en") == ["Why?"]
