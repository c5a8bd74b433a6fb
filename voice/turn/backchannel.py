"""Listening noises against real words: "mhm" over a reply lets it go on, anything else takes the turn."""

from __future__ import annotations

import re

from voice.text.han import simplified

_SIGNS = (
    "m|mhm|hm|uh ?huh|uh|um|ah|oh|aha|yeah|yep|yup|yes|ok|okay|right|sure|really|wow|cool|nice|good|great|i see"
    "|got it|alright|all right|of course|exactly|indeed|go on|true|interesting|huh|so|well|mhm hm"
    "|嗯|哦|噢|啊|呃|对|对的|对啊|是|是的|是啊|是吗|好|好的|好吧|行|可以|没错|明白|明白了|知道了|了解|这样啊|原来如此|真的"
)
_STOPS = re.compile(
    r"\b(?:stop|wait|hold on|shut up|be quiet|quiet|cancel|enough|pause|hang on|no)\b"
    "|停|等等|等一下|等会|别说|闭嘴|够了|取消|不要|安静|暂停",
    re.IGNORECASE,
)
_ONLY = re.compile(rf"(?:(?:{_SIGNS})(?: |\b|(?=[㐀-鿿])))+")
_DRAWN_OUT = re.compile(r"([mha嗯哦噢啊呃对是好])\1+")
_MARKS = re.compile(r"[^\w\s']+|_")
_MOST_WORDS = 4


def is_stop(text: str) -> bool:
    """Whether the words ask for silence."""
    return bool(_STOPS.search(simplified(text)))


def asks_for_silence(text: str) -> bool:
    """Whether that is all the words do: a few of them, one a stop word."""
    return is_stop(text) and len(_MARKS.sub(" ", text).split()) <= _MOST_WORDS


def is_backchannel(text: str) -> bool:
    """Whether the transcript is only a sign of listening, such as `mhm`, `okay` or 嗯; stop words are not."""
    words = _DRAWN_OUT.sub(r"\1", " ".join(_MARKS.sub(" ", simplified(text).lower()).split()))
    if not words or is_stop(words):
        return False
    return len(words.split()) <= _MOST_WORDS and bool(_ONLY.fullmatch(words))
