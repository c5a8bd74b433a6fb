"""Word error rate: how many words a recognizer got wrong, per word that was said."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from voice.text.patterns import pattern_of
from voice.text.speakable import HAN

_TOKEN = pattern_of(rf"[{HAN}]|[^\W_{HAN}]+(?:'[^\W_{HAN}]+)*")


def words(text: str) -> list[str]:
    """Words in lower case without punctuation; each Chinese character is a word of its own."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return _TOKEN.findall(folded)


def distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Fewest insertions, deletions and substitutions that turn one word list into the other (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Errors per word said over (said, heard) pairs, in total, not averaged per pair; nan when nothing was said."""
    errors = total = 0
    for said, heard in pairs:
        reference = words(said)
        errors += distance(reference, words(heard))
        total += len(reference)
    return errors / total if total else float("nan")
