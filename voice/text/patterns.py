"""Regular expressions that are compiled when they are first used.

There are nearly five hundred in the tables of words. Compiled together they take a quarter of a second of each start on
a slow x86-64 core, and a conversation uses a part of them.
"""

from __future__ import annotations

import re
from typing import Any, cast

_METHODS = ("search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn", "pattern", "flags")


def pattern_of(source: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """The pattern of `re.compile(source, flags)`, compiled at its first use; raises re.error then, not now."""
    return cast("re.Pattern[str]", _Uncompiled(source, flags))


class _Uncompiled:
    """Compiles at the first look at any method, and has them all from then on."""

    def __init__(self, source: str, flags: re.RegexFlag) -> None:
        self._asked = source, flags

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(name)
        compiled = re.compile(*self._asked)
        vars(self).update((method, getattr(compiled, method)) for method in _METHODS)
        return vars(self)[name]
