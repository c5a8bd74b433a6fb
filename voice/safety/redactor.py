"""Finds and replaces personal numbers and addresses in a text while it arrives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voice.safety.identifiers import LIKELY, Found, families
from voice.safety.phone_and_card_numbers import CONTEXT

_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_DIGIT_BLOCKS = (0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0)

_TABLE: dict[int, str] = {
    **{code: chr(code).lower() for code in range(ord("A"), ord("Z") + 1)},
    **{code: chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5F)},
    **{zero + step: str(step) for zero in _DIGIT_BLOCKS for step in range(10)},
    **{0x1D7CE + step: str(step % 10) for step in range(50)},
    **dict.fromkeys(map(ord, _SPACES + _UNSEEN), " "),
    **dict.fromkeys(map(ord, _DASHES), "-"),
    ord("\u2024"): ".",
}


def fold(text: str) -> str:
    """The text in half-width small letters, with plain digits, spaces and hyphens; every code point keeps its place."""
    return text.lower() if text.isascii() else text.translate(_TABLE)


@dataclass(frozen=True, slots=True)
class Next:
    """What begins at `start`: something found, or None where only more text can tell."""

    start: int
    found: Found | None


class Finder:
    """Looks from left to right; at each place the longest find counts, and nothing before the place matters but words.

    What it says of a place depends on the text from there on and on a few code points before it, so it says the same
    however the text arrives. `public` are numbers and addresses that stay, in any spelling.
    """

    def __init__(self, regions: Sequence[str] = ("CN", "US", "GB"), public: Sequence[str] = ()) -> None:
        known = families(regions)
        self._beginning = {
            char: tuple(family for family in known if char in family.begins)
            for char in {char for family in known for char in family.begins}
        }

        self._public: frozenset[tuple[str, str]] = frozenset()
        self._public = frozenset((found.kind, found.value) for found in map(self.whole, public) if found is not None)

    def whole(self, text: str) -> Found | None:
        """What a text is that has nothing else in it, as a telephone number alone; None where it is nothing."""
        said = fold(f"call or mail {text.strip()}")
        there = self.next(said, len("call or mail "), complete=True)
        found = there.found if there is not None else None
        return found if found is not None and found.end == len(said) else None

    def next(self, text: str, start: int, *, complete: bool) -> Next | None:
        """The first find or open end in folded `text` from `start` on; None where the rest can go.

        Unless the text is `complete`, what could still become a find counts as open.
        """
        size = len(text)
        while (likely := LIKELY.search(text, start)) is not None:
            place = likely.start()
            if likely.lastgroup == "word" and not complete:
                return Next(place, None)
            best: Found | None = None
            for family in self._beginning[text[place]]:
                shape = family.pattern.match(text, place)
                if (
                    not complete
                    and family.may_go_on(size, place, shape)
                    and family.pattern.fullmatch(text, place, size, partial=True) is not None
                ):
                    return Next(place, None)
                if shape is not None:
                    found = family.judge(text, place, shape.end())
                    if found is not None and (best is None or found.end > best.end):
                        best = found
            if best is not None:
                public = (best.kind, best.value) in self._public
                return Next(place, Found("", "", best.end) if public else best)
            start = place + 1
        return None


@dataclass(frozen=True, slots=True)
class Span:
    """A match in a text: code points `start` to `end`; `value` is the same for every spelling."""

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
        self._at = 0  # earlier text: released, kept as context
        self._dropped = 0
        self._again = 0  # offset from which on to search
        self.spans: list[Span] = []
        """What was found so far, in the text as it came."""

    def feed(self, text: str) -> str:
        return self._go_on(text, complete=False)

    def flush(self) -> str:
        return self._go_on("", complete=True)

    @property
    def held(self) -> str:
        """Text that was read but not yet released."""
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
