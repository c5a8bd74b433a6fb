"""Numbers, money, times, units, titles and signs of a text in English words, in the order in which they are looked for.

Each rule takes what it knows out of the digits, so the rules after it see words; the last ones say what is left as
plain numbers. No library does it: docs/benchmarks.md has what they were measured at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from voice.text.number_words import cardinal, decimal, digits, ordinal, pair, plural, year_in_words
from voice.text.patterns import pattern_of
from voice.text.spoken_roman import ROMAN
from voice.text.spoken_signs import ENGLISH_SIGNS
from voice.text.spoken_titles import TITLES
from voice.text.spoken_units import AMOUNTS, CODES, CURRENCIES, PER, SYMBOL, UNITS

Words = str | Callable[[re.Match[str]], str]

NUM = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_START = r"(?<![\w.,/])"
_TO = r"\s?(?:[-–—~]|to)\s?"


def _any(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_SIGNS, _AMOUNTS = _any(CURRENCIES), _any(AMOUNTS)
_PER = r"(?:\s?/\s?(?P<per>[A-Za-z]+[²³]?)(?![\w²³]))?"


def english(text: str) -> str:
    """The text with its numbers and signs in English words."""
    for pattern, words in _COMPILED:
        text = pattern.sub(words, text)
    return text


# Money


def _money(found: re.Match[str]) -> str:
    """`$10-20`, `€1,299.99`, `$1.4 billion`, `£40k`, `$4/lb`."""
    groups = found.groupdict()
    currency = CURRENCIES[CODES.get(groups.get("code") or "", "") or groups["money"]]
    low, high, amount = groups.get("low"), groups["value"], groups.get("amount")
    scale = AMOUNTS[amount][0] if amount else ""
    before = groups.get("before") or ""
    attributive = bool(re.search(r"\b[Aa]n? $", before)) or before.endswith("-")
    said = f"{decimal(low)} to " if low else ""
    if scale or low or "." not in high:
        value = f"{decimal(high)} {scale}".strip()
        name = currency.one if high in ("1", "1.00") and not (scale or low) else currency.many
        said += f"{value} {name}"
    else:
        said += _cents(high, currency.one, currency.many, currency.cent, currency.named)
    if attributive and re.match(r" [a-z]", found.string[found.end() :]) and not groups.get("per"):
        said = said.removesuffix(currency.many) + currency.one if said.endswith(currency.many) else said
    per = groups.get("per")
    sign = "minus " if groups.get("minus") else ""
    return f"{sign}{said}{_per(per)}"


def _cents(value: str, one: str, many: str, cent: str, named: bool) -> str:
    whole, _, part = value.replace(",", "").partition(".")
    if not cent or len(part) > 2:
        return f"{decimal(value)} {many}"
    cents = int(part.ljust(2, "0"))
    coins = "cents" if cent == "cent" else "pence"
    small = f"{cardinal(cents)} {cent if cents == 1 else coins}"
    if not int(whole or 0) and cents:
        return small
    main = f"{cardinal(int(whole or 0))} {one if whole == '1' else many}"
    if not cents:
        return main
    return f"{main} {cardinal(cents)}" if cents >= 10 and int(whole) < 1000 and not named else f"{main} and {small}"


def _per(name: str | None) -> str:
    """`/lb` as ` per pound`; units without a price stay."""
    return "" if not name else f" per {PER[name][0]}" if name in PER else f"/{name}"


# Times, dates, ratios


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found["hour"]), int(found["minute"])
    second, half = found["second"], _half(found["half"])
    if hour > 24 or minute > 59:
        return found[0]
    if minute == 0 and not second:
        if half:
            return f"{cardinal(hour)} {half}{_stop(found)}"
        return f"{cardinal(hour)} hundred" if hour > 12 else f"{cardinal(hour)} o'clock" if hour else "midnight"
    said = f"{cardinal(hour)} {pair(minute)}" if minute else f"{cardinal(hour)} hundred"
    return " ".join(filter(None, (said, pair(int(second)) if second else "", half))) + _stop(found)


def _half(text: str | None) -> str:
    return "" if not text else "AM" if "a" in text.lower() else "PM"


def _bare_time(found: re.Match[str]) -> str:
    low = f"{cardinal(int(found['low']))} to " if found["low"] else ""
    return f"{low}{cardinal(int(found['hour']))} {_half(found['half'])}{_stop(found)}"


def _stop(found: re.Match[str]) -> str:
    """The full stop of `p.m.` where it is the last of the sentence too."""
    return "." if found[0].endswith(".") and not found.string[found.end() :].strip() else ""


def _years(found: re.Match[str]) -> str:
    low, high = found["low"], found["year"]
    return (
        f"{found['lead']}{year_in_words(int(low))} to {year_in_words(int(high))}"
        if low
        else (f"{found['lead']}{year_in_words(int(high))}")
    )


def _decade(found: re.Match[str]) -> str:
    century, ten = found["century"], int(found["ten"])
    if ten == 0:
        if not century:
            return "two thousands"
        return f"{cardinal(int(century))} hundreds" if century != "20" else "two thousands"
    name = plural(cardinal(ten * 10)) if ten > 1 else "tens"
    return f"{cardinal(int(century))} {name}" if century else name


_MONTH = str.split("January February March April May June July August September October November December")
_MONTHS = "|".join(f"{name}|{name[:3]}[.]?" for name in _MONTH if name != "May") + "|Sept[.]?|May"


def _month_day(found: re.Match[str]) -> str:
    day = int(found["day"])
    if not 1 <= day <= 31:
        return found[0]
    month = next(name for name in _MONTH if name[:3] == found["month"][:3])
    until = found["until"]
    return f"{month} {ordinal(day)}{f' to {ordinal(int(until))}' if until else ''}"


# Numbers that are spelled


def _phone(found: re.Match[str]) -> str:
    return digits(found[0])


def _version(found: re.Match[str]) -> str:
    parts = found["parts"].split(".")
    said = [" ".join(digits(part).split()) if len(parts) == 4 else decimal(part) for part in parts]
    return ("version " if found["v"] else "") + (" dot " if len(parts) == 4 else " point ").join(said)


# Units, fractions


def _measure(found: re.Match[str]) -> str:
    unit = UNITS.get(found["unit"])
    if unit is None or (found["low_unit"] or found["unit"]) not in UNITS:
        return found[0]
    low, value, per = found["low"], found["value"], found["per"]
    if unit.close and found["gap"]:
        return found[0]
    before, after = found.string[: found.start()], found.string[found.end() :]
    noun = bool(
        re.search(r"\b[Aa]n? $", before) and re.match(r" (?!of|in|at|on|per|to|and|or|for|by|is|was)[a-z]", after)
    )
    one = (value.replace(",", "") == "1" and not low) or noun
    minus = "minus " if found["minus"] else ""
    said = f"{minus}{f'{decimal(low)} to ' if low else ''}{decimal(value)} {unit.one if one else unit.many}"
    if found["hyphen"]:
        said = f"{decimal(value)}-{unit.one}"
    return f"{said}{_per(per)}"


_PARTS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth", 9: "ninth",
          10: "tenth", 12: "twelfth", 16: "sixteenth", 20: "twentieth", 32: "thirty-second", 64: "sixty-fourth",
          100: "hundredth"}  # fmt: skip
_OF = {"cup": "cup", "teaspoon": "teaspoon", "tablespoon": "tablespoon", "mile": "mile", "hour": "hour", "inch": "inch",
       "pound": "pound", "liter": "liter", "gallon": "gallon", "pint": "pint", "ounce": "ounce", "minute": "minute",
       "second": "second", "day": "day", "year": "year", "kilometer": "kilometer", "meter": "meter", "quart": "quart",
       "tsp": "teaspoon", "tbsp": "tablespoon", "oz": "ounce", "lb": "pound", "hr": "hour", "h": "hour", "in": "inch",
       "km": "kilometer", "mi": "mile"}  # fmt: skip


def _fraction(found: re.Match[str]) -> str:
    whole, top, bottom, of = found["whole"], int(found["top"]), int(found["bottom"]), found["of"]
    if bottom not in _PARTS or top >= bottom:
        if of or whole or bottom == 0:
            return found[0]
        return f"{cardinal(top)} {'out of' if bottom in (5, 10, 100) else 'over'} {cardinal(bottom)}"
    part = _PARTS[bottom]
    name = part if top == 1 else "halves" if bottom == 2 else f"{part}s"
    if whole:
        said = f"{decimal(whole)} and {'a' if top == 1 else cardinal(top)} {name}"
        return f"{said} {plural(_OF[of])}" if of else said
    if not of:
        return f"{'one' if top == 1 else cardinal(top)} {name}"
    article = "an" if _OF[of] in ("hour", "ounce", "inch") else "a"
    if bottom == 2:
        return f"half {article} {_OF[of]}"
    return f"{'a' if top == 1 else cardinal(top)} {name} of {article} {_OF[of]}"


def _number(found: re.Match[str]) -> str:
    """A plain number, parted from letters that touch it: `A4`, `3D`, `COVID-19`."""
    text = found["number"]
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    minus = "minus " if found["minus"] else ""
    said = minus + (digits(text) if re.fullmatch(r"\d{9,}", text) and not text.endswith("000") else decimal(text))
    return f"{' ' if before.isalnum() else ''}{said}{' ' if after.isalnum() else ''}"


_COUNTED = r"(?=$|[^\w\s]|\s(?:and|to|or|was|were|is|when|until|but|as|at|on|in|by|for|with|because|after|before" \
           r"|the|a|an|he|she|it|they|we|i|I|that|which|who|while|through|during|there|his|her|its|their|my|our|this)" \
           r"\b)"  # fmt: skip

_RULES: tuple[tuple[str, Words], ...] = (
    # what is spelled
    (r"(?<![\w$€£+.,/-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])", _phone),
    (r"(?<![\w$€£+.,/-])\d-\d{3}-\d{3}-\d{4}(?![\w-])|(?<!\w)\+\d{1,3}(?:[ .-]?\(?\d{2,5}\)?){2,5}(?!\w)", _phone),
    (r"(?<![\w$€£+.,/-])\d{3}-\d{4}(?![\w-])|(?<![\w-])\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}(?![\w-])", _phone),
    (
        r"\b(?P<name>(?i:PINs?|passcode|pass code|password|access code|zip code|zip|OTP|extension|ext\.?|code|"
        r"verification code|serial number|account number|tracking number|ID|order number|flight|call|dial|text)"
        r"(?: (?:is|of|number|code|in))?:? #?)(?P<code>\d+(?:-\d+)*)\b(?!%|[.,:]\d)",
        lambda found: (
            f"{'pin' + found['name'][3:] if found['name'].startswith('PIN') else found['name']}{digits(found['code'])}"
        ),
    ),
    (r"\b(?P<v>[vV])?(?P<parts>\d+(?:\.\d+){2,})(?![\w])", _version),
    (r"\b[vV](?P<parts>\d+\.\d+)\b", lambda found: f"version {decimal(found['parts'])}"),
    (rf"(?P<lead>\b[Bb]etween {NUM})\s?[-–—]\s?(?={NUM})", r"\g<lead> and "),
    # money
    (
        rf"(?P<before>(?:\b[Aa]n? )?)(?P<minus>[-−](?=[$€£¥]))?(?P<money>{_SIGNS})\s?(?:(?P<low>{NUM})"
        rf"(?:\s?[-–—]\s?)(?:{_SIGNS})?)?(?P<value>{NUM})(?:\s?(?P<amount>{_AMOUNTS})\b(?![/’']))?{_PER}",
        lambda found: found["before"] + _money(found),
    ),
    (
        rf"{_START}(?:(?P<low>{NUM}){_TO})?(?P<value>{NUM})(?:\s?(?P<amount>{_AMOUNTS}))?\s?"
        rf"(?:(?P<money>[€£₽])|(?P<code>{_any(CODES)})\b){_PER}",
        _money,
    ),
    (rf"\b(?P<code>{_any(CODES)})\s?(?P<value>{NUM})(?P<money>)(?:\s?(?P<amount>{_AMOUNTS})\b)?", _money),
    (
        rf"{_START}(?P<value>\d+)\s?¢",
        lambda found: f"{decimal(found['value'])} cent{'s' * (found['value'] != '1')}",
    ),
    # times and ratios
    (r"(?<=\d)(?P<half>\s?[ap]\.?m\.?)\s?[-–—]\s?(?=\d)", r"\g<half> to "),
    (
        r"(?P<lead>\b(?i:aspect ratio|ratio|score|scale|odds)(?: (?:of|was|is|at))? )(?P<one>\d+)\s?:\s?"
        r"(?P<two>\d+)\b",
        lambda found: f"{found['lead']}{cardinal(int(found['one']))} to {cardinal(int(found['two']))}",
    ),
    (
        r"(?<![\w:.,])(?P<one>\d+):(?P<two>\d+)"
        r"(?P<tail> (?:aspect|ratio|scale|odds|screen|display|video|mixture|split))",
        lambda found: f"{cardinal(int(found['one']))} to {cardinal(int(found['two']))}{found['tail']}",
    ),
    (
        r"(?<![\w:.,])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?P<half>(?:\s?[aApP]\.?[mM]\b"
        r"\.?))?(?![\w:]|[.,]\d)",
        _time,
    ),
    (r"(?<![\w:.,-])(?:(?P<low>1?\d)\s?[-–—]\s?)?(?P<hour>1?\d)\s?(?P<half>[aApP]\.?[mM]\b\.?)(?!\w)", _bare_time),
    (r"(?<= [AP]M)\s?[-–—]\s?(?=\w)|(?<=o'clock)\s?[-–—]\s?(?=\w)|(?<=[a-z])[–—](?=\d{1,2}:)", " to "),
    (r"(?<=[a-z])\s?[-–]\s?(?=\d{1,2}\s?[ap]\.?m\b)", " to "),
    (r"(?<![\w:.,])(?P<one>\d+):(?P<two>\d+)(?![\w:]|[.,]\d)", lambda found: f"{found['one']} to {found['two']}"),
    # days, years, decades
    (
        rf"(?P<on>)\b(?P<month>{_MONTHS}) (?P<day>\d\d?)(?:st|nd|rd|th)?(?:\s?[-–—]\s?(?P<until>\d\d?))?"
        r"(?=$|[^\w\s:/%.,]|[.,](?:\s|$)|\s(?:and|at|in|we|for|to|or|from|is|was|the|she|he|they|it|I|you|with)\b)",
        _month_day,
    ),
    (
        r"(?:(?<=\bthe )|(?<=\bmid-)|(?<=\blate )|(?<=\bearly )|(?<=\bmid ))?"
        r"(?<![\w$.,])(?P<century>1[1-9]|20)(?P<ten>\d)0['’]?s\b",
        _decade,
    ),
    (r"(?:['’]|(?<=\bthe )|(?<=\bmid-)|(?<=\blate )|(?<=\bearly ))(?P<century>)(?P<ten>[1-9])0['’]?s\b", _decade),
    (
        r"(?P<lead>)(?<![\w$.,/-])(?P<low>1[1-9]\d\d|20\d\d)\s?[-–—]\s?(?P<year>1[1-9]\d\d|20\d\d)"
        r"(?![\w-]|[.,]\d| ?%)",
        _years,
    ),
    (
        r"(?P<lead>\b(?:[Ii]n|[Ss]ince|[Yy]ear|[Cc]irca|[Uu]ntil|[Tt]ill|[Bb]y|[Bb]efore|[Aa]fter|[Dd]uring|of|[Ff]rom|and|to"
        r"|[Ee]arly|[Ll]ate|[Mm]id|[Ss]ummer|[Ww]inter|[Ss]pring|[Aa]utumn|[Ff]all|born|died|back in|around"
        r"|[Cc]opyright|©)[ (])"
        rf"(?P<low>)(?P<year>1[1-9]\d\d|20\d\d){_COUNTED}",
        _years,
    ),
    (rf"(?P<lead>\b(?:[Ii]n|[Ss]ince|[Yy]ear|[Cc]irca|born|died) )(?P<low>)(?P<year>10[1-9]\d){_COUNTED}", _years),
    (
        r"(?<![\w$.,/-])(?P<low>1[1-9]\d\d|20\d\d)\s?[-–—]\s?(?P<year>\d\d)(?![\w-]|[.,/:]\d| ?%)",
        lambda found: (
            f"{year_in_words(int(found['low']))} to {pair(int(found['year']))}"
            if int(found["year"]) > int(found["low"]) % 100
            else found[0]
        ),
    ),
    (r"(?P<lead>\()(?P<low>)(?P<year>1[1-9]\d\d|20\d\d)(?=\))", _years),
    (r"(?P<lead>^)(?P<low>)(?P<year>1[1-9]\d\d|20\d\d)(?=$|[.!?]? ?$| (?:was|saw|is|marked|brought)\b)", _years),
    # Roman numerals, ordinals
    *ROMAN,
    (
        r"(?<![\w.,])(?P<number>\d{1,3}(?:,\d{3})*|\d+)(?:st|nd|rd|th)\b",
        lambda found: ordinal(int(found["number"].replace(",", ""))),
    ),
    # quantities
    (
        r"(?<![\w.])(?P<feet>\d)['′’](?P<inches>1?\d)(?:\"|″|”|'')?(?!\w)",
        lambda found: f"{decimal(found['feet'])} foot {decimal(found['inches'])}",
    ),
    (
        r"(?<![\w.])(?P<feet>\d+)['′](?![\w])",
        lambda found: f"{decimal(found['feet'])} {'foot' if found['feet'] == '1' else 'feet'}",
    ),
    (
        r"(?<![\w.\"“])(?P<inch>\d+(?:\.\d+)?)(?:\"|″)(?!\w)(?P<noun>(?= [a-z]))?",
        lambda found: (
            f"{decimal(found['inch'])} {'inch' if found['inch'] == '1' or found['noun'] is not None else 'inches'}"
        ),
    ),
    (
        rf"(?<![\w.,/^])(?P<minus>[-−])?(?:(?P<low>{NUM})(?:\s?(?P<low_unit>{SYMBOL}))?{_TO})?(?P<value>{NUM})(?P<hyphen>(?:-)?)(?P<gap>\s?)"
        rf"(?P<unit>{SYMBOL})(?![\w²³^'’]){_PER}(?:\.(?=\s[a-z]))?",
        _measure,
    ),
    (
        rf"(?<![\w.,/])(?P<value>{NUM}) in(?=$|[.,;)] ?| x\b| by\b)",
        lambda found: f"{decimal(found['value'])} inches",
    ),
    (r"(?<![\w.,])401\(?k\)?(?!\w)", "four oh one K"),
    (
        r"(?<![\w.,])(?P<value>\d+)K(?= (?:TV|video|screen|display|monitor|resolution|run|race|footage)\b)"
        r"|(?<![\w.,])(?P<screen>[48])K(?=$|[.,;:!?)]| (?:and|or|is|at|on|in)\b)",
        lambda found: f"{decimal(found['value'] or found['screen'])} K",
    ),
    (
        rf"(?<![\w.,/])(?P<value>{NUM})(?P<amount>k|K|M|bn|B)\b(?!['’])",
        lambda found: f"{decimal(found['value'])} {AMOUNTS[found['amount']][0]}",
    ),
    (
        rf"(?<![\w.,/])(?P<low>{NUM})\s?[-–—~]\s?(?P<value>{NUM})\s?(?=%|‰|percent)",
        lambda found: f"{decimal(found['low'])} to {decimal(found['value'])}",
    ),
    (
        r"(?P<lead>\b(?:scor|rat|giv|gave|got|grad)\w*(?: (?:it|of|him|her|them|me|a|was|is))* )"
        r"(?P<top>\d+)/(?P<bottom>\d+)\b",
        lambda found: f"{found['lead']}{cardinal(int(found['top']))} out of {cardinal(int(found['bottom']))}",
    ),
    (r"(?<![\w.,/])50[/-]50(?![\w/])", "fifty-fifty"),
    (r"(?<![\w.,/])24/7(?![\w/])", "twenty-four seven"),
    (r"(?<![\w.,/])9/11(?![\w/])", "nine eleven"),
    (
        rf"(?<![\w.,/^=+*×÷)-])(?:(?P<whole>\d+)[ -])?(?P<top>\d{{1,3}})[/⁄](?P<bottom>\d{{1,3}})"
        r"(?![\w/]|[.,]\d|\s?[=+*×÷^])"
        rf"(?:(?: of an?)? (?P<of>{_any(_OF)})s?\b\.?(?!\.))?",
        _fraction,
    ),
    *TITLES,
    # ranges and what is left
    (
        rf"(?<![\w.,/^=+])(?P<low>{NUM})\s?[-–—]\s?(?P<high>{NUM})[x×](?!\w)",
        lambda found: f"{decimal(found['low'])} to {decimal(found['high'])} times",
    ),
    (
        rf"(?<![\w.,/^=+])(?P<low>{NUM})\s?[-–—~～]\s?(?P<high>{NUM})(?![\w/]|-\w|[.,]\d|\s?=)",
        lambda found: f"{decimal(found['low'])} to {decimal(found['high'])}",
    ),
    *ENGLISH_SIGNS,
    (r"(?<=[A-Z])-(?=\d)", " "),
    (rf"(?P<minus>(?<![\w)\]-])[-−](?=[\d.]))?(?P<number>{NUM})", _number),
    (r"(?<=[a-z]) -(?=[a-z]+-)", "-"),
)
_COMPILED = tuple((pattern_of(pattern), words) for pattern, words in _RULES)
