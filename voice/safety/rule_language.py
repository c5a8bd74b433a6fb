"""The language of rules: words with alternatives, optional parts, gaps, inflections and named lists.

`(a|b c)` either · `(a)?` perhaps · `..3` up to three words in between, in one sentence · `word~` the English word with
its endings · `<name>` a pattern of the file. Chinese needs no spaces. A pattern becomes a small automaton over
words: what it costs does not depend on how it is written, and no text can make it slow.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache

from voice.text.patterns import pattern_of

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
    """Ends a sentence unless a letter or digit follows, or another dot, as in an unfinished sentence..."""


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


class PatternWords:
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


MOST_GAP = 8
_TOKEN = pattern_of(r"\s*(?:(?P<gap>\.\.(?P<most>\d+))|<(?P<name>[\w-]+)>|(?P<mark>[()|?])|(?P<text>[^\s()|?<>]+))")

_Token = tuple[str, str]
_CLOSING = (("mark", "|"), ("mark", ")"))


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of a category; an `exception` makes what it covers harmless. `where` is its file and line."""

    category: str
    pattern: str
    exception: bool = False
    where: str = ""


class PatternError(ValueError):
    """An invalid pattern; the message says what was expected. `rule` is the rule it belongs to, if any."""

    rule: Rule | None = None


@dataclass(eq=False, slots=True)
class PatternState:
    """A place in the automaton: where each word leads, where any word leads, and what ends here."""

    words: dict[str, list[PatternState]] = field(default_factory=dict)
    any: list[PatternState] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """Numbers of the patterns that are complete here."""
    matters: bool = False
    """Whether a rule that is not an exception may be, or become, complete."""
    excuses: frozenset[str] = frozenset()
    """Categories of the exceptions that may still become complete."""


Frontier = list[PatternState]


def merged(states: Frontier) -> PatternState:
    """One state in place of several: it leads wherever one of them does."""
    if len(states) == 1:
        return states[0]
    one = PatternState()
    for state in states:
        for word, following in state.words.items():
            one.words.setdefault(word, []).extend(following)
        one.any += state.any
        one.ends += state.ends
    return one


@dataclass(slots=True)
class PatternReader:
    """Reads patterns into one automaton that begins at `start`. `lists` are patterns by name."""

    alphabet: Alphabet
    lists: Mapping[str, str]
    start: PatternState = field(default_factory=PatternState)
    _open: list[str] = field(default_factory=list)

    def add(self, pattern: str, number: int) -> None:
        """Read `pattern`; a text that fits it ends at a state with `number`. Raises PatternError."""
        first, tokens = PatternState(), self._tokens(pattern)
        ends = self._sequence(tokens, [first], PatternState())
        if tokens:
            raise PatternError(f"`{tokens[0][1]}` has no opening bracket")
        if first in ends:
            raise PatternError("it matches empty text; require at least one word")
        if first.any:
            raise PatternError("a pattern cannot begin with a gap")
        for word, states in first.words.items():
            self.start.words.setdefault(word, []).extend(states)
        for state in ends:
            if state.any:
                raise PatternError("a pattern cannot end with a gap")
            state.ends.append(number)

    def _tokens(self, pattern: str) -> deque[_Token]:
        tokens: deque[_Token] = deque()
        at = 0
        pattern = pattern.strip()
        while at < len(pattern):
            found = _TOKEN.match(pattern, at)
            if found is None:
                raise PatternError(f"syntax error at `{pattern[at:]}`")
            kind = found.lastgroup or ""
            tokens.append(("gap", found["most"]) if found["gap"] else (kind, found[kind]))
            at = found.end()
        return tokens

    def _sequence(self, tokens: deque[_Token], begin: Frontier, end: PatternState) -> Frontier:
        """Read up to a `|`, a `)` or the end; what is read last leads to `end` where it can, so that few states do."""
        now = begin
        while tokens and tokens[0] not in _CLOSING:
            kind, value = tokens.popleft()
            before = now
            to = end if not tokens or tokens[0] in _CLOSING else PatternState()
            if (kind, value) == ("mark", "("):
                now = self._either(tokens, before, PatternState())
            elif kind == "name":
                if value not in self.lists:
                    raise PatternError(f"unknown list `{value}`; expected one of: {', '.join(self.lists) or 'none'}")
                if value in self._open:
                    raise PatternError(f"the list `{value}` contains itself")
                self._open.append(value)
                now = self._either(self._tokens(f"{self.lists[value]})"), before, to)
                self._open.pop()
            elif kind == "gap":
                now = self._gap(int(value), before)
            elif kind == "text":
                now = self._words(value, before, to)
            else:
                raise PatternError("nothing before `?`")
            if tokens and tokens[0] == ("mark", "?"):
                tokens.popleft()
                now = now + [state for state in before if state not in now]
        return now

    def _either(self, tokens: deque[_Token], begin: Frontier, end: PatternState) -> Frontier:
        ends: Frontier = []
        while True:
            more = self._sequence(tokens, begin, end)
            if more is begin:
                raise PatternError("an alternative is empty; write `(…)?` for an optional part")
            ends += [state for state in more if state not in ends]
            if not tokens:
                raise PatternError("unclosed `(`")
            if tokens.popleft() == ("mark", ")"):
                return ends

    def _gap(self, most: int, begin: Frontier) -> Frontier:
        if not 1 <= most <= MOST_GAP:
            raise PatternError(f"a gap of {most} words; expected 1 to {MOST_GAP}")
        now, reached = begin, list(begin)
        for _ in range(most):
            following = PatternState()
            for state in now:
                state.any.append(following)
            now = [following]
            reached.append(following)
        return reached

    def _words(self, text: str, begin: Frontier, end: PatternState) -> Frontier:
        bare = text.removesuffix("~")
        if bare.isascii() and bare.isalpha():
            words = [bare.lower()]
        else:
            reader = PatternWords(self.alphabet)
            words = [found[0] for found in (*reader.feed(bare), *reader.finish()) if found is not None]
        if not words:
            raise PatternError(f"`{text}` has no letters or digits")
        now = begin
        for place, word in enumerate(words):
            last = place == len(words) - 1
            following = end if last else PatternState()
            for form in inflected(word) if last and text.endswith("~") else (word,):
                for state in now:
                    state.words.setdefault(form, []).append(following)
            now = [following]
        return now


@cache
def inflected(word: str) -> tuple[str, ...]:
    """An English word with the endings -s, -es, -ed, -ing; forms that do not exist do no harm."""
    stem = word.removesuffix("e")
    forms = [word, word + "s", word + "es", stem + "ed", stem + "ing"]
    if word.endswith("y"):
        forms += [word[:-1] + "ies", word[:-1] + "ied"]
    if len(word) > 2 and word[-1] not in "aeiouwxy" and word[-2] in "aeiou":
        forms += [word + word[-1] + "ed", word + word[-1] + "ing"]
    return tuple(dict.fromkeys(forms))
