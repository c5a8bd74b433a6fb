"""What people read (messages, help, docstrings, comments, documents) uses plain English and no form listed here."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("voice", "benchmarks", "scripts") for path in (ROOT / folder).rglob("*.py"))
DOCUMENTS = sorted(
    path for places in ("*.md", "docs/*.md", "config/*.toml", "voice/kiosk/**/*.js") for path in ROOT.glob(places)
)

FORMS = {
    r"\banew\b": "again",
    r"\b[Nn]obody\b": "no one, or name what is missing",
    r"\b[Ww]hoever\b": "anyone who, or name the role",
    r"\b(?:some|any|every)body\b(?!')": "a person, a client, another program",
    r"(?:^|[.!:] )Who [a-z]+\b(?![^.]*\?)": "subject first",
    r"\b(?:is|are|was|were) told\b": "receives, is reported, is called with",
    r"\bheard no more\b|\bno more of\b|\b(?:not|nothing|none|no)\b[^.;,]{0,40}\bany more\b": "no longer",
    r"\bgo(?:es)? on with\b|\bgone on with\b": "continue",
    r"\bin mid-[a-z]+": "during, in the middle of",
    r"\bthe house(?:'s)?\b": "the assistant, the server, our",
    r"\bstands? (?:there )?twice\b": "duplicate",
    r"\bmay not stand\b": "is not allowed",
    r"\bholds itself\b": "contains itself",
    r"\bdreamed\b": "hallucinated",
    r"\bgiven a rest\b": "the circuit breaker opens",
    r"\bcome back later\b": "try again later",
    r"\bas many talk\b": "all voice slots are in use",
    r"\bcannot be (?:hurried|listened at)\b": "say which option or address is wrong",
    r"\bno socket to speak to\b": "the control socket is disabled",
    r"\bno time of day\b": "invalid time",
    r"\bMy hearing has a problem\b": "Speech recognition failed",
    r"\bnothing to forget was named\b": "name a conversation, or pass --all",
    r"\ba defect, not your fault\b": "internal error",
    r"(?<!such )\bas (?=http|en or zh\b|hey_jarvis\b|`[a-z_.]+` or\b)": "such as",
    r"\bempty (?:takes|asks|finds) ": "empty: ...",
}
"""Each form to avoid, and what to write instead."""

WORDS = re.compile(r"[A-Za-z]+ [A-Za-z]+")


def spans(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each message, docstring and comment; parts of one f-string belong together."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")
    inside: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = [value for value in ast.walk(node) if isinstance(value, ast.Constant)]
            inside.update(map(id, parts))
            yield node.lineno, "…".join(part.value for part in parts if isinstance(part.value, str))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, " ".join(node.value.split())


def is_pattern(text: str) -> bool:
    """Whether it is a regular expression, such as what the builtin responder understands, and not read by people."""
    return "(?:" in text or "\\b" in text or not WORDS.search(text)


def found(text: str) -> list[str]:
    return [f"{match[0]!r}: better: {better}" for form, better in FORMS.items() for match in re.finditer(form, text)]


def written(source: Path) -> Iterator[tuple[int, str]]:
    """Line and text of what people read in a program."""
    return ((line, text) for line, text in spans(source.read_text("utf-8")) if not is_pattern(text))


def prose(document: Path) -> Iterator[tuple[int, str]]:
    """The lines of a document that are no example."""
    text = document.read_text("utf-8")
    return enumerate(
        re.sub(r"```.*?```", lambda block: "\n" * block[0].count("\n"), text, flags=re.DOTALL).splitlines(), 1
    )


@pytest.mark.parametrize(("paths", "read"), [(SOURCES, written), (DOCUMENTS, prose)], ids=["sources", "documents"])
def test_what_people_read_is_in_plain_english(
    paths: list[Path], read: Callable[[Path], Iterator[tuple[int, str]]]
) -> None:
    assert paths
    wrong = [f"{path}:{line}: {what}" for path in paths for line, text in read(path) for what in found(text)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "it is started anew",
        "a name stands twice",
        "as many talk as may",
        "a microphone cannot be hurried",
        "no socket to speak to",
        "nothing to forget was named",
        "the text was dreamed",
        "a URL as http://HOST:PORT/v1",
        "Who connects is first told a snapshot",
        "nothing is heard any more",
    ],
)
def test_each_example_to_avoid_is_found(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    "text",
    [
        "it will be restarted",
        "duplicate name",
        "all voice slots are in use",
        "who may connect, as an octal file mode",
        "Who is speaking?",
        "a URL such as http://HOST:PORT/v1",
        "The package soxr is no longer needed.",
        "You do not have to be alone with it.",
    ],
)
def test_good_sentences_are_left_alone(text: str) -> None:
    assert found(text) == []
