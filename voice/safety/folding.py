"""One spelling for characters that look the same to a person, code point by code point."""

from __future__ import annotations

_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_DIGIT_BLOCKS = (0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0)

_TABLE: dict[int, str] = {
    **{code: chr(code).lower() for code in range(ord("A"), ord("Z") + 1)},
    **{code: chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5F)},
    **{zero + step: str(step) for zero in _DIGIT_BLOCKS for step in range(10)},
    **{0x1D7CE + step: str(step % 10) for step in range(50)},
    **dict.fromkeys(map(ord, _SPACES + _UNSEEN), " "),
    **dict.fromkeys(map(ord, _DASHES), "-"),
    ord("\u2024"): ".",
}


def fold(text: str) -> str:
    """The text in half-width small letters, with plain digits, spaces and hyphens; every code point keeps its place."""
    return text.lower() if text.isascii() else text.translate(_TABLE)
