"""Where in a written text the words of its spoken form stand, although `$3.50` is spoken as `three dollars fifty`."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from voice.text.speakable import HAN

_TOKEN = re.compile(rf"[{HAN}]|[^\W{HAN}]+(?:['’][^\W{HAN}]+)*")


class WordPlaces:
    """Lays the words of `spoken` along those of `written`, both once; then `place` is quick.

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
