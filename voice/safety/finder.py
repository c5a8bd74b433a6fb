"""The next thing to take out of a text that may still be growing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voice.safety.folding import fold
from voice.safety.identifiers import LIKELY, Found, families


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
