"""Answers from a folder of Markdown notes: full-text search in memory, nothing where they do not cover the question."""

from __future__ import annotations

import math
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from voice.errors import MissingError
from voice.llm.context import estimate_tokens
from voice.text.boundaries import find_cut
from voice.text.numbers import simplified
from voice.text.patterns import pattern_of
from voice.text.speakable import HAN, language_of, unmarked

_LEAST_COVERED = 0.7
"""Share of a question's content that a paragraph must have, words weighted by how rare they are in the notes."""

_LEAST_SHARED = 0.5
"""The same for a passage that is given to a model, which reads more than is spoken."""

_MOST_WORDS = 25
_MOST_HAN = 50
_WORD = pattern_of(rf"[{HAN}]+|[^\W_{HAN}]+(?:'[^\W_]+)?")
_STOP = frozenset(
    str.split(
        "a an the is are was were be been am do does did can could will would should shall may might must has have had"
        " of in on at to for from with by about as into and or but not what who whom which whose when where why how"
        " that this these those it its i me my you your we us our they them their he she his her there here please"
        " tell know say give explain describe so then than much many what's who's it's where's how's whats s t ll re"
        " any some just really very get got"
    )
)
_HAN_STOP = pattern_of(
    "什么|怎么样|怎么|怎样|为什么|哪里|哪个|请问|告诉我|知道|介绍|一下|一共|有没有"
    "|[是的有吗呢了我你在个请会能和把被就吧啊这那它]"
)


@dataclass(frozen=True, slots=True)
class Note:
    """One paragraph with the headings above it."""

    title: str
    text: str

    def __str__(self) -> str:
        return f"[{self.title}] {self.text}" if self.title else self.text


class Knowledge:
    """The notes of a folder, indexed when made.

    Raises MissingError for a folder that is not there, or a file that cannot be read as UTF-8.
    """

    def __init__(self, folder: Path) -> None:
        self._notes = [note for path in _files(folder) for note in notes_of(_read(path))]
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._index.execute("CREATE VIRTUAL TABLE notes USING fts5(title, text, tokenize='porter unicode61')")
        self._index.executemany(
            "INSERT INTO notes(rowid, title, text) VALUES (?, ?, ?)",
            ((row, terms_text(note.title), terms_text(note.text)) for row, note in enumerate(self._notes)),
        )

    def __len__(self) -> int:
        return len(self._notes)

    def close(self) -> None:
        self._index.close()

    def answer(self, question: str) -> str | None:
        """The best paragraph's first sentences, at most about 25 words; None where no paragraph covers the question."""
        best = self._best(question, _LEAST_COVERED)
        return _first_sentences(best[0].text) if best else None

    def passages(self, question: str, *, most: int = 4, tokens: int = 300) -> list[Note]:
        """The paragraphs that fit a question, best first, within so many tokens; none that covers too little of it."""
        found: list[Note] = []
        for note in self._best(question, _LEAST_SHARED)[:most]:
            tokens -= estimate_tokens(str(note)) + 1
            if tokens < 0:
                break
            found.append(note)
        return found

    def _best(self, question: str, least: float) -> list[Note]:
        """The paragraphs that have at least this share of the question's content, best first."""
        terms = _content(question)
        found = {term: self._rows(term) for term in terms}
        if not any(found.values()):
            return []
        weight = {term: math.log(1 + len(self._notes) / (1 + len(rows))) for term, rows in found.items()}
        whole = sum(weight.values())
        ranked = self._ranked([term for term, rows in found.items() if rows])
        if len(found) == 1:  # one word says little: it must be what a paragraph is about
            ranked = [row for row in ranked if row in self._rows(next(iter(found)), "{title} : ")]
        covered = {row: sum(weight[term] for term, rows in found.items() if row in rows) / whole for row in ranked}
        fitting = [row for row in ranked if covered[row] >= least]
        return [self._notes[row] for row in sorted(fitting, key=lambda row: -round(covered[row], 2))]

    def _rows(self, term: str, columns: str = "") -> frozenset[int]:
        rows = self._index.execute("SELECT rowid FROM notes WHERE notes MATCH ?", (columns + _quoted(term),))
        return frozenset(row for (row,) in rows)

    def _ranked(self, terms: list[str]) -> list[int]:
        """Row numbers by BM25, the title counting twice, best first."""
        query = " OR ".join(map(_quoted, terms))
        rows = self._index.execute(
            "SELECT rowid FROM notes WHERE notes MATCH ? ORDER BY bm25(notes, 2.0, 1.0) LIMIT 20", (query,)
        )
        return [row for (row,) in rows]


def notes_of(markdown: str) -> list[Note]:
    """The paragraphs of a Markdown text, each with its headings; tables and code are left out."""
    return [Note(" ".join(titles), text) for titles, text in _sections(markdown)]


def headings(folder: Path) -> list[list[str]]:
    """The headings of each file of a folder that have a paragraph of their own, each once.

    Raises MissingError as `Knowledge` does.
    """
    return [
        list(dict.fromkeys(titles[-1] for titles, _ in _sections(_read(path)) if titles)) for path in _files(folder)
    ]


def _sections(markdown: str) -> list[tuple[list[str], str]]:
    """Each paragraph with the headings above it, outermost first."""
    above: list[tuple[int, str]] = []
    sections = []
    for block in re.split(r"\n\s*\n", re.sub(r"(?ms)^(```|~~~).*?^\1[^\n]*$", "", markdown.replace("\r\n", "\n"))):
        while found := re.match(r"\s*(#{1,6})\s+([^\n]+)\n?", block):
            above = [*(heading for heading in above if heading[0] < len(found[1])), (len(found[1]), found[2].strip())]
            block = block[found.end() :]
        text = " ".join(block.split())
        if text and not text.startswith("|"):
            sections.append(([title for _, title in above], text))
    return sections


def terms_text(text: str) -> str:
    """The text with Chinese runs as overlapping pairs of characters, which FTS5 can match; other words as they are."""
    return " ".join(term for word in _WORD.findall(simplified(text)) for term in _pairs(word))


def _pairs(word: str) -> list[str]:
    if language_of(word) != "zh":
        return [word]
    return [word[index : index + 2] for index in range(len(word) - 1)] or [word]


def _content(question: str) -> list[str]:
    """The terms that carry the question, without question words, each once."""
    text = _HAN_STOP.sub(" ", simplified(question.lower()).replace("’", "'"))
    words = [word.removesuffix("'s") for word in _WORD.findall(text)]
    return list(dict.fromkeys(term for word in words if word not in _STOP for term in _pairs(word)))[:16]


def _quoted(term: str) -> str:
    """A term as an FTS5 string; a single Chinese character also matches the pairs it begins."""
    return '"' + term.replace('"', '""') + '"' + ("*" if len(term) == 1 and language_of(term) == "zh" else "")


def _first_sentences(paragraph: str) -> str:
    """The first sentence, and those behind it while the answer stays short."""
    text = unmarked(paragraph)
    end = find_cut(text, first=False, final=True) or len(text)
    while end < len(text):
        further = end + (find_cut(text[end:], first=False, final=True) or len(text))
        longer = text[:further]
        if len(longer.split()) > _MOST_WORDS or (language_of(longer) == "zh" and len(longer) > _MOST_HAN):
            break
        end = further
    return text[:end].strip()


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise MissingError(
            "no such folder", where=str(folder), expected="a folder of Markdown files", remedy="set chat.knowledge"
        )
    return sorted(folder.rglob("*.md"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MissingError(
            "note cannot be read", where=str(path), expected="Markdown in UTF-8", remedy=str(error)
        ) from error
