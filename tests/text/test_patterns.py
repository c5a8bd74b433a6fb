"""Patterns are compiled when they are first used; here all of them are."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import voice
from voice.text.patterns import compile_all, pattern_of

PACKAGE = Path(voice.__file__).parent


def test_it_is_used_as_any_pattern() -> None:
    words = pattern_of(r"(\w+)-(\w+)", re.IGNORECASE)
    assert words.search("a-b") and words.match("a-b") and words.fullmatch("A-b")
    assert words.sub(r"\2 \1", "a-b") == "b a"
    assert words.subn("", "a-b") == ("", 1)
    assert words.findall("a-b c-d") == [("a", "b"), ("c", "d")]
    assert [found[2] for found in words.finditer("a-b c-d")] == ["b", "d"]
    assert pattern_of(r",\s*").split("a, b") == ["a", "b"]
    assert words.pattern == r"(\w+)-(\w+)" and words.flags & re.IGNORECASE
    with pytest.raises(AttributeError):
        words.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_every_pattern_of_the_product_can_be_compiled() -> None:
    for file in PACKAGE.rglob("*.py"):
        if "pattern_of(" in file.read_text(encoding="utf-8"):
            import_module(".".join(("voice", *file.relative_to(PACKAGE).with_suffix("").parts)))
    compile_all()
    made = [found for found in gc.get_objects() if type(found) is type(pattern_of(""))]
    assert len(made) > 400
    assert sum("search" not in vars(found) for found in made) <= 1, "but for the one that was made to compare"
    wrong = pattern_of("(")
    with pytest.raises(re.error):
        compile_all()
    with pytest.raises(re.error):
        wrong.search("")


def test_a_start_compiles_hardly_any() -> None:
    counted = (
        "import gc, voice.cli.commands.talk; from voice.text.patterns import pattern_of;"
        "all = [found for found in gc.get_objects() if type(found) is type(pattern_of(''))];"
        "print(len(all), sum('search' in vars(found) for found in all))"
    )
    ran = subprocess.run([sys.executable, "-c", counted], capture_output=True, text=True, check=True)
    known, compiled = map(int, ran.stdout.split())
    assert known > 300 and compiled <= 10
