"""Which phoneme begins which word of a text, although numbers become several words and "of the" becomes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from voice.text.patterns import pattern_of
from voice.text.speakable import HAN

WORD = pattern_of(rf"[{HAN}]|[^\s{HAN}]+")
"""A word of a text with its punctuation; a Chinese character is one."""

STRESS = "ˈˌ"
Sentence = Sequence[str]
"""Phonemes with spaces and punctuation, one code point or cluster each."""


def word_phonemes(
    text: str, sentences: Sequence[Sentence], pronounce: Callable[[str], Sentence]
) -> list[list[tuple[int, int]]]:
    """For each sentence the (phoneme index, offset in `text`) of the words that begin in it, in order.

    `pronounce` gives the phonemes of a word said alone; they are laid along those of the sentences, and where a
    word's first sound is not found, it begins as many sounds after the last one found as it would alone.
    """
    alone: list[str] = []
    words: list[tuple[int, int]] = []
    for word in WORD.finditer(text):
        sounds = [sound for sound in pronounce(word.group()) if _sounds(sound)]
        if sounds:
            words.append((len(alone), word.start()))
            alone += sounds
    heard = [
        (index, at) for index, sentence in enumerate(sentences) for at, sound in enumerate(sentence) if _sounds(sound)
    ]
    found = SequenceMatcher(None, alone, [sentences[index][at] for index, at in heard], autojunk=False)
    blocks = [(0, 0, 0), *found.get_matching_blocks()]
    starts: list[list[tuple[int, int]]] = [[] for _ in sentences]
    last = -1
    for position, char in words:
        block, following = next(
            pair for pair in pairwise([*blocks, (len(alone) + 1, len(heard), 0)]) if position < pair[1][0]
        )
        place = min(block[1] + position - block[0], following[1])
        if last < place < len(heard):
            index, at = heard[place]
            while at > 0 and sentences[index][at - 1] in STRESS:
                at -= 1
            starts[index].append((at, char))
            last = place
    return starts


def id_offsets(sentence: Sentence, ids: Mapping[str, Sequence[int]]) -> list[int]:
    """Where each phoneme of a sentence begins in the list of ids that piper makes of it, and then that list's length.

    Piper's order: a beginning, then each phoneme it knows, all followed by a pad; then an end.
    """
    pad = len(ids["_"])
    offsets = [len(ids["^"]) + pad]
    for phoneme in sentence:
        offsets.append(offsets[-1] + (len(ids[phoneme]) + pad if phoneme in ids else 0))
    offsets[-1] += len(ids["$"])
    return offsets


def _sounds(phoneme: str) -> bool:
    return phoneme.isalpha() and phoneme not in STRESS
