"""Numbers in words: cardinals, ordinals, decimals, years and digits one by one, in English and Chinese."""

from __future__ import annotations

_SMALL = str.split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = str.split("- - twenty thirty forty fifty sixty seventy eighty ninety")
_SCALES = ((10**15, "quadrillion"), (10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINAL_ENDS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_MOST_DIGITS = 18
"""A longer number is said digit by digit."""

HAN_NUMERALS = "零一二三四五六七八九"
HAN_DIGITS = str.maketrans("0123456789", HAN_NUMERALS)
_HAN_GROUPS = ((10**12, "万亿"), (10**8, "亿"), (10**4, "万"))


def cardinal(value: int) -> str:
    """A whole number in English words: `one thousand two hundred twenty-six`."""
    if value < 20:
        return _SMALL[value]
    if value < 100:
        ten, unit = divmod(value, 10)
        return _TENS[ten] + (f"-{_SMALL[unit]}" if unit else "")
    for size, name in (*_SCALES, (100, "hundred")):
        if value >= size:
            many, rest = divmod(value, size)
            return f"{cardinal(many)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError(value)


def ordinal(value: int) -> str:
    """`twenty-first` for 21."""
    said = cardinal(value)
    head, last = said[: max(said.rfind(" "), said.rfind("-")) + 1], said[max(said.rfind(" "), said.rfind("-")) + 1 :]
    if last in _ORDINAL_ENDS:
        return head + _ORDINAL_ENDS[last]
    return head + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def decimal(text: str) -> str:
    """Digits such as `1,299.05` in English words: `one thousand two hundred ninety-nine point zero five`."""
    whole, point, fraction = text.replace(",", "").partition(".")
    said = "" if not whole else digits(whole) if _one_by_one(whole) else cardinal(int(whole))
    return f"{said} point {digits(fraction)}".strip() if point and fraction else said


def digits(text: str) -> str:
    """English digits one by one; what is not a digit parts groups."""
    groups = "".join(character if character.isdecimal() else " " for character in text).split()
    return ", ".join(" ".join(_SMALL[int(digit)] for digit in group) for group in groups)


def pair(value: int) -> str:
    """Two digits as in a time or a year: `oh five`, `thirty`."""
    return cardinal(value) if value > 9 else f"oh {_SMALL[value]}"


def year_in_words(year: int) -> str:
    """A year in English, such as `nineteen oh five`; outside 1000 to 2099 in digits."""
    if not 1000 <= year <= 2099:
        return str(year)
    century, rest = divmod(year, 100)
    if year % 1000 < 10:
        return cardinal(year)
    return f"{cardinal(century)} {pair(rest) if rest else 'hundred'}"


def plural(word: str) -> str:
    """`nineties` of ninety, `hundreds` of hundred."""
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}{'es' if word.endswith('x') else 's'}"


def _one_by_one(whole: str) -> bool:
    return (len(whole) > 1 and whole.startswith("0")) or len(whole) > _MOST_DIGITS


def han_cardinal(value: int) -> str:
    """A whole number in Chinese numerals: `一千零二十六`."""
    if value == 0:
        return "零"
    for size, name in _HAN_GROUPS:
        if value >= size:
            many, rest = divmod(value, size)
            said = "两" if many == 2 else han_cardinal(many)
            gap = "零" if 0 < rest < size // 10 else ""
            return f"{said}{name}{gap}{_han_below(rest, whole=False) if rest < 10**4 else han_cardinal(rest)}"
    return _han_below(value, whole=True)


def _han_below(value: int, *, whole: bool) -> str:
    """A number below ten thousand; `whole` when nothing stands before it, so that ten is 十 and not 一十."""
    said, gap = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, size)
        if digit:
            one_ten = size == 10 and digit == 1 and not said and whole
            two = "两" if digit == 2 and size == 1000 else HAN_NUMERALS[digit]
            said += ("零" if gap and said else "") + ("" if one_ten else two) + name
            gap = False
        else:
            gap = True
    return said


def han_decimal(text: str) -> str:
    """Digits such as `1,299.05` in Chinese numerals: `一千二百九十九点零五`."""
    whole, point, fraction = text.replace(",", "").partition(".")
    said = han_digits(whole) if _one_by_one(whole) else han_cardinal(int(whole or 0))
    return f"{said}点{han_digits(fraction)}" if point and fraction else said


def han_digits(text: str) -> str:
    """Chinese digits one by one."""
    return text.translate(HAN_DIGITS)


_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def roman(text: str) -> int | None:
    """The value of a Roman numeral below 200 in its one right form; None for other letters."""
    values = [_ROMAN.get(letter, 0) for letter in text]
    total = sum(-one if one < next_ else one for one, next_ in zip(values, [*values[1:], 0], strict=True))
    return total if values and all(values) and 0 < total < 200 and _roman(total) == text else None


def _roman(value: int) -> str:
    out = ""
    for size, letters in zip(
        (100, 90, 50, 40, 10, 9, 5, 4, 1), ("C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"), strict=True
    ):
        while value >= size:
            out, value = out + letters, value - size
    return out
