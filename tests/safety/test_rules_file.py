"""A rules file is read, and each fault in it is one line that names file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice.errors import ConfigError, MissingError
from voice.safety.rules_file import load
from voice.safety.verdict import CATEGORIES

GOOD = """variants: 殺杀
lists:
  pet: cat|dog
categories:
  pets:
    match:
      - feed the <pet>
      - 杀猫
    unless:
      - never feed the <pet>
  birds:
    match: [parrot]
"""


def test_the_shipped_rules_know_all_categories() -> None:
    assert {rule.category for rule in load().rules} == set(CATEGORIES)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(GOOD, "utf-8")
    made = load(path)
    assert made.verdict("Feed the dog").categories == ("pets",)
    assert made.verdict("never feed the dog, said the parrot").categories == ("birds",)
    assert made.verdict("殺貓 殺猫").categories == ("pets",)
    assert made.matches("feed the cat")[0].rule.where == f"{path}:7"
    assert load(path, without=frozenset({"pets"})).verdict("feed the cat").categories == ()


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", ":1: the file", "not a mapping"),
        ("rules: 1", ":1: the file", "unknown key `rules`"),
        ("categories:\n  pets:\n    macth: [a]", ":3: categories.pets", "unknown key `macth`"),
        ("categories:\n  pets:\n    match: a", ":3: categories.pets.match", "not a list"),
        ("categories:\n  pets:\n    match:\n      - [a]", ":4: categories.pets.match", "not a text"),
        ("categories:\n  pets:\n    match:\n      - a (b", ":4: categories.pets.match", "`a (b`: unclosed `(`"),
        ("categories:\n  pets:\n    unless:\n      - a <b>", ":4: categories.pets.unless", "unknown list `b`"),
        ("categories: {}", "", "no rule"),
        ("variants: abc", ":1: variants", "`abc` is not a pair"),
        ("categories:\n  a: {match: [b]}\n  a: {match: [c]}", ":3: categories", "duplicate key"),
        ("a: [b\nc: d", ":2", "invalid YAML"),
        ("lists:\n  a: b|<a>\ncategories:\n  c: {match: [<a>]}", ":4: categories.c.match", "contains itself"),
    ],
)
def test_a_fault_names_file_line_and_key(tmp_path: Path, text: str, where: str, what: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    line = str(caught.value)
    assert line.startswith(f"{path}{where}")
    assert what in line
    assert "\n" not in line


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="No such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "latin.yaml")
