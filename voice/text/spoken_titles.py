"""Titles and abbreviations in full, so that their full stop is no pause: `Mr. Smith`, `12 St. James St.`, `No. 5`."""

from __future__ import annotations

import re

_NAME = r"(?=[A-Z])"


def _table(pairs: str) -> dict[str, str]:
    return {short: full.replace("_", " ") for short, full in (pair.split("=") for pair in pairs.split())}


_BEFORE_NAMES = _table(
    "Mr=Mister Mrs=Missus Ms=Miz Dr=Doctor Prof=Professor Gen=General Sen=Senator Rep=Representative Rev=Reverend "
    "Capt=Captain Lt=Lieutenant Col=Colonel Sgt=Sergeant Gov=Governor Pres=President Hon=Honorable Fr=Father Mt=Mount "
    "Ft=Fort St=Saint"
)
_BEHIND_NAMES = _table(
    "St=Street Dr=Drive Ave=Avenue Blvd=Boulevard Rd=Road Ln=Lane Ct=Court Pl=Place Sq=Square Hwy=Highway Jr=Junior "
    "Sr=Senior Inc=Incorporated Ltd=Limited Corp=Corporation Co=Company"
)
_BEHIND_COMMA = r"(?:Jr|Sr|Inc|Ltd|Corp|Co)\b"
_BEFORE_NUMBERS = _table(
    "No=number Nos=numbers Vol=volume vol=volume p=page pp=pages Ch=chapter ch=chapter Fig=figure fig=figure "
    "Figs=figures Sec=section Art=article no=number Ver=version ver=version approx=approximately Apt=apartment "
    "Rm=room ca=circa c=circa"
)
_ANYWHERE = _table(
    "vs=versus etc=et_cetera approx=approximately dept=department Dept=Department est=established misc=miscellaneous "
    "min=minutes max=maximum temp=temperature govt=government esp=especially incl=including"
)
_DAYS = _table(
    "Mon=Monday Tue=Tuesday Tues=Tuesday Wed=Wednesday Thu=Thursday Thurs=Thursday Fri=Friday Sat=Saturday Sun=Sunday "
    "Jan=January Feb=February Aug=August Sept=September Sep=September Oct=October Nov=November Dec=December"
)
_UNIT_DOTS = _table(
    "ft=feet lb=pounds lbs=pounds oz=ounces hr=hours hrs=hours min=minutes mins=minutes sec=seconds secs=seconds "
    "in=inches yd=yards mi=miles"
)


def _names(table: dict[str, str]) -> str:
    return "|".join(sorted(table, key=len, reverse=True))


def _initials(found: re.Match[str]) -> str:
    return " ".join(re.findall("[A-Z]", found[0])) + " "


def _letters(found: re.Match[str]) -> str:
    """`U.S.` as `U S`; its last full stop stays where it ends the text."""
    end = "." if not found.string[found.end() :].strip() else ""
    return " ".join(re.findall("[A-Za-z]", found[0])) + end


def _behind(found: re.Match[str]) -> str:
    ends = found["dot"] and re.match(r"\s*$|\s+[A-Z]", found.string[found.end() :])
    return f"{found['name']} {_BEHIND_NAMES[found['short']]}{'.' if ends else ''}"


def _anywhere(found: re.Match[str]) -> str:
    ends = not found.string[found.end() :].strip()
    return _ANYWHERE[found["short"]] + ("." if ends else "")


def _unit_dot(found: re.Match[str]) -> str:
    ends = not found.string[found.end() :].strip()
    name = _UNIT_DOTS[found["short"]]
    one = {"feet": "foot", "inches": "inch"}.get(name, name[:-1])
    return f"{found['value']} {one if found['value'] == '1' else name}{'.' if ends else ''}"


TITLES = (
    (r"\b(?:e\.\s?g\.|eg\.),?", "for example"),
    (r"\bi\.\s?e\.,?", "that is"),
    (r"\bPh\.?D\.?(?!\w)", "P H D"),
    (r"\b(?P<half>[aApP])\.m\.", lambda found: f"{found['half'].upper()}M"),
    (r"\bw/o\b", "without"),
    (r"\bw/(?=\s)", "with"),
    (
        r"(?P<name>\b(?!Mr|Mrs|Ms|Dr\b)[A-Z][\w'’]+|\b(?:one|two|three|four|five|six|seven|eight|nine|ten)"
        rf"(?:ty|teen)?(?:th|st|nd|rd))(?: |, (?={_BEHIND_COMMA}))(?P<short>{_names(_BEHIND_NAMES)})\b(?P<dot>\.?)"
        r"(?!\s[A-Z][\w'’]+ (?:St|Ave|Rd)\b)",
        _behind,
    ),
    (r"\bMr\.?(?= (?:and|&) )", "Mister"),
    (rf"\b(?P<short>{_names(_BEFORE_NAMES)})(?:\.\s?|\s){_NAME}", lambda found: f"{_BEFORE_NAMES[found['short']]} "),
    (rf"\b(?P<short>{_names(_BEFORE_NUMBERS)})\.\s?(?=#?\d)", lambda found: f"{_BEFORE_NUMBERS[found['short']]} "),
    (rf"(?<![\w.,])(?P<value>[\d.,]+) (?P<short>{_names(_UNIT_DOTS)})\.", _unit_dot),
    (r"\bvs\b(?!\.)", "versus"),
    (rf"\b(?P<short>{_names(_ANYWHERE)})\.", _anywhere),
    (
        rf"\b(?P<low>{_names(_DAYS)})\.?\s?[-–—]\s?(?P<high>{_names(_DAYS)})\b(?:\.(?=\s[a-z]))?",
        lambda found: f"{_DAYS[found['low']]} to {_DAYS[found['high']]}",
    ),
    (rf"\b(?P<short>{_names(_DAYS)})\.(?=\s)", lambda found: _DAYS[found["short"]]),
    (r"\b(?:[A-Z]\.){2,6}", _letters),
    (r"\b(?:[A-Z]\.\s){1,4}(?=[A-Z][a-z])", _initials),
    (r"\b(?:[A-Z]\.){1,4}(?=\s?[A-Z][a-z])", _initials),
)  # fmt: skip
"""Pattern and words, in the order in which they are looked for; numbers are still digits or already words."""
