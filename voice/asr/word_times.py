"""When each word of a clip was said: Whisper's attention, read as an alignment of its text to the audio."""

from __future__ import annotations

from typing import Any

import numpy as np

from voice.asr.interface import Word
from voice.audio.frames import Pcm, to_float

OPENING, CLOSING = "\"'“¿([{-「《", "\"'.。,，!！?？:：”)]}、;；」》"
"""Punctuation that belongs to the word after it, and to the word before it."""

LEAST_LONGEST_S = 0.5
LONGEST_MEDIANS = 2.0
"""No word lasts longer than this many times the median: the alignment gives it the pause beside it."""


def whisper_words(model: Any, pcm: Pcm, text: str, language: str, frames: int) -> list[Word]:
    """The words of `text`, which was read from `pcm`, with seconds from its beginning.

    `model` is a faster-whisper model, `frames` the window of mel frames to encode, at most 3,000. The words joined are
    the text, but for spaces at its ends.
    """
    from faster_whisper.audio import pad_or_trim
    from faster_whisper.tokenizer import Tokenizer
    from faster_whisper.transcribe import merge_punctuations

    features = model.feature_extractor(to_float(pcm))[:, :frames]
    multilingual = model.model.is_multilingual
    tokenizer = Tokenizer(model.hf_tokenizer, multilingual, task="transcribe", language=language or "en")
    tokens = tokenizer.encode(f" {text.strip()}")
    encoded = model.encode(pad_or_trim(features, frames))
    found = model.find_alignment(tokenizer, [tokens], encoded, features.shape[-1])[0]
    merge_punctuations(found, OPENING, CLOSING)
    words = [Word(each["word"], float(each["start"]), float(each["end"])) for each in found if each["word"].strip()]
    return in_order(words)


def in_order(words: list[Word]) -> list[Word]:
    """The words, none before another ends, and none that lasts through the pause beside it."""
    if not words:
        return []
    longest_s = max(LEAST_LONGEST_S, LONGEST_MEDIANS * float(np.median([word.end - word.start for word in words])))
    ordered: list[Word] = []
    for word in words:
        start = max(word.start, ordered[-1].end if ordered else 0.0)
        end = max(word.end, start)
        if end - start > longest_s:
            # A pause comes before a word that begins a sentence, and after any other.
            begins = not ordered or ordered[-1].text.rstrip().endswith((".", "?", "!", "。", "？", "！"))
            start, end = (end - longest_s, end) if begins else (start, start + longest_s)
        ordered.append(Word(word.text, round(start, 3), round(end, 3)))
    return ordered
