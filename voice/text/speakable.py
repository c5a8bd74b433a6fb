"""Reply text to speakable text: no Markdown, no emoji, links and symbols in words of the text's language."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from voice.text.dates import dates_in_words
from voice.text.markdown import plain, without_fences
from voice.text.phrases import phrase
from voice.text.placeholders import BLOCKED, PLACEHOLDER, in_words

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Ranges for a pattern, escaped: written out, an editor that normalizes U+F900 makes all of Korean Chinese."""
_HAN = re.compile(f"[{HAN}]")
_URL = re.compile(r"(?:https?://|www\.)(?:[^\s/<>()\[\]{}\"'，。！？；：、]+@)?([^\s/:?#<>()\[\]{}\"'，。！？；：、]+)"
                  r"[^\s<>()\[\]{}\"'，。！？；：、]*")  # fmt: skip
_EMAIL = re.compile(r"(?:mailto:)?\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)\b")
_KEYCAP = re.compile(r"([0-9#*])\ufe0f?\u20e3")
_JOINERS = "\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff\u00ad\u20e3"
_EDGES = " \t\n,.;:!?，。！？；：、…·)]}”’》」』）】-–—|*_~`#>="
_LEFTOVERS = re.compile(r"[*|\\`]+|_+")
_GAPS = re.compile(r"[^\S\n]{4,}")
_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_MARK = re.compile(r"\s+([,.;:!?，。！？；：、])(?=\s|$)")
_CODE = {"en": "The code is in the text.", "zh": "代码在文字里。"}
_LINK = {"en": "link to {}", "zh": "{}的链接"}
_AT = {"en": "{} at {}", "zh": "{} at {}"}
_NUM = r"(\d[\d,.]*(?<![,.]))"

_EN = (
    (rf"\$\s?{_NUM}", r"\1 dollars"),
    (rf"€\s?{_NUM}|{_NUM}\s?€", r"\1\2 euros"),
    (rf"£\s?{_NUM}", r"\1 pounds"),
    (rf"[¥￥]\s?{_NUM}", r"\1 yuan"),
    (r"\s?°\s?C\b|\s?℃", " degrees Celsius"),
    (r"\s?°\s?F\b|\s?℉", " degrees Fahrenheit"),
    (r"\s?°", " degrees"),
    (r"(?<=\d)\s?km/h\b", " kilometers per hour"),
    (r"(?<=\d)\s?mph\b", " miles per hour"),
    (r"(?<=\d)\s?m/s\b", " meters per second"),
    (r"(?<=\d)\s?km\b", " kilometers"),
    (r"(?<=\d)\s?cm\b", " centimeters"),
    (r"(?<=\d)\s?mm\b", " millimeters"),
    (r"(?<=\d)\s?kg\b", " kilograms"),
    (r"\s?%", " percent"),
    (r"\s?‰", " per thousand"),
    (r"\s?&\s?", " and "),
    (r"#(?=\d)", "number "),
    (r"(?<=\d)\s?[×*]\s?(?=\d)|\s[×*]\s", " times "),
    (r"\s?÷\s?", " divided by "),
    (r"(?<![\w.)\-])[-−](?=\d)", "minus "),
    (r"(?<=\d)\s?[−]\s?(?=\d)|(?<=\d)\s-\s(?=\d)", " minus "),
    (r"(?<=\d)\s?[–—]\s?(?=\d)", " to "),
    (r"(?<=[\w)])\s?\+\s?(?=\d)|\s\+\s", " plus "),
    (r"\s?=+\s?(?=\w)", " equals "),
    (r"\s?[≈~]\s?(?=\d)", " about "),
    (r"\s?±\s?", " plus or minus "),
    (r"\s≤\s?", " at most "),
    (r"\s≥\s?", " at least "),
    (r"\s<\s", " less than "),
    (r"\s>\s", " greater than "),
    (r"√(?=\d)", "square root of "),
    (r"²", " squared"),
    (r"³", " cubed"),
    (r"\s?→\s?", " to "),
    (r"€", " euro"),
    (r"£", " pound"),
    (r"\$(?!\w)", " dollar"),
)

_ZH = (
    (rf"\$\s?{_NUM}", r"\1美元"),
    (rf"€\s?{_NUM}|{_NUM}\s?€", r"\1\2欧元"),
    (rf"£\s?{_NUM}", r"\1英镑"),
    (rf"[¥￥]\s?{_NUM}", r"\1元"),
    (r"\s?°\s?C\b|\s?℃", "摄氏度"),
    (r"\s?°\s?F\b|\s?℉", "华氏度"),
    (r"\s?°", "度"),
    (r"(?<=\d)\s?km/h", "公里每小时"),
    (r"(?<=\d)\s?km", "公里"),
    (r"(?<=\d)\s?cm", "厘米"),
    (r"(?<=\d)\s?mm", "毫米"),
    (r"(?<=\d)\s?kg", "公斤"),
    (rf"{_NUM}\s?[%％]", r"百分之\1"),
    (rf"{_NUM}\s?‰", r"千分之\1"),
    (r"[%％]", "百分号"),
    (r"\s?[&＆]\s?", "和"),
    (r"#(?=\d)", "第"),
    (r"\s?×\s?|(?<=\d)\s?\*\s?(?=\d)", "乘以"),
    (r"\s?÷\s?", "除以"),
    (r"(?<![A-Za-z0-9.)\-])[-−](?=\d)", "负"),
    (r"(?<=\d)\s?−\s?(?=\d)|(?<=\d)\s-\s(?=\d)", "减"),
    (r"(?<=\d)\s?[–—~～]\s?(?=\d)", "到"),
    (r"\s?\+\s?(?=\d)", "加"),
    (r"\s?=+\s?", "等于"),
    (r"\s?≈\s?|[~～](?=\d)", "约"),
    (r"\s?±\s?", "正负"),
    (r"\s?≤\s?", "不超过"),
    (r"\s?≥\s?", "不少于"),
    (r"(?<=\d)\s?<\s?(?=\d)", "小于"),
    (r"(?<=\d)\s?>\s?(?=\d)", "大于"),
    (r"²", "的平方"),
    (r"³", "的立方"),
    (r"\s?→\s?", "到"),
    (r"€", "欧元"),
    (r"£", "英镑"),
)

_WORDS = {
    language: tuple((re.compile(pattern), words) for pattern, words in table)
    for language, table in (("en", _EN), ("zh", _ZH))
}


def language_of(text: str) -> str:
    """`zh` when the text has a Han character, `en` when it has another letter, else empty."""
    if _HAN.search(text):
        return "zh"
    return "en" if any(character.isalpha() for character in text) else ""


def spoken(text: str, *, language: str = "", line_start: bool = True) -> str:
    """What to say for a piece of a reply; empty when nothing in it can be said.

    `language` (`en`, `zh`) chooses the words for symbols; empty takes it from the text, and other languages keep their
    symbols for the engine to read. `line_start` says whether the piece begins a line, where `-` and `#` are marks.
    """
    language = language or language_of(text) or "en"
    text = text.replace(BLOCKED, phrase("blocked", language))
    text = PLACEHOLDER.sub(lambda name: in_words(name[1], language), text)
    text = without_fences(_GAPS.sub("   ", text), _CODE.get(language, ""))
    text = plain(text, line_start=line_start)
    text = unescape(text)
    text = _URL.sub(lambda found: _link(found, language), text)
    text = _EMAIL.sub(lambda found: _AT.get(language, "{} @ {}").format(found[1], found[2]), text)
    text = dates_in_words(_without_emoji(text), language)
    for pattern, words in _WORDS.get(language, ()):
        text = pattern.sub(words, text)
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
