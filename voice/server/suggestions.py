"""Questions that headings of notes ask, to suggest to a visitor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from voice.text.speakable import language_of

_QUESTION = re.compile(r"[^?？]*?[?？]")
_LONGEST = {"en": 60, "zh": 24}
"""Characters of a question that can be taken in at a glance."""


def suggestions(files: Sequence[Sequence[str]], language: str) -> list[str]:
    """The first question of each heading in this language, file by file in turn, each once.

    Where no heading asks anything, the headings themselves: an owner may write `## Opening hours`.
    """
    mine = [[heading for heading in headings if language_of(heading) == language] for headings in files]
    asked = [[found[0].strip() for heading in headings if (found := _QUESTION.match(heading))] for headings in mine]
    if not any(asked):
        asked = mine
    mixed = (one for row in zip_longest(*asked) for one in row if one is not None)
    return [one for one in dict.fromkeys(mixed) if len(one) <= _LONGEST.get(language, 60)]
