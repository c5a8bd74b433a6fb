"""Numbers, money, times, units and signs of a Chinese text in Chinese words, in the order in which they are looked for.

As in English, each rule takes what it knows out of the digits; the last one says what is left as plain numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from voice.text.number_words import han_cardinal, han_decimal, han_digits, roman
from voice.text.patterns import pattern_of
from voice.text.spoken_signs import HAN_SIGNS
from voice.text.spoken_units import AMOUNTS, CODES, CURRENCIES, PER, SYMBOL, UNITS

Words = str | Callable[[re.Match[str]], str]

NUM = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_TO = r"\s?(?:[-–—~～至到])\s?"
_BEFORE, _AFTER = r"(?<![A-Za-z0-9.,/])", r"(?![A-Za-z0-9]|[.,/:]\d)"
_COUNTED = (
    "个|位|只|次|天|小时|分钟|秒|米|公里|千米|公斤|千克|斤|元|块|年(?!级|代|\\d)|岁|倍|人|条|张|本|台|辆|杯|瓶|碗|件|家|名|种|层|页"
    "|篇|首|句|遍|周|星期|万|亿|千|支|根|颗|片|份|套|双|对|组|架|艘|座|间|头|匹|棵|朵|顿|场|部|门|项|点(?!\\d)|刻|桶|袋|盒|包|枚"
    "|美元|欧元|英镑|毫升|升|克|吨|厘米|毫米|公分|英里|英尺|人份|个月|代|股|行|步|圈|回|成|轮|局|任|届|期|把|口|滴|勺|箱|束|排|幢|栋"
)
_GAP = pattern_of(r"(?<=[一-鿿]) (?=[一-鿿])")
_IS_COUNTED = pattern_of(rf"\s?多?(?:{_COUNTED})")
_CODES = (
    "密码|验证码|号码|编号|邮编|工号|尾号|学号|卡号|账号|单号|订单号|门牌|房间|房号|航班|"
    "车次|车牌|分机|电话|手机|口令|代码|PIN|QQ|微信|班次"
)


def _any(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_SIGNS, _AMOUNTS = _any(CURRENCIES), _any(AMOUNTS)
_PER = r"(?:\s?/\s?(?:(?P<per>[A-Za-z]+[²³]?)(?![A-Za-z²³])|(?P<each>[一-鿿]{1,2}?)(?=$|[^\w]|[一-鿿])))?"


def chinese(text: str) -> str:
    """The text with its numbers and signs in Chinese words."""
    for pattern, words in _COMPILED:
        text = pattern.sub(words, text)
    return _GAP.sub("", text)


def _per(found: re.Match[str]) -> str:
    if found["per"]:
        return f"每{PER[found['per']][1]}" if found["per"] in PER else f"/{found['per']}"
    return f"每{found['each']}" if found["each"] else ""


def _scaled(value: str, amount: str | None) -> str:
    """A value times what its letter or English word stands for: `5M` is 五百万."""
    if not amount:
        return han_decimal(value)
    whole, _, part = value.replace(",", "").partition(".")
    power = AMOUNTS[amount][1]
    if len(part) > power:
        return han_decimal(value)
    return _in_groups(int(whole + part) * 10 ** (power - len(part)))


def _in_groups(value: int) -> str:
    """A round value with a decimal point before 万 or 亿: 1.4 billion is 十四亿, 1,250,000 is 一百二十五万."""
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if value >= size and value % (size // 100) == 0:
            whole, rest = divmod(value * 100 // size, 100)
            text = f"{whole}.{rest:02d}".rstrip("0").rstrip(".")
            return f"{'两' if text == '2' else han_decimal(text)}{name}"
    return han_cardinal(value)


def _money(found: re.Match[str]) -> str:
    """`¥1.5亿`, `$10-20`, `£40k`, `¥4/斤`."""
    groups = found.groupdict()
    currency = CURRENCIES[CODES.get(groups.get("code") or "", "") or groups["money"]]
    low, amount, group = groups.get("low"), groups.get("amount"), groups.get("group") or ""
    value = groups["value"]
    if "." in value and not (amount or group):
        value = value.rstrip("0").rstrip(".")
    said = "两" if value == "2" and not low and not amount else _scaled(value, amount)
    start = f"{_scaled(low, amount)}到" if low else ""
    minus = "负" if groups.get("minus") else ""
    return f"{minus}{start}{said}{group}{currency.han}{_per(found)}"


def _time(found: re.Match[str]) -> str:
    hour, minute, second = int(found["hour"]), int(found["minute"]), found["second"]
    said = f"{'两' if hour == 2 else han_cardinal(hour)}点"
    if minute or second:
        said += f"{'零' if 0 < minute < 10 else ''}{han_cardinal(minute)}分"
    if second:
        said += f"{'零' if 0 < int(second) < 10 else ''}{han_cardinal(int(second))}秒"
    half = found["half"]
    return f"{('上午' if half.lower().startswith('a') else '下午') if half else ''}{said}"


def _measure(found: re.Match[str]) -> str:
    unit, low, value = UNITS.get(found["unit"]), found["low"], found["value"]
    if unit is None or (found["low_unit"] or found["unit"]) not in UNITS:
        return found[0]
    minus = "负" if found["minus"] else ""
    if found["unit"] in ("°C", "℃", "°F", "℉") and minus:
        minus = "零下"
    said = "两" if value == "2" and not low and unit.han[0] not in "度摄华" else han_decimal(value)
    return f"{minus}{f'{han_decimal(low)}到' if low else ''}{said}{unit.han}{_per(found)}"


def _percent(found: re.Match[str]) -> str:
    low, part = found["low"], "百" if found["sign"] in "%％" else "千"
    minus = "负" if found["minus"] else ""
    if found["value"] == "100" and not low and part == "百":
        return f"{minus}百分之百"
    return f"{minus}{part}分之{f'{han_decimal(low)}到' if low else ''}{han_decimal(found['value'])}"


def _fraction(found: re.Match[str]) -> str:
    whole = f"{han_cardinal(int(found['whole']))}又" if found["whole"] else ""
    if not int(found["bottom"]):
        return found[0]
    return f"{whole}{han_cardinal(int(found['bottom']))}分之{han_cardinal(int(found['top']))}"


def _phone(found: re.Match[str]) -> str:
    """Telephone numbers with 幺 for one, as they are read out."""
    groups = re.findall(r"\d+", found[0])
    return "，".join(han_digits(group).replace("一", "幺") for group in groups)


def _version(found: re.Match[str]) -> str:
    parts = found["parts"].split(".")
    return ("版本" if found["v"] and not found.string[: found.start()].rstrip().endswith("版本") else "") + "点".join(
        han_digits(part) if len(parts) == 4 else han_decimal(part) for part in parts
    )


def _roman(found: re.Match[str]) -> str:
    value = roman(found["roman"])
    return found[0] if value is None else f"{found['before']}{han_cardinal(value)}{'世' if found['reign'] else ''}"


def _number(found: re.Match[str]) -> str:
    text = found["number"]
    after = found.string[found.end() :]
    before = found.string[: found.start()]
    if text == "2" and _IS_COUNTED.match(after) and not before.endswith(("第", "初")):
        return "两"
    if re.fullmatch(r"\d{7,}", text) and not text.endswith("000"):
        return han_digits(text)
    return han_decimal(text)


_RULES: tuple[tuple[str, Words], ...] = (
    (r"(?<=\d)，(?=\d{3}(?!\d))", ","),
    # what is spelled
    (r"(?<![A-Za-z0-9.])(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)|(?<![\d.])1[3-9]\d{9}(?!\d)", _phone),
    (
        r"(?<![\d.])(?:0\d{2,3}-\d{7,8}|(?:400|800)-?\d{3}-?\d{4}|"
        r"\(\d{3,4}\) ?\d{3,4}-?\d{4}|\d{3}-\d{3}-\d{4}|\d{3}-\d{4})(?!\d)",
        _phone,
    ),
    (
        r"(?P<name>(?:电话|手机|热线|拨打|号码)(?:号码|号)?(?:是|为|：|:)?\s?)(?P<code>\d[\d-]{2,})(?!\d|[.,]\d|个|部|台)",
        lambda found: found["name"] + _phone(re.match(r".*", found["code"]) or found),
    ),
    (
        rf"(?P<name>(?:{_CODES})(?:号码|号)?(?:是|为|：|:|\s)?\s?(?:[A-Z]{{1,2}})?)(?P<code>\d{{2,}})(?!\d|[.,]\d|%|个|元|人|平|间|号线)",
        lambda found: found["name"] + han_digits(found["code"]),
    ),
    (
        r"(?<![\d.,])(?P<code>\d{3,4})(?=号?(?:房间|房|室|教室|包厢)|路(?:公交|车))",
        lambda found: han_digits(found["code"]),
    ),
    (r"(?P<v>[vV](?=\d))?(?<![\d.])(?P<parts>\d+(?:\.\d+){2,})(?!\d)", _version),
    (r"(?<![A-Za-z])[vV](?P<parts>\d+\.\d+)", lambda found: f"版本{han_decimal(found['parts'])}"),
    # years
    (
        r"(?<![\d.,])(?P<year>1[1-9]\d\d|20\d\d)(?=\s?年)(?!\s?年(?:前|后|内|间|来|多|以|之))",
        lambda found: han_digits(found["year"]),
    ),
    (r"(?<!\d)(?:[5-9]0|00|[7-9]5)(?=后(?!天|秒|分|小|年|日|个))", lambda found: han_digits(found[0])),
    # money
    (
        rf"(?P<minus>[-−](?=[$€£¥￥]))?(?P<money>{_SIGNS})\s?(?:(?P<low>{NUM}){_TO}(?:{_SIGNS})?)?(?P<value>{NUM})"
        rf"(?:\s?(?P<amount>{_AMOUNTS})(?![A-Za-z]))?(?P<group>[百千]?[万亿]{{0,2}})(?:元)?{_PER}",
        _money,
    ),
    (
        rf"{_BEFORE}(?:(?P<low>{NUM}){_TO})?(?P<value>{NUM})(?:\s?(?P<amount>{_AMOUNTS}))?\s?"
        rf"(?:(?P<money>[€£₽])|(?P<code>{_any(CODES)})(?![A-Za-z])){_PER}",
        _money,
    ),
    (
        rf"(?<![A-Za-z])(?P<code>{_any(CODES)})\s?(?P<money>)(?P<value>{NUM})(?:\s?(?P<amount>{_AMOUNTS})(?![A-Za-z]))?{_PER}",
        _money,
    ),
    # times and ratios
    (
        r"(?P<lead>(?:比分|比例|比率|宽高比|纵横比|赔率|比)(?:是|为|：)?\s?)(?P<one>\d+)\s?[:：∶比-]\s?(?P<two>\d+)",
        lambda found: f"{found['lead']}{han_decimal(found['one'])}比{han_decimal(found['two'])}",
    ),
    (
        r"(?<![\d:.,])(?P<one>\d+)[:：](?P<two>\d+)(?=的?(?:比例|比分|比率|屏|画面|视频|大胜|战胜|击败|领先|落后|获胜|赢|输|险胜|平))",
        lambda found: f"{han_decimal(found['one'])}比{han_decimal(found['two'])}",
    ),
    (
        r"(?<![\d:.,])(?P<hour>[01]?\d|2[0-4])[:：](?P<minute>[0-5]\d)(?:[:：](?P<second>[0-5]\d))?\s?(?P<half>[aApP][mM](?![a-z]))?"
        r"(?!\d|[:.,：]\d)",
        _time,
    ),
    (r"(?<=[点分])\s?[-–—~～]\s?(?=[零一二两三四五六七八九十\d上下中早晚凌])", "到"),
    (
        r"(?<![\d:.,])(?P<one>\d+)\s?[:：∶]\s?(?P<two>\d+)(?!\d|[:：])",
        lambda found: f"{han_decimal(found['one'])}比{han_decimal(found['two'])}",
    ),
    # per cent, fractions, units
    (
        rf"(?P<minus>(?<![A-Za-z0-9%％])[-−])?(?<![\d.,])(?:(?P<low>{NUM})[%％]?{_TO})?(?P<value>{NUM})\s?(?P<sign>[%％‰])",
        _percent,
    ),
    (r"24/7(?!\d)", "二十四小时"),
    (
        r"(?<![\d./^=+*×÷)A-Za-z-])(?:(?P<whole>\d+) )?(?P<top>\d{1,3})[/⁄](?P<bottom>\d{1,3})"
        r"(?![\d/]|\.\d|\s?[=+*×÷^])",
        _fraction,
    ),
    (
        rf"(?<![A-Za-z0-9.,/^])(?P<minus>[-−])?(?:(?P<low>{NUM})\s?(?P<low_unit>{SYMBOL})?{_TO})?(?P<value>{NUM})\s?(?P<unit>{SYMBOL})"
        rf"(?![A-Za-z0-9²³^'’]){_PER}",
        _measure,
    ),
    (
        r"(?<![A-Za-z0-9.,])(?P<value>\d+)K(?=电视|视频|屏|画质|高清|分辨率|显示|跑)",
        lambda found: f"{han_decimal(found['value'])}K",
    ),
    (
        rf"(?<![A-Za-z0-9.,/])(?P<value>{NUM})(?: (?=[mbt]))?"
        r"(?P<amount>k|K|M|B|bn|million|billion|thousand)(?![A-Za-z0-9])",
        lambda found: _scaled(found["value"], found["amount"]),
    ),
    (
        r"(?<![A-Za-z0-9.])(?P<feet>\d)['′’](?P<inches>1?\d)(?:\"|″|”)?",
        lambda found: f"{han_decimal(found['feet'])}英尺{han_decimal(found['inches'])}英寸",
    ),
    # numerals, ranges and what is left
    (r"(?P<reign>)(?P<before>第)(?P<roman>[IVXLC]+)(?![A-Za-z])", _roman),
    (
        r"(?P<before>(?P<reign>亨利|爱德华|查理|查尔斯|伊丽莎白|乔治|理查|腓力|约翰|保罗|詹姆斯|威廉|亚历山大|尼古拉)?"
        r"(?<=[一-鿿]))(?P<roman>(?=[IVX]{2})[IVXLC]+)(?![A-Za-z0-9])",
        _roman,
    ),
    (r"和/或", "和或"),
    (
        rf"(?<![A-Za-z0-9.,/^=+-])(?P<low>{NUM})(?P<unit>[万亿]?)\s?[-–—~～]\s?(?P<high>{NUM})(?![A-Za-z0-9]|-\d|[.,]\d|\s?[=等])",
        lambda found: f"{han_decimal(found['low'])}{found['unit']}到{han_decimal(found['high'])}",
    ),
    *HAN_SIGNS,
    (r"(?<=[A-Za-z])-(?=\d)", " "),
    (rf"(?P<number>{NUM})", _number),
    (r"(?<=[零一二三四五六七八九十百千万亿两])-(?=[零一二三四五六七八九])", "，"),
)
_COMPILED = tuple((pattern_of(pattern), words) for pattern, words in _RULES)
