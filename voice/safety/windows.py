"""A reply cut into windows for whoever judges it: whole clauses, each with the end of what was judged before."""

from __future__ import annotations

import re
from dataclasses import dataclass

OVERLAP = 200
"""Code points of context before a window, so that what stands on both sides of a cut is seen whole."""

LONGEST = 240
"""Code points without a clause's end after which words are cut anyway."""

_END = re.compile(r"""[,.;:!?…]["')\]]*\s+|[，。！？；：、…]+["”’」』）]*|\n+""")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Window:
    """What is judged: `text` ends with the `new` part and begins with what came before it."""

    text: str
    new: str


class Windows:
    """Takes a reply as it comes and gives out all clauses that are complete whenever it is asked."""

    __slots__ = ("_before", "_waiting")

    def __init__(self) -> None:
        self._before = self._waiting = ""

    def feed(self, text: str) -> None:
        self._waiting += text

    def take(self, *, final: bool = False) -> Window | None:
        """The next window, None while no clause is complete; `final` takes the rest."""
        cut = len(self._waiting) if final else self._cut()
        if not cut:
            return None
        new, self._waiting = self._waiting[:cut], self._waiting[cut:]
        window = Window(self._before + new, new)
        self._before = window.text[-OVERLAP:]
        return window

    def _cut(self) -> int:
        ends = [found.end() for found in _END.finditer(self._waiting)]
        if not ends and len(self._waiting) >= LONGEST:
            ends = [found.end() for found in _SPACE.finditer(self._waiting)] or [len(self._waiting)]
        return ends[-1] if ends else 0
