"""The language of a conversation: detected from its first words, and kept unless later words are surely in another."""

from __future__ import annotations

SURE = 0.9
"""Chance at which a detection changes the language; short or unclear words are often taken for a neighbouring one."""


class SpokenLanguage:
    """Remembers the language of words that were understood and how sure it was."""

    def __init__(self) -> None:
        self._code, self._chance = "", 0.0

    def of(self, code: str, chance: float) -> str:
        """The language to read these words in, given the likeliest one and its chance in 0…1."""
        return code if not self._code or chance >= min(SURE, self._chance) else self._code

    def keep(self, code: str, chance: float) -> None:
        """Note that words were understood which are in this language by that chance."""
        if code == self._code:
            self._chance = max(self._chance, chance)
        elif self.of(code, chance) == code:
            self._code, self._chance = code, chance
