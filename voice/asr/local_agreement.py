"""Local agreement: of a growing utterance's hypotheses, the words that two in a row have in common are settled."""

from __future__ import annotations

from dataclasses import dataclass

from voice.asr.word_error_rate import words
from voice.text.patterns import pattern_of
from voice.text.speakable import HAN

_PIECE = pattern_of(rf"\s*(?:[{HAN}][^\w\s]*|[^\s{HAN}]+)")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reader sees: the first `stable` code points only ever grow; the rest is the newest guess."""

    text: str
    stable: int


class Agreement:
    """Turns successive hypotheses of one utterance into words that are appended and never taken back.

    After "LocalAgreement-2" of Liu et al., Low-Latency Sequence-to-Sequence Speech Recognition (Interspeech 2020).
    Words agree in spite of case and punctuation; those of the second hypothesis are shown.
    """

    def __init__(self) -> None:
        self._settled: list[str] = []
        self._last: list[str] = []

    @property
    def settled(self) -> str:
        return "".join(self._settled).strip()

    def update(self, hypothesis: str) -> Shown:
        """Take the newest hypothesis for all audio so far."""
        pieces = _pieces(hypothesis)
        agreed = 0
        for old, new in zip(self._last, pieces, strict=False):
            if words(old) != words(new):
                break
            agreed += 1
        self._last = pieces
        self._settled.extend(pieces[len(self._settled) : agreed])
        text = "".join([*self._settled, *pieces[len(self._settled) :]])
        lead = len(text) - len(text.lstrip())
        return Shown(text.strip(), max(0, len("".join(self._settled)) - lead))

    def revised(self, final: str) -> int:
        """How many settled words the final text has otherwise."""
        now = _pieces(final)
        same = sum(words(old) == words(new) for old, new in zip(self._settled, now, strict=False))
        return len(self._settled) - same


def _pieces(text: str) -> list[str]:
    """Words with the space before and the punctuation after them; each Chinese character is a word."""
    return _PIECE.findall(text.strip())
