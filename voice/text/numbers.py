"""Numbers as people say them, English and Chinese: words to digits, values to words, simplified characters."""

from __future__ import annotations

import re
import unicodedata

from voice.text.number_words import HAN_NUMERALS
from voice.text.patterns import pattern_of

_UNITS = {
    word: value
    for value, word in enumerate(
        str.split(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
            " seventeen eighteen nineteen"
        )
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(str.split("twenty thirty forty fifty sixty seventy eighty ninety"), start=2)
} | {"fourty": 40}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_TOKEN = pattern_of(r"\d+(?:,\d+)*(?:\.\d+)?|[A-Za-z]+(?:'[a-z]+)?|\s+|.", re.DOTALL)

_LONGEST_DIGITS = 30
_LONGEST_FRACTION = 40  # tokens

HAN_NUMBER = r"[负]?(?:\d[\d,]*(?:\.\d+)?[万亿]?|[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?)"
"""Pattern of a number in Chinese text: digits or numerals."""

_HAN_DIGITS = {numeral: value for value, numeral in enumerate(HAN_NUMERALS)} | {"〇": 0, "两": 2}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000}
_HAN_GROUPS = {"万": 10**4, "亿": 10**8}


def written_fractions(text: str) -> str:
    """The text with `½` as `1/2`, and `1½` as `1 1/2`."""
    out: list[str] = []
    for character in text:
        if unicodedata.category(character) == "No" and "⁄" in (flat := unicodedata.normalize("NFKC", character)):
            out.append((" " if out and out[-1][-1].isdecimal() else "") + flat.replace("⁄", "/"))
        else:
            out.append("/" if character == "⁄" else character)
    return "".join(out)


def in_digits(text: str) -> str:
    """English text with its number words in digits: `twenty one point five` becomes `21.5`; the rest unchanged."""
    tokens = _TOKEN.findall(text.replace("-", " ") if _hyphenated(text) else text)
    out: list[str] = []
    at = 0
    while at < len(tokens):
        value, after = _number_at(tokens, at)
        if after == at:
            out.append(tokens[at])
            at += 1
        else:
            written = after == at + 1 and "," not in tokens[at] and tokens[at][0].isdecimal()
            out.append(tokens[at] if written else plain_number(value))  # the 05 of 9:05 stays
            at = after
    return "".join(out)


def _hyphenated(text: str) -> bool:
    return bool(re.search(r"\b[a-z]+ty-[a-z]+\b", text, re.IGNORECASE))


def _number_at(tokens: list[str], at: int) -> tuple[float, int]:
    """The value of the number that begins at token `at` and the index after it; the same index when none does."""
    total = group = 0.0
    end = at
    last = ""  # kind of the last word: a unit takes no further unit ("five five" is two numbers)
    cursor = at
    while cursor < len(tokens):
        word = tokens[cursor].lower()
        if word.isspace() and end > at:
            cursor += 1
            continue
        if word == "and" and last in ("hundred", "scale") and _continues(tokens, cursor):
            cursor += 1
            continue
        if word == "a" and not last and _next_word(tokens, cursor) in ("hundred", *_SCALES):
            group, last = 1.0, "unit"
        elif word[0].isdecimal() and not last and len(word) <= _LONGEST_DIGITS:
            group, last = float(word.replace(",", "")), "digits"
        elif word in _UNITS and (last in ("", "hundred", "scale") or (last == "tens" and 0 < _UNITS[word] < 10)):
            group, last = group + _UNITS[word], "unit"
        elif word in _TENS and last in ("", "hundred", "scale"):
            group, last = group + _TENS[word], "tens"
        elif word == "hundred" and last in ("unit", "digits", "tens"):
            group, last = group * 100, "hundred"
        elif word in _SCALES and last and last != "scale":
            total, group, last = total + group * _SCALES[word], 0.0, "scale"
        else:
            break
        cursor = end = cursor + 1
    if end == at and tokens[at].lower() != "point":
        return 0.0, at
    if end == at:
        value, end = _fraction(tokens, at, 0.0)
        return (value, end) if end > at + 1 else (0.0, at)
    return _fraction(tokens, end, total + group)


def _continues(tokens: list[str], cursor: int) -> bool:
    following = _next_word(tokens, cursor)
    return following in _UNITS or following in _TENS


def _next_word(tokens: list[str], cursor: int) -> str:
    return next((token.lower() for token in tokens[cursor + 1 : cursor + 3] if not token.isspace()), "")


def _fraction(tokens: list[str], end: int, value: float) -> tuple[float, int]:
    """Read `point five two` behind a number."""
    near = enumerate(tokens[end : end + _LONGEST_FRACTION], start=end)
    words = [(index, token.lower()) for index, token in near if not token.isspace()]
    if not words or words[0][1] != "point":
        return value, end
    digits = ""
    for index, word in words[1:]:
        if word.isdecimal() and not digits:
            return float(f"{plain_number(value)}.{word}"), index + 1
        if _UNITS.get(word, 10) > 9:
            break
        digits, end = digits + str(_UNITS[word]), index + 1
    return (float(f"{plain_number(value)}.{digits}") if digits else value), end


_DIGIT_CONTEXT = pattern_of(r"\b(?:number|phone|code|pin|dial|call|zip)\b|号码|电话|密码|验证码|手机号")
_WHOLE_NUMBER = 7  # digits of the shortest telephone number


def digits_in_progress(text: str) -> bool:
    """Whether a text ends in digits said one by one, or in too short a number after words like `code`: more may come.

    >>> digits_in_progress("my number is five five five one")
    True
    """
    shown = re.sub("[零〇一二三四五六七八九幺]", "1", in_digits(text.lower()))
    run = re.search(r"\d[\d\s-]*$", shown)
    if not run:
        return False
    groups, digits = len(re.findall(r"\d+", run[0])), len(re.findall(r"\d", run[0]))
    one_by_one = groups >= 2 or bool(re.search(r"[㐀-鿿]1{3,}$", shown))
    return digits < _WHOLE_NUMBER and (one_by_one or bool(_DIGIT_CONTEXT.search(shown)))


def han_number(text: str) -> float | None:
    """The value of digits or Chinese numerals (`一百二十三点五`, `两万`, `3.5`, `3万`); None if it is not a number."""
    sign, text = (-1, text[1:]) if text.startswith("负") else (1, text)
    if re.fullmatch(r"\d[\d,]*(?:\.\d+)?[万亿]?", text):
        scale = _HAN_GROUPS.get(text[-1], 1)
        return sign * float(text.rstrip("万亿").replace(",", "")) * scale
    whole, _, fraction = text.partition("点")
    if not whole or any(numeral not in _HAN_DIGITS for numeral in fraction):
        return None
    value = _han_whole(whole)
    if value is None:
        return None
    digits = "".join(str(_HAN_DIGITS[numeral]) for numeral in fraction)
    return sign * (float(f"{value}.{digits}") if digits else float(value))


def _han_whole(text: str) -> int | None:
    if all(numeral in _HAN_DIGITS for numeral in text):
        return int("".join(str(_HAN_DIGITS[numeral]) for numeral in text))
    total = group = digit = 0
    scale = 1
    for numeral in text:
        if numeral in _HAN_DIGITS:
            digit, scale = _HAN_DIGITS[numeral], 1 if numeral in "零〇" else scale
        elif numeral in _HAN_SCALES:
            group, digit, scale = group + (digit or 1) * _HAN_SCALES[numeral], 0, _HAN_SCALES[numeral]
        elif numeral in _HAN_GROUPS:
            size, section = _HAN_GROUPS[numeral], group + digit
            total = (total + section) * size if total < size else total + section * size  # 万亿, but 一亿五千万
            group, digit, scale = 0, 0, size
        else:
            return None
    return total + group + (digit * scale // 10 if scale > 10 and text[-1] in _HAN_DIGITS else digit)


def plain_number(value: float) -> str:
    """A value as digits that read back to it: `84`, `2.5`."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def say_number(value: float, language: str = "en") -> str:
    """A value as a reply says it: at most four decimals, fewer for large values; English in groups of thousands."""
    magnitude = abs(value)
    if magnitude and (magnitude < 1e-4 or magnitude >= 1e15):
        return f"{value:.3g}"
    decimals = 4 if magnitude < 10 else 2
    text = f"{value:,.{decimals}f}" if language == "en" and magnitude >= 10_000 else f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


_PAIRS = (
    "現现 幾几 點点 鐘钟 設设 個个 計计 時时 幫帮 請请 問问 兩两 萬万 億亿 負负 嗎吗 麼么 說说 "
    "讀读 這这 會会 為为 號号 週周 禮礼 聽听 沒没 還还 換换 攝摄 華华 裡里 裏里 離离 遠远 陽阳 "
    "氣气 減减 開开 關关 對对 錯错 謝谢 見见 溫温 藍蓝 顆颗 誰谁 讓让 單单 轉转 從从 給给 與与 "
    "後后 嘗尝 應应 當当 來来 過过 話话 樣样 種种 習习 麽么 於于 別别 鬧闹 錄录 隱隐 連连 結结 題题 間间 "
    "長长 傷伤 達达 數数 熱热 積积 體体 電电 碼码 鎖锁 濕湿 條条 閉闭 語语 圓圆 覺觉 無无 臺台 "
    "幀帧 侖仑 傳传 剛刚 刪删 辦办 動动 釐厘 啟启 聲声 復复 複复 誇夸 實实 爾尔 報报 據据 斷断 "
    "術术 機机 湯汤 煩烦 燒烧 約约 紹绍 脫脱 節节 雖虽 認认 證证 識识 訴诉 運运 額额 馬马 驗验 "
    "靜静 記记 夠够 將将 準准 線线 總总 統统 國国 寫写 歲岁 錢钱 環环 衛卫 壓压 寬宽 併并 瑪玛 "
    "腦脑 裝装 網网 嚮向 曆历 歷历 處处 難难 錶表 鐵铁 銀银 龍龙 歐欧 亞亚 陰阴 場场 邊边 頭头 "
    "師师 學学 醫医 愛爱 業业 "
)
_TABLE = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}


def simplified(text: str) -> str:
    """The text with the traditional characters a recognizer writes in common questions replaced; same length."""
    return text.translate(_TABLE)
