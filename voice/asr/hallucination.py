"""When to disbelieve a hypothesis: the signs that a neural recognizer looped, hallucinated or heard no speech."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from voice.asr.word_error_rate import words

COMPRESSION_LIMIT = 2.4
"""Whisper's own threshold: text that deflates better than this repeats itself."""
LOG_PROB_LIMIT = -1.0
"""Whisper's own threshold for the mean log probability per token."""
NO_SPEECH_LIMIT = 0.6
SURE_LOG_PROB = -0.4
"""Words with at least this probability are kept even if the model reports no speech."""
NOBODY = 0.9
"""Above this nothing is made of a doubted word."""
NONSENSE_LOG_PROB = -1.6
"""Below this the tokens were guesses even if the model thinks that someone spoke."""
WORDS_PER_SECOND_LIMIT = 7.0
"""Fast talkers reach 5 words or Chinese characters a second over a whole utterance."""
SHORT_S = 1.0
"""Speech rate means little in shorter clips."""
REPEATS_LIMIT = 3
SAID_TWICE_WORDS = 4
"""A person says a word or two again; a short window was seen to say a whole sentence again (Whisper tiny.en)."""
_ENDS = """
you, thank you, thanks, thank you very much, thank you for watching, thanks for watching, bye, bye bye, okay, oh, so
the end, i'm sorry, please subscribe, 谢谢, 谢谢观看, 謝謝, 謝謝觀看
"""
FILM_ENDS = frozenset(" ".join(words(end)) for line in _ENDS.splitlines() for end in line.split(","))
"""What Whisper writes for noise: the ends of the films whose subtitles it learnt from."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoded window: mean log probability per token, probability of no speech, and the clip's length."""

    text: str
    avg_log_prob: float
    no_speech_prob: float
    duration_s: float
    capped: bool = False
    """The decoder was stopped at its token limit."""
    prompt: str = ""
    """The text that the decoder received as its prompt."""


def hallucinated(hypothesis: Hypothesis) -> str:
    """Why the text is hallucinated, in a word or two; empty if the text is good."""
    if hypothesis.no_speech_prob > NO_SPEECH_LIMIT:
        if hypothesis.avg_log_prob < _needed(hypothesis.no_speech_prob):
            return "no speech"
        said = " ".join(words(hypothesis.text))
        if said in FILM_ENDS:
            return "film end"
        if said and f" {said} " in f" {' '.join(words(hypothesis.prompt))} ":
            return "prompt"
    if hypothesis.avg_log_prob < NONSENSE_LOG_PROB:
        return "log prob"
    return ""


def looped(hypothesis: Hypothesis) -> bool:
    """Whether the decoder went round in circles, and not a person who says a thing again and again.

    A person needs time for it: text that repeats itself is believed at the pace of speech and where the model is sure.
    """
    if hypothesis.capped or _pace(hypothesis) > WORDS_PER_SECOND_LIMIT:
        return True
    return compression_ratio(hypothesis.text) > COMPRESSION_LIMIT and hypothesis.avg_log_prob < LOG_PROB_LIMIT


def doubtful(hypothesis: Hypothesis) -> str:
    """Why a short window's text should be checked with the full window, in a word or two; empty if it can stand."""
    spoken = words(hypothesis.text)
    if not spoken:
        return "empty"
    if hypothesis.capped:
        return "length"
    if hypothesis.no_speech_prob > NO_SPEECH_LIMIT:
        return "no speech"
    if hypothesis.avg_log_prob < LOG_PROB_LIMIT:
        return "log prob"
    if compression_ratio(hypothesis.text) > COMPRESSION_LIMIT:
        return "compression ratio"
    if repeats(spoken, longest=4) >= REPEATS_LIMIT or repeats(spoken, shortest=SAID_TWICE_WORDS) > 1:
        return "repetition"
    if _pace(hypothesis) > WORDS_PER_SECOND_LIMIT:
        return "words per second"
    return ""


def silenced(hypothesis: Hypothesis) -> bool:
    """Whether a prompt may have kept the model from writing actual speech."""
    lost = not words(hypothesis.text) or hypothesis.avg_log_prob < NONSENSE_LOG_PROB
    return bool(hypothesis.prompt) and lost and hypothesis.no_speech_prob <= NO_SPEECH_LIMIT


def plausible(hypothesis: Hypothesis) -> str:
    """A doubted text that might still be what was said; empty where it is not."""
    might = hypothesis.avg_log_prob >= NONSENSE_LOG_PROB and hypothesis.no_speech_prob <= NOBODY
    return hypothesis.text if might else ""


def _needed(no_speech_prob: float) -> float:
    """The least log probability of words that are kept despite "no speech": Whisper's limit, or a higher one."""
    share = (no_speech_prob - NO_SPEECH_LIMIT) / (1 - NO_SPEECH_LIMIT)
    return LOG_PROB_LIMIT + share * (SURE_LOG_PROB - LOG_PROB_LIMIT)


def _pace(hypothesis: Hypothesis) -> float:
    return len(words(hypothesis.text)) / max(hypothesis.duration_s, SHORT_S)


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
