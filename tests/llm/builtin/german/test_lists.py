"""Lists in German: what the words ask the tool for, and what it says."""

from __future__ import annotations

from datetime import datetime

import pytest

from voice.llm.builtin.list_words import list_name, list_request
from voice.llm.builtin.question import Question

SHOPPING = {"list": "shopping"}


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Setz Milch auf die Einkaufsliste", {"action": "add", **SHOPPING, "items": ["Milch"]}),
        ("Setze Milch, Eier und Brot auf die Liste", {"action": "add", **SHOPPING, "items": ["Milch", "Eier", "Brot"]}),
        ("Füge Äpfel zur Einkaufsliste hinzu", {"action": "add", **SHOPPING, "items": ["Äpfel"]}),
        ("Milch auf die Einkaufsliste", {"action": "add", **SHOPPING, "items": ["Milch"]}),
        ("Kannst du bitte die Milch auf die Liste setzen?", {"action": "add", **SHOPPING, "items": ["Milch"]}),
        ("Schreib auf die Einkaufsliste Milch und Butter", {"action": "add", **SHOPPING, "items": ["Milch", "Butter"]}),
        ("Setz drei Äpfel auf die Liste", {"action": "add", **SHOPPING, "items": ["drei Äpfel"]}),
        (
            "Setz Müll rausbringen auf meine To-do-Liste",
            {"action": "add", "list": "to do", "items": ["Müll rausbringen"]},
        ),
        ("Pack Zahnpasta auf die Packliste", {"action": "add", "list": "pack", "items": ["Zahnpasta"]}),
        ("Schreib Ballons auf die Liste für die Party", {"action": "add", "list": "party", "items": ["Ballons"]}),
        ("Was steht auf der Liste?", {"action": "read", **SHOPPING}),
        ("Lies meine Einkaufsliste vor", {"action": "read", **SHOPPING}),
        ("Was muss ich einkaufen?", {"action": "read", **SHOPPING}),
        ("Streich Milch von der Liste", {"action": "remove", **SHOPPING, "items": ["Milch"]}),
        ("Nimm Milch und Eier von der Liste runter", {"action": "remove", **SHOPPING, "items": ["Milch", "Eier"]}),
        ("Leere die Einkaufsliste", {"action": "clear", **SHOPPING}),
        ("Lösch alles von der Liste", {"action": "clear", **SHOPPING}),
        ("Welche Listen habe ich?", {"action": "names"}),
        ("Steht Milch auf der Liste?", None),
        ("Setz auf die Liste", None),
        ("Stell einen Timer auf zehn Minuten", None),
    ],
)
def test_lists_are_asked_for(said: str, asked: dict[str, object] | None) -> None:
    assert list_request(Question(said, datetime(2026, 11, 22))) == asked


def test_lists_have_german_names() -> None:
    names = [list_name(name, "de") for name in ("shopping", "to do", "party", "new year")]
    assert names == ["Einkaufsliste", "To-do-Liste", "Partyliste", "Liste new year"]
