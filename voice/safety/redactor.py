"""Takes numbers and addresses out of a text while it arrives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voice.safety.finder import Finder
from voice.safety.folding import fold
from voice.safety.phone_and_card_numbers import CONTEXT


@dataclass(frozen=True, slots=True)
class Span:
    """A find in a text: code points `start` to `end`; `value` is the same for every spelling."""

    start: int
    end: int
    kind: str
    value: str


PATIENCE = 8
"""A held end is looked at again once an eighth has come to it: each code point is read a bounded number of times."""

Replace = Callable[[str, str, str], str]
"""(kind, value, as written) to what stands in its place."""


class Redactor:
    """A Screen: a find leaves as `replace` says, everything else as it came.

    Only an end that may still become a find is held back: a word until the next one begins, since it may be the
    name of an e-mail address, and digits until they end.
    """

    def __init__(self, finder: Finder, replace: Replace) -> None:
        self._finder, self._replace = finder, replace
        self._raw = self._folded = ""
        self._at = 0  # before it: gone, kept as context
        self._dropped = 0
        self._again = 0  # code points of the text from which on it is worth looking
        self.spans: list[Span] = []
        """What was found so far, in the text as it came."""

    def feed(self, text: str) -> str:
        return self._go_on(text, complete=False)

    def flush(self) -> str:
        return self._go_on("", complete=True)

    @property
    def held(self) -> str:
        """What has been read and not let go."""
        return self._raw[self._at :]

    def _go_on(self, text: str, *, complete: bool) -> str:
        self._raw += text
        self._folded += fold(text)
        if len(self._raw) < self._again and not complete:
            return ""
        out: list[str] = []
        while (there := self._finder.next(self._folded, self._at, complete=complete)) is not None:
            out.append(self._raw[self._at : there.start])
            self._at = there.start
            if there.found is None:
                break
            found = there.found
            written = self._raw[there.start : found.end]
            if found.kind:
                self.spans.append(Span(self._dropped + there.start, self._dropped + found.end, found.kind, found.value))
                written = self._replace(found.kind, found.value, written)
            out.append(written)
            self._at = found.end
        else:
            out.append(self._raw[self._at :])
            self._at = len(self._raw)
        self._again = len(self._raw) + (len(self._raw) - self._at) // PATIENCE
        drop = self._at - CONTEXT
        if drop > 0:
            self._raw, self._folded, self._at = self._raw[drop:], self._folded[drop:], CONTEXT
            self._dropped += drop
            self._again -= drop
        return "".join(out)
