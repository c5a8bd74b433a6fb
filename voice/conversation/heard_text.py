"""What a listener has heard of a reply: samples played, back to code points of its text."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from voice.text.clauses import Clause


@dataclass(slots=True)
class _Spoken:
    clause: Clause
    first: int
    samples: int = 0
    words: list[tuple[int, int]] = field(default_factory=list)
    """(sample within the clause, code point within its speakable text) where each word begins."""


class HeardText:
    """Maps samples of one reply's audio to its text: exact where the engine marks words, else by share."""

    def __init__(self) -> None:
        self._spoken: list[_Spoken] = []
        self.samples = 0
        """Of audio in all."""

    def begin(self, clause: Clause) -> None:
        """The audio that follows speaks this clause."""
        self._spoken.append(_Spoken(clause, self.samples))

    def add(self, samples: int, words: tuple[tuple[int, int], ...] = ()) -> None:
        """So many more samples of the current clause, in which these words begin: (sample in clause, code point)."""
        self._spoken[-1].samples += samples
        self._spoken[-1].words.extend(words)
        self.samples += samples

    def heard(self, played: int, *, complete: bool = False) -> int:
        """Code points of the reply heard after `played` samples; a word counts once it has been heard to its end.

        `complete` says that no more audio is coming, so that the end of the last clause is really its end.
        """
        if played <= 0 or not self._spoken:
            return 0
        index = bisect_right(self._spoken, played - 1, key=lambda spoken: spoken.first) - 1
        spoken = self._spoken[index]
        inside = played - spoken.first
        if inside >= spoken.samples:
            if played < self.samples:
                return spoken.clause.end
            if complete:
                return self._spoken[-1].clause.end  # with what cannot be spoken after the last sound, as an emoji
        return spoken.clause.start + self._within(spoken, min(inside, spoken.samples))

    def sounding(self, played: int) -> int:
        """Code points of the reply up to the end of the clause that is played after so many samples."""
        begun = bisect_right(self._spoken, played, key=lambda spoken: spoken.first)
        return self._spoken[begun - 1].clause.end if begun else 0

    def _within(self, spoken: _Spoken, inside: int) -> int:
        text = spoken.clause.text
        if spoken.words:
            begun = bisect_right(spoken.words, inside, key=lambda word: word[0])
            chars = spoken.words[begun - 1][1] if begun else 0
        else:
            chars = _word_border(text, int(len(text) * inside / spoken.samples)) if spoken.samples else 0
        return spoken.clause.offset(chars) - spoken.clause.start


def _word_border(text: str, chars: int) -> int:
    """The last place at or before `chars` where a word is complete; every place is one in unspaced scripts."""
    if chars >= len(text) or not (text[chars - 1].isascii() and text[chars].isascii()):
        return chars
    return text.rfind(" ", 0, chars + 1) + 1
