"""Regular expressions that are compiled when they are first used.

There are nearly five hundred in the tables of words. Compiled together they take a quarter of a second of each start on
a slow x86-64 core, and most commands use hardly one. What is about to answer someone compiles them while it waits for
something else: `compile_all`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn", "pattern", "flags")


def pattern_of(source: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """The pattern of `re.compile(source, flags)`, compiled at its first use; raises re.error then, not now."""
    made = _Uncompiled(source, flags)
    _waiting.append(made)
    return cast("re.Pattern[str]", made)


def compile_all() -> None:
    """Compile what has not been used yet of all that was made so far; on any thread."""
    with suppress(IndexError):  # no more, here or on another thread
        while True:
            _waiting.pop().compile()


class _Uncompiled:
    """Compiles at the first look at any method, and has them all from then on."""

    def __init__(self, source: str, flags: re.RegexFlag) -> None:
        self._asked = source, flags

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(name)
        self.compile()
        return vars(self)[name]

    def compile(self) -> None:
        if "search" not in vars(self):
            compiled = re.compile(*self._asked)
            vars(self).update({method: getattr(compiled, method) for method in _METHODS})  # all at once, for threads


_waiting: list[_Uncompiled] = []
