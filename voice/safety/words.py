"""A text as the words rules are written in, found one after another however the text was split.

A word is a run of letters and digits, or a single Han, Kana or Hangul character. Case, width, accents, apostrophes and
invisible characters make no difference.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from enum import Enum

LONGEST = 40
"""A longer run of letters counts as several words, so that no text can be held back for ever."""

IDEOGRAPHS = "\u2e80"
_SILENT = frozenset("'’‘ʼ＇`\u00ad\u200b\u200c\u200d\u2060\ufeff")
_ENDS = frozenset("!?。！？\n;；")
_DOT = "."


class Kind(Enum):
    """What one character does to the words around it."""

    LETTER = 0
    """Goes on with the word."""
    WORD = 1
    """Is a word by itself."""
    SILENT = 2
    """Is not there."""
    GAP = 3
    """Ends a word."""
    END = 4
    """Ends a sentence."""
    DOT = 5
    """Ends a sentence unless a letter or digit follows, or another dot: people stop in mid-sentence..."""


class Alphabet(dict[str, tuple[Kind, str]]):
    """Each character's kind and how it is written in rules; learned as characters are met.

    `variants` are characters to be read as others, such as traditional ones as simplified.
    """

    def __init__(self, variants: Mapping[str, str]) -> None:
        super().__init__()
        self._variants = variants

    def __missing__(self, char: str) -> tuple[Kind, str]:
        found = self._read(char)
        if len(self) < 65_536:
            self[char] = found
        return found

    def _read(self, char: str) -> tuple[Kind, str]:
        if char in _SILENT:
            return Kind.SILENT, ""
        if char in _ENDS:
            return Kind.END, ""
        if char == _DOT:
            return Kind.DOT, ""
        char = self._variants.get(char, char)
        plain = unicodedata.normalize("NFKD", char) if char < IDEOGRAPHS else unicodedata.normalize("NFKC", char)
        kept = "".join(one for one in plain.casefold() if unicodedata.category(one)[0] in "LN")
        if not kept:
            return (Kind.SILENT if unicodedata.category(char) in ("Mn", "Cf") else Kind.GAP), ""
        kept = "".join(self._variants.get(one, one) for one in kept)
        return (Kind.WORD if kept[0] >= IDEOGRAPHS else Kind.LETTER), kept


class Words:
    """Splits a text that arrives in pieces.

    `feed` yields, in order, (word, its first code point, the code point behind it), and None where a sentence ends.
    `tail` is the word that may still go on and `tail_at` where it began.
    """

    __slots__ = ("_alphabet", "_at", "_dots", "tail", "tail_at")

    def __init__(self, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._at = 0
        self._dots = 0
        self.tail = ""
        self.tail_at = 0

    def feed(self, text: str) -> Iterator[tuple[str, int, int] | None]:
        alphabet = self._alphabet
        for char in text:
            kind, letters = alphabet[char]
            at = self._at
            self._at += 1
            if self._dots and kind not in (Kind.SILENT, Kind.DOT):
                alone, self._dots = self._dots == 1, 0
                if alone and kind is not Kind.LETTER:
                    yield None
            if kind is Kind.LETTER:
                if not self.tail:
                    self.tail_at = at
                self.tail += letters
                if len(self.tail) >= LONGEST:
                    yield self._word(at + 1)
            elif kind is not Kind.SILENT:
                if self.tail:
                    yield self._word(at)
                if kind is Kind.WORD:
                    yield letters, at, at + 1
                elif kind is Kind.END:
                    yield None
                elif kind is Kind.DOT:
                    self._dots += 1

    def finish(self) -> Iterator[tuple[str, int, int] | None]:
        if self.tail:
            yield self._word(self._at)
        yield None

    def _word(self, end: int) -> tuple[str, int, int]:
        word, self.tail = self.tail, ""
        return word, self.tail_at, end
