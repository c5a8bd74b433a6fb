"""Roman numerals behind a name: `World War II` is two, `Henry VIII` the eighth, the `XIX century` the nineteenth."""

from __future__ import annotations

import re

from voice.text.number_words import cardinal, ordinal, roman

_NUMBERED = (
    "World War|WW|Chapter|Part|Act|Scene|Volume|Vol|Book|Phase|Type|Section|Level|Super Bowl|Rocky|Final Fantasy"
    "|Article|Title|Episode|Stage|Class|Grade|Season|Appendix|Schedule|Step|Round|Unit|Figure|Table|Division|Tier|Category"
    "|Star Wars|Apollo|Mark|Mk|Saturn|Factor|Amendment|War|Group|Zone|Vatican|Punic War|Generation|Godfather"
)
_REIGN = (
    "Henry|Louis|Elizabeth|George|Charles|John Paul|Benedict|Edward|Richard|William|James|Philip|Napoleon|Nicholas"
    "|Catherine|Alexander|Frederick|Francis|Pius|Leo|Ramses|Ptolemy|Gregory|Innocent|Clement|Urban|Ferdinand|Leopold"
    "|Wilhelm|Friedrich|Peter|Ivan|Paul|Mary|Victoria|Christian|Gustav|Carl|Haakon|Harald|Olav|Albert|Umberto|Alfonso"
    "|Felipe|Juan Carlos|Darius|Xerxes|Mehmed|Murad|Selim|Suleiman|Margrethe|Baudouin|Willem|Robert|Malcolm|Otto"
    "|(?:King|Queen|Pope|Emperor|Tsar|Prince|Sultan|Pharaoh|Duke) [A-Z][a-z]+"
)
_LETTERS = r"(?P<roman>[IVXLC]+)(?![\w'’-]*[A-Za-z0-9])"
_AFTER_ONE = r"(?=$|[.,;:!?)\]]|['’]s|\s(?:of|was|is|and|died|reigned|became|had|to|in|ruled|would|who)\b)"


def _roman(found: re.Match[str]) -> str:
    value = roman(found["roman"])
    if value is None:
        return found[0]
    return f"{found['name']} {cardinal(value)}"


def _century(found: re.Match[str]) -> str:
    value = roman(found["roman"])
    return found[0] if value is None else ordinal(value)


def _reigns(found: re.Match[str]) -> str:
    value = roman(found["roman"])
    return found[0] if value is None else f"{found['name']} the {ordinal(value)}"


ROMAN = (
    (r"\b(?P<roman>[IVX]+)(?=(?:st|nd|rd|th)? [Cc]entur)", _century),
    (rf"\b(?P<name>{_NUMBERED}) {_LETTERS}", _roman),
    (rf"\b(?P<name>{_REIGN}) (?=[IVXLC]{{2}}|[VX]\b|I{_AFTER_ONE}){_LETTERS}", _reigns),
    (rf"(?P<name>\b[A-Z][a-z]+) (?=[IVX]{{2}}){_LETTERS}", _roman),
)
"""Pattern and words, in the order in which they are looked for; a letter that is no numeral in its right form stays."""
