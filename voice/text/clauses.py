"""Reply deltas to clauses for the synthesizer: the first leaves as early as it can be spoken, then whole sentences."""

from __future__ import annotations

from dataclasses import dataclass, field

from voice.text.boundaries import find_cut, stall_cut
from voice.text.placeholders import BLOCKED
from voice.text.speakable import language_of, spoken
from voice.text.word_places import WordPlaces


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
