"""Placeholders on their way to one person's own ear and eye: back to what was written, or to words that can be said."""

from __future__ import annotations

from collections.abc import Callable

from voice.text.patterns import pattern_of
from voice.text.placeholders import PLACEHOLDER, in_words
from voice.text.speakable import language_of

_BEGUN = pattern_of(r"<(?:[A-Z_]{1,16}(?::[0-9a-f]{0,16})?)?\Z")

Reveal = Callable[[str], str | None]
"""A placeholder to what its owner wrote; None where that is not known, or not to be shown."""


class Unmasking:
    """One logged text, piece by piece, to what is shown and spoken, with the way back for every offset."""

    def __init__(self, reveal: Reveal, language: str = "") -> None:
        self._reveal, self._language = reveal, language
        self._held = ""
        self._shown = self._logged = 0
        self._moved: list[tuple[int, int, int]] = []
        """(end in the shown text, start and end in the logged text) of each placeholder."""
        self._starts: list[int] = []

    def feed(self, text: str) -> str:
        """More of the logged text; returns what can be shown now. A placeholder that is not complete waits."""
        text = self._held + text
        begun = _BEGUN.search(text)
        cut = len(text) if begun is None else begun.start()
        text, self._held = text[:cut], text[cut:]
        return self._show(text)

    def flush(self) -> str:
        """The text is complete."""
        text, self._held = self._held, ""
        return self._show(text)

    def logged(self, shown: int) -> int:
        """Code points of the logged text that were shown with the first `shown`; a placeholder counts once complete."""
        moved = 0
        for start, (end, logged_start, logged_end) in zip(self._starts, self._moved, strict=True):
            if shown <= start:
                break
            if shown < end:
                return logged_start
            moved = logged_end - end
        return shown + moved

    def _show(self, text: str) -> str:
        out: list[str] = []
        done = 0
        for name in PLACEHOLDER.finditer(text):
            out.append(self._plain(text[done : name.start()]))
            shown = self._reveal(name[0])
            if shown is None:
                shown = in_words(name[1], self._language or "en")
            self._starts.append(self._shown)
            self._moved.append((self._shown + len(shown), self._logged, self._logged + len(name[0])))
            self._shown += len(shown)
            self._logged += len(name[0])
            out.append(shown)
            done = name.end()
        out.append(self._plain(text[done:]))
        return "".join(out)

    def _plain(self, text: str) -> str:
        self._language = language_of(text) or self._language
        self._shown += len(text)
        self._logged += len(text)
        return text


def revealed(text: str, reveal: Reveal, language: str = "") -> str:
    """A whole logged text as it is shown."""
    revealing = Unmasking(reveal, language)
    return revealing.feed(text) + revealing.flush()


def logged_offset(text: str, shown: int, reveal: Reveal, language: str = "") -> int:
    """How many code points of a whole logged text were shown with the first `shown`."""
    revealing = Unmasking(reveal, language)
    revealing.feed(text)
    revealing.flush()
    return revealing.logged(shown)
