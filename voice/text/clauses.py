"""Reply deltas to clauses for the synthesizer: the first leaves as early as it can be spoken, then whole sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from voice.text.boundaries import find_cut, stall_cut
from voice.text.patterns import pattern_of
from voice.text.placeholders import BLOCKED
from voice.text.speakable import HAN, language_of, spoken

_TOKEN = pattern_of(rf"[{HAN}]|[^\W{HAN}]+(?:['’][^\W{HAN}]+)*")


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a reply to speak.

    `text` is plain and speakable. `start` and `end` are code point offsets in the reply as received; the clauses of a
    reply follow each other without a gap and cover it. What cannot be spoken belongs to the clause after it; if
    there is none, a last clause with empty `text` covers it.
    """

    text: str
    start: int
    end: int
    raw: str = field(default="", compare=False, repr=False)
    """The piece of the reply as received; empty where a clause was made by hand."""

    def offset(self, char: int) -> int:
        """Where in the reply the code point `char` of `text` stands.

        Exact for words spoken as they are written; what is spoken otherwise (`$3.50`) counts once it has been spoken
        whole. By share for a clause without `raw`.
        """
        if char <= 0:
            return self.start
        if char >= len(self.text):
            return self.end
        if self.raw:
            return self.start + WordPlaces(self.raw, self.text).place(char)
        return self.start + round((self.end - self.start) * char / len(self.text))


class ClauseSplitter:
    """Splits one reply while it arrives.

    Where it cuts depends on the text alone, not on how it was divided into deltas, except that a silence of `stall_s`
    lets what stands there leave early: `due()` says when, `tick(now)` does it. Times are seconds on the caller's
    clock. `language` is the voice's, where known: symbols are read in it until words of the reply tell otherwise.
    """

    def __init__(self, *, language: str = "", stall_s: float = 0.2) -> None:
        self._language = language
        self._stall_s = stall_s
        self._pending = ""
        self._start = 0  # of the next clause, in the reply
        self._done = 0  # in _pending: up to here there is nothing to say, so it joins the next clause
        self._first = True
        self._heard_at: float | None = None

    def feed(self, delta: str, now: float) -> list[Clause]:
        """Take more of the reply; returns the clauses that are certain now."""
        if not delta:
            return []
        self._pending += delta
        self._heard_at = now
        return self._cut_all(final=False)

    def tick(self, now: float) -> list[Clause]:
        """After a stall, let go what can stand alone; nothing before `due()`."""
        due = self.due()
        if due is None or now < due:
            return []
        self._heard_at = None
        end = self._stall_cut()
        return [] if end is None else self._emit(end)

    def due(self) -> float | None:
        """When `tick` would let something go, None while nothing waits for it."""
        if self._heard_at is None or self._stall_cut() is None:
            return None
        return self._heard_at + self._stall_s

    def finish(self, now: float) -> list[Clause]:
        """The reply is complete: return everything that is left."""
        clauses = self._cut_all(final=True)
        self._heard_at = None
        if self._pending:
            end = self._start + len(self._pending)
            clauses.append(Clause("", self._start, end))
            self._start, self._pending, self._done = end, "", 0
        return clauses

    def finish_cut(self, now: float) -> list[Clause]:
        """The reply was cut off at its limit: return what of it ends as a sentence does.

        What is begun behind that is left, unless there was nothing before it.
        """
        clauses = self._cut_all(final=False)
        self._heard_at = None
        return clauses if clauses or not self._first else self.finish(now)

    @property
    def start(self) -> int:
        """Code points of the reply in the clauses returned so far."""
        return self._start

    def _line_start(self) -> bool:
        return self._pending[self._done - 1] == "\n" if self._done else self._start == 0

    def _stall_cut(self) -> int | None:
        return stall_cut(self._rest(), first=self._first, line_start=self._line_start())

    def _rest(self) -> str:
        return self._pending[self._done :]

    def _cut_all(self, *, final: bool) -> list[Clause]:
        clauses: list[Clause] = []
        while rest := self._rest():
            cut = find_cut(rest, first=self._first, line_start=self._line_start(), final=final)
            if cut is None:
                break
            clauses += self._emit(cut)
        return clauses

    def _emit(self, end: int) -> list[Clause]:
        piece = self._rest()[:end]
        if self._language in ("", "en", "zh"):  # other languages share their letters, so words tell nothing
            self._language = language_of(piece.replace(BLOCKED, "")) or self._language
        text = spoken(piece, language=self._language, line_start=self._line_start())
        self._done += end
        if not text:
            return []
        clause = Clause(text, self._start, self._start + self._done, self._pending[: self._done])
        self._pending = self._pending[self._done :]
        self._start, self._done, self._first = clause.end, 0, False
        return [clause]


def spoken_clauses(text: str, language: str = "") -> list[str]:
    """The clauses of a whole text that have something to speak."""
    splitter = ClauseSplitter(language=language)
    return [clause.text for clause in (*splitter.feed(text, 0.0), *splitter.finish(0.0)) if clause.text]


class WordPlaces:
    """Where in a written text the words of its spoken form stand, although `$3.50` is spoken as `three dollars fifty`.

    Lays the words of `spoken` along those of `written`, both once; then `place` is quick.

    Words that are the same in both are laid on each other. What lies between two of them and is spoken otherwise is
    shared out, but no written word is split: it counts only once all that is spoken for it has been.
    """

    def __init__(self, written: str, spoken: str) -> None:
        self._size, self._end = len(spoken), len(written)
        tokens, said = _tokens(written), _tokens(spoken)
        found = SequenceMatcher(None, [word for word, _, _ in tokens], [word for word, _, _ in said], autojunk=False)
        self._anchors = [(0, 0)]
        for block in found.get_matching_blocks():
            for step in range(block.size):
                (_, at, end), (_, spoken_at, spoken_end) = tokens[block.a + step], said[block.b + step]
                self._anchors += [(spoken_at, at), (spoken_end, end)]
        self._anchors.append((self._size, self._end))
        self._starts = [at for _, at, _ in tokens]
        self._written = written

    def place(self, char: int) -> int:
        """The code point of the written text where the code point `char` of the spoken text stands."""
        if char <= 0:
            return 0
        if char >= self._size:
            return self._end
        index = next(index for index, (spoken, _) in enumerate(self._anchors) if spoken > char)
        (spoken, written), (next_spoken, next_written) = self._anchors[index - 1], self._anchors[index]
        if char - spoken == 0 or next_spoken - spoken == next_written - written:
            return written + char - spoken
        shared = written + int((next_written - written) * (char - spoken) / (next_spoken - spoken))
        return max([written, *(start for start in self._starts if start <= shared and self._apart(start, written))])

    def _apart(self, start: int, floor: int) -> bool:
        """Whether a written word that begins at `start` stands apart from what is before it: not the 50 of $3.50."""
        before = self._written[start - 1 : start]
        return start >= floor and (before.isspace() or not before or bool(re.match(f"[{HAN}，。！？；：、]", before)))


def _tokens(text: str) -> list[tuple[str, int, int]]:
    return [(found[0].lower(), found.start(), found.end()) for found in _TOKEN.finditer(text)]
