"""Reply text to speakable text: no Markdown, no emoji, links and symbols in words of the text's language."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from voice.text.dates import dates_in_words
from voice.text.german.spoken import german
from voice.text.markdown import plain, without_fences
from voice.text.numbers import written_fractions
from voice.text.patterns import pattern_of
from voice.text.phrases import phrase
from voice.text.placeholders import BLOCKED, PLACEHOLDER, in_words
from voice.text.spoken_chinese import chinese
from voice.text.spoken_english import english
from voice.text.spoken_signs import without_latex

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Ranges for a pattern, escaped: written out, an editor that normalizes U+F900 makes all of Korean Chinese."""
_HAN = pattern_of(f"[{HAN}]")
_URL = pattern_of(r"(?:https?://|www\.)(?:[^\s/<>()\[\]{}\"'，。！？；：、]+@)?([^\s/:?#<>()\[\]{}\"'，。！？；：、]+)"
                  r"[^\s<>()\[\]{}\"'，。！？；：、]*")  # fmt: skip
_EMAIL = pattern_of(r"(?:mailto:)?\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)\b")
_KEYCAP = pattern_of(r"([0-9#*])\ufe0f?\u20e3")
_JOINERS = "\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff\u00ad\u20e3"
_EDGES = " \t\n,.;:!?，。！？；：、…·)]}”’》」』）】-–—|*_~`#>="
_LEFTOVERS = pattern_of(r"[*|\\`]+|_+")
_GAPS = pattern_of(r"[^\S\n]{4,}")
_SPACES = pattern_of(r"\s+")
_SPACE_BEFORE_MARK = pattern_of(r"\s+([,.;:!?，。！？；：、])(?=\s|$)")
_CODE = {"en": "The code is in the text.", "zh": "代码在文字里。"}
_LINK = {"en": "link to {}", "zh": "{}的链接"}
_AT = {"en": "{} at {}", "zh": "{} at {}"}
_WORDS = {"en": english, "zh": chinese, "de": german}


def language_of(text: str) -> str:
    """`zh` when the text has a Han character, `en` when it has another letter, else empty."""
    if _HAN.search(text):
        return "zh"
    return "en" if any(character.isalpha() for character in text) else ""


def spoken(text: str, *, language: str = "", line_start: bool = True) -> str:
    """What to say for a piece of a reply; empty when nothing in it can be said.

    `language` (`en`, `zh`) chooses the words for symbols; empty: detected from the text; other languages keep their
    symbols for the engine to read, German all but dates and times. `line_start` says whether the piece begins a line,
    where `-` and `#` are marks.
    """
    language = language or language_of(text) or "en"
    text = dates_in_words(_without_marks(text, language, line_start), language)
    if (in_words_of := _WORDS.get(language)) is not None:
        text = in_words_of(written_fractions(text))
    return _tidy(text)


def unmarked(text: str) -> str:
    """The text as it is read on a screen without Markdown, emoji and addresses; numbers stay in digits."""
    return _tidy(_without_marks(text, language_of(text) or "en", line_start=True))


def _without_marks(text: str, language: str, line_start: bool) -> str:
    text = text.replace(BLOCKED, phrase("blocked", language))
    text = PLACEHOLDER.sub(lambda name: in_words(name[1], language), text)
    text = without_fences(_GAPS.sub("   ", text), _CODE.get(language, ""))
    text = plain(without_latex(text), line_start=line_start)
    text = unescape(text)
    text = _URL.sub(lambda found: _link(found, language), text)
    text = _EMAIL.sub(lambda found: _AT.get(language, "{} @ {}").format(found[1], found[2]), text)
    return _without_emoji(text)


def _tidy(text: str) -> str:
    text = _LEFTOVERS.sub(" ", text)
    text = _SPACE_BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", text))
    text = text.lstrip(_EDGES).rstrip(" *_~`|#(（[【“‘「『《<")
    return text if any(character.isalnum() for character in text) else ""


def is_emoji(character: str) -> bool:
    """Whether a code point is an emoji, a pictograph or part of one; digits and letters never are."""
    return character in _JOINERS or character >= "\U000e0020" or _is_picture(character)


def _is_picture(character: str) -> bool:
    code = ord(character)
    return 0x1F000 <= code <= 0x1FAFF or (
        code > 0x7F
        and unicodedata.category(character) == "So"
        and not 0x3200 <= code <= 0x33FF
        and character not in "°℃℉"
    )


def _without_emoji(text: str) -> str:
    text = _KEYCAP.sub(r"\1", text)
    return "".join(
        " " if _is_picture(c) else c for c in text if c not in _JOINERS and not "\U000e0020" <= c <= "\U000e007f"
    )


def _link(found: re.Match[str], language: str) -> str:
    whole = found[0]
    host = found[1].removeprefix("www.").rstrip(".,;:!?")
    tail = whole[len(whole.rstrip(".,;:!?")) :]
    return _LINK.get(language, "{}").format(host) + tail
