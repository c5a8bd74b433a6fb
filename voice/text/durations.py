"""Lengths of time as they are spoken, both ways."""

from __future__ import annotations

import re

from voice.text.numbers import HAN_NUMBER, han_number, say_number

_SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "day": 86400}
_ENGLISH = re.compile(
    r"(?P<half>half (?:an?|1) )?(?:(?P<number>\d[\d.]*|an?)(?P<more> and (?:a|1) half)?[ -])?"
    r"(?P<quarter>quarter of an )?(?P<unit>second|sec|minute|min|hour|hr|day)s?(?P<tail> and (?:a|1) half)?\b"
)
_CHINESE = re.compile(
    rf"(?:(?P<half>半)个?|(?P<number>{HAN_NUMBER})个?(?P<more>半)?)"
    r"(?P<unit>秒钟?|分钟?|小时|钟头|天|刻钟)(?P<tail>半)?"
)
_HAN_SECONDS = {"秒": 1, "分": 60, "小": 3600, "钟": 3600, "天": 86400, "刻": 900}


def find_duration(words: str, *, chinese: bool = False) -> tuple[float, str] | None:
    """Seconds and the words left over; None when no length of time is in `words` (English numbers in digits)."""
    total, rest, found_any = 0.0, words, False
    for found in list((_CHINESE if chinese else _ENGLISH).finditer(words)):
        seconds = _han_seconds(found) if chinese else _seconds(found)
        if seconds is None:
            continue
        total, rest, found_any = total + seconds, rest.replace(found[0], "\0", 1), True
    if not found_any:
        return None
    rest = re.sub(r"\0(?:\s*,?\s*(?:and)?\s*\0)*", "\0", rest)
    return total, " ".join(rest.replace("\0", " ").split())


def _seconds(found: re.Match[str]) -> float | None:
    unit = _SECONDS[found["unit"]]
    half = 0.5 if found["more"] or found["tail"] else 0.0
    if found["half"]:
        return 0.5 * unit
    if found["quarter"]:
        return 0.25 * unit
    if not found["number"]:
        return None
    number = 1.0 if found["number"] in ("a", "an") else float(found["number"].rstrip("."))
    return (number + half) * unit


def _han_seconds(found: re.Match[str]) -> float | None:
    unit = _HAN_SECONDS[found["unit"][0]]
    number = 0.5 if found["half"] else han_number(found["number"])
    if number is None:
        return None
    return (number + (0.5 if found["more"] or found["tail"] else 0.0)) * unit


def say_duration(seconds: float, language: str) -> str:
    """`90` as `1 minute and 30 seconds` or `1分钟30秒`; whole seconds, zero as less than a second."""
    left = max(1, round(seconds)) if seconds != int(seconds) or seconds < 1 else int(seconds)
    parts = []
    for size, name, han in ((3600, "hour", "小时"), (60, "minute", "分钟"), (1, "second", "秒")):
        count, left = divmod(left, size)
        if count:
            number = say_number(float(count), language)
            parts.append(f"{number}{han}" if language == "zh" else f"{number} {name}{'s' if count != 1 else ''}")
    if language == "zh":
        return "".join(parts)
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
