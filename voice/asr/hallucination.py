"""When to disbelieve a hypothesis: the signs that a neural recognizer looped, dreamed or heard nothing."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from voice.asr.word_error_rate import words

COMPRESSION_LIMIT = 2.4
"""Whisper's own threshold: text that deflates better than this repeats itself."""
LOG_PROB_LIMIT = -1.0
"""Whisper's own threshold for the mean log probability per token."""
NO_SPEECH_LIMIT = 0.6
NONSENSE_LOG_PROB = -1.6
"""Below this the tokens were guesses even if the model thinks that someone spoke."""
WORDS_PER_SECOND_LIMIT = 7.0
"""Fast talkers reach 5 words or Chinese characters a second over a whole utterance."""
SHORT_S = 1.0
"""Speech rate means little in shorter clips."""
REPEATS_LIMIT = 3
SAID_TWICE_WORDS = 4
"""A person says a word or two again; a short window was seen to say a whole sentence again (Whisper tiny.en)."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoded window: mean log probability per token, chance in 0…1 that nobody spoke, and the clip's length."""

    text: str
    avg_log_prob: float
    no_speech_prob: float
    duration_s: float
    capped: bool = False
    """The decoder was stopped at its token limit."""


def hallucinated(hypothesis: Hypothesis) -> str:
    """Why the text was dreamed and must not be shown, in a word or two; empty if it may be shown."""
    if hypothesis.no_speech_prob > NO_SPEECH_LIMIT and hypothesis.avg_log_prob < LOG_PROB_LIMIT:
        return "no speech"
    if hypothesis.avg_log_prob < NONSENSE_LOG_PROB:
        return "log prob"
    if compression_ratio(hypothesis.text) > COMPRESSION_LIMIT:
        return "compression ratio"
    return ""


def doubtful(hypothesis: Hypothesis) -> str:
    """Why a short window's text should be checked with the full window, in a word or two; empty if it can stand."""
    spoken = words(hypothesis.text)
    if not spoken:
        return "empty"
    if hypothesis.capped:
        return "length"
    if hypothesis.avg_log_prob < LOG_PROB_LIMIT:
        return "log prob"
    if compression_ratio(hypothesis.text) > COMPRESSION_LIMIT:
        return "compression ratio"
    if repeats(spoken, longest=4) >= REPEATS_LIMIT or repeats(spoken, shortest=SAID_TWICE_WORDS) > 1:
        return "repetition"
    if len(spoken) / max(hypothesis.duration_s, SHORT_S) > WORDS_PER_SECOND_LIMIT:
        return "words per second"
    return ""


def compression_ratio(text: str) -> float:
    """Bytes of the text per byte of it deflated, as Whisper counts; 0 when empty."""
    data = text.encode("utf-8")
    return len(data) / len(zlib.compress(data)) if data else 0.0


def repeats(spoken: list[str], *, shortest: int = 1, longest: int | None = None) -> int:
    """The most times that a run of so many words follows itself at once; 1 where none does, 0 for no words."""
    most = min(1, len(spoken))
    for size in range(shortest, min(longest or len(spoken), len(spoken) // 2) + 1):
        matching = 0
        for before, word in zip(spoken, spoken[size:], strict=False):
            matching = matching + 1 if word == before else 0
            most = max(most, matching // size + 1)
    return most
