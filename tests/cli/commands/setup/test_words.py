"""The sentences of `voice setup` in Chinese: all that it can say, with the same values in them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from string import Formatter

from voice.cli.commands.setup import questions, wizard
from voice.cli.commands.setup.words import CHINESE, worded


def said() -> Iterator[str]:
    """What the sources give to `self._(…)` and `say(…)`, and the names of the steps."""
    for module in (wizard, questions):
        for call in ast.walk(ast.parse(inspect.getsource(module))):
            name = getattr(call, "func", None)
            if isinstance(call, ast.Call) and (getattr(name, "attr", "") == "_" or getattr(name, "id", "") == "say"):
                texts = [one.value for one in ast.walk(call.args[0]) if isinstance(one, ast.Constant)]
                yield from (text for text in texts if isinstance(text, str))
    yield from (what for what, _ in questions.STEPS.values())
    yield from ("keep {name}", "try {name}", "try {name} (fetches {size} MB)")


def fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


def test_every_sentence_is_there_in_chinese_and_no_other() -> None:
    assert set(said()) == set(CHINESE)
    assert [text for text, chinese in CHINESE.items() if fields(text) != fields(chinese)] == []


def test_other_languages_get_english() -> None:
    assert worded("zh", "try {name}", name="joe") == "试听 joe"
    assert worded("fr", "try {name}", name="joe") == "try joe"
