"""Speech over a reply: the echo of the reply itself, "mhm", a word to stop, or words that interrupt."""

from __future__ import annotations

import re
from functools import lru_cache

from voice.text.numbers import in_digits, simplified
from voice.text.patterns import pattern_of
from voice.text.speakable import HAN

_SIGNS = (
    "m|mhm|hm|uh ?huh|uh|um|ah|oh|aha|yeah|yep|yup|yes|ok|okay|right|sure|really|wow|cool|nice|good|great|i see"
    "|got it|alright|all right|of course|exactly|indeed|go on|true|interesting|huh|so|well|mhm hm"
    "|嗯|哦|噢|啊|呃|对|对的|对啊|是|是的|是啊|是吗|好|好的|好吧|行|可以|没错|明白|明白了|知道了|了解|这样啊|原来如此|真的"
)
_STOPS = pattern_of(
    r"\b(?:stop|wait|hold on|shut up|be quiet|quiet|cancel|enough|pause|hang on|no)\b"
    "|停|等等|等一下|等会|别说|闭嘴|够了|取消|不要|安静|暂停",
    re.IGNORECASE,
)
_ONLY = pattern_of(rf"(?:(?:{_SIGNS})(?: |\b|(?=[㐀-鿿])))+")
_DRAWN_OUT = pattern_of(r"([mha嗯哦噢啊呃对是好])\1+")
_MARKS = pattern_of(r"[^\w\s']+|_")
_MOST_WORDS = 4
LIKELY, SURELY = 0.5, 0.7
"""How much of the words has to be the reply's to be its echo: where a recognizer mishears one that is loud, and where
hardly any comes that far, because a canceller takes it out or there is none."""
_BRIEF = 3


def is_stop(text: str) -> bool:
    """Whether the words ask for silence."""
    return bool(_STOPS.search(simplified(text)))


def asks_for_silence(text: str) -> bool:
    """Whether that is all the words do: a few of them, one a stop word."""
    return is_stop(text) and len(_MARKS.sub(" ", text).split()) <= _MOST_WORDS


def is_brief(text: str) -> bool:
    """Whether that is hardly a word or two, which a recognizer also makes of the beginning of an echo."""
    return len(_tokens(text)) < _BRIEF and not is_stop(text)


def is_backchannel(text: str) -> bool:
    """Whether the transcript is only a sign of listening, such as `mhm`, `okay` or 嗯; stop words are not."""
    words = _DRAWN_OUT.sub(r"\1", " ".join(_MARKS.sub(" ", simplified(text).lower()).split()))
    if not words or is_stop(words):
        return False
    return len(words.split()) <= _MOST_WORDS and bool(_ONLY.fullmatch(words))


_TOKEN = pattern_of(rf"[{HAN}]|[^\W_{HAN}]+(?:'[^\W_]+)?")
_RECENT = 80  # tokens of speech that can still be in the room or the recognizer
_LONGEST = 300  # code points of what was heard that are compared
_BEGINNING = 3  # letters that are enough of a word
_SAME = 0.6  # words less alike than this are different words


def echo_score(heard: str, spoken: str) -> float:
    """How much of `heard` is a stretch of `spoken`, 0…1, forgiving misheard, missing and added words.

    An alignment of the words that may begin and end anywhere in `spoken` (P. Sellers, 1980), words weighted by length.
    """
    words = _tokens(heard[:_LONGEST])
    said = _tokens(spoken[-20 * _RECENT :])[-_RECENT:]
    if not words or not said:
        return 0.0
    weight = [len(word) for word in words]
    row = [0.0] * (len(said) + 1)
    for word, cost in zip(words, weight, strict=True):
        above, row = row, [row[0] + cost]
        for column, other in enumerate(said, start=1):
            change = cost * (1.0 - _likeness(word, other))
            row.append(min(above[column - 1] + change, above[column] + cost, row[column - 1] + 0.5 * len(other)))
    return 1.0 - min(row) / sum(weight)


def is_echo(heard: str, spoken: str, *, least: float = LIKELY) -> bool:
    """Whether the recognized words are the reply itself, though one word in two may be wrong, or fewer with `least`.

    `spoken` is the reply's text to the end of the clause that is being played. One or two words must match, or begin a
    word that does, since a person says "yes" while a reply with other words is spoken; and a word to stop that is not
    in the reply is a person's, whatever else was heard.
    """
    words, said = _tokens(heard), set(_tokens(spoken))
    if any(is_stop(word) and word not in said for word in words):
        return False
    if len(words) > 2:
        return echo_score(heard, spoken) >= least
    return bool(words) and echo_score(" ".join([*words[:-1], _completed(words[-1], said)]), spoken) >= 0.999


def _completed(word: str, said: set[str]) -> str:
    """The word of the reply that this one is the beginning of, cut off where the reply was held; else the word."""
    return next((other for other in said if len(word) >= _BEGINNING and other.startswith(word)), word)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(in_digits(re.sub(r"(?<=\d),(?=\d{3})", "", simplified(text).lower())))


@lru_cache(maxsize=4096)
def _likeness(one: str, other: str) -> float:
    """1 for the same word, 0 for words that share too little; by edit distance."""
    if one == other:
        return 1.0
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, start=1):
        above, row = row, [index]
        for column, against in enumerate(other, start=1):
            row.append(min(above[column] + 1, row[column - 1] + 1, above[column - 1] + (letter != against)))
    like = 1.0 - row[-1] / max(len(one), len(other))
    return like if like >= _SAME else 0.0
