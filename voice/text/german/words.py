"""German words as the skills match them, numbers in digits, and whether words are German.

Umlauts are matched by their ASCII forms, because people and recognizers write both: `fünf` and `fuenf` are one word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voice.text.numbers import plain_number, written_fractions
from voice.text.patterns import pattern_of
from voice.text.speakable import language_of

_LONGEST = 400  # code points of a question that the skills look at

_FOLDED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_SMALL = {
    name: value
    for value, name in enumerate(
        str.split(
            "null eins zwei drei vier fuenf sechs sieben acht neun zehn elf zwoelf dreizehn vierzehn"
            " fuenfzehn sechzehn"
            " siebzehn achtzehn neunzehn"
        )
    )
} | {"zwo": 2}
_TENS = {
    name: 10 * value
    for value, name in enumerate(
        str.split("zwanzig dreissig vierzig fuenfzig sechzig siebzig achtzig neunzig"), start=2
    )
}
_UNIT = "|".join(name for name, value in _SMALL.items() if 1 < value < 10)
_COMPOUND = pattern_of(
    rf"(?:(?:(?P<thousands>\w*?)(?P<thousand>tausend)(?:und)?)?(?:(?P<hundreds>{_UNIT}"
    rf"|ein)?(?P<hundred>hundert)(?:und)?)?"
    rf"(?:(?P<unit>{_UNIT}|ein)und(?P<tens>{'|'.join(_TENS)})|(?P<only>{'|'.join((*_SMALL, *_TENS))}|ein)?))"
)
_AND_A_HALF = pattern_of(rf"(?P<whole>{_UNIT}|ein|zehn|elf|zwoelf)(?:und)?einhalb(?:e[nrsm]?)?")

_MARKS = pattern_of(r"(?<!\d)[.,:]|[.,:](?!\d)|[?!;()„“”\"»«…]")
_HYPHEN = pattern_of(r"(?<=\w)[-–](?=[^\W\d_])|(?<=[^\W\d_])[-–](?=\d)")
_THOUSANDS = pattern_of(r"\b(\d{1,3})((?:\.\d{3})+)\b")
_DOTTED = pattern_of(r"\b([01]?\d|2[0-4])\.([0-5]\d)(?= ?[Uu]hr)")
_COMMA = pattern_of(r"(?<=\d),(?=\d)")
_GLUED = pattern_of(r"\b(\d+)(?=(?:min|std|sek|h|uhr|minuten?|stunden?|sekunden?|%)(?!\w))", re.IGNORECASE)
_POLITE = frozenset(
    str.split(
        "bitte danke hey hallo hi ok okay also so mal doch einfach aeh aehm oeh hm computer assistent und"
        " dann jetzt gleich"
        " gern gerne"
    )
)
_LEADS = pattern_of(
    r"^(?:(?:kannst|koenntest|wuerdest|willst|magst) du|ich (?:moechte|will|haette gern|wuerde gern|brauche)"
    r"|wir (?:brauchen|moechten|wollen)) (?=\S)"
)

_GERMAN = frozenset(
    str.split(
        "der das den dem ein eine einen einem einer und ist sind wie spaet welcher welches welchen welche fuer auf uhr"
        " minuten stunde stunden sekunde sekunden viertelstunde viertelstunden halbe halben halb viertel anderthalb"
        " mir mich dir dich du ich wecker weck wecke wecken erinnere erinner erinnerung erinnerungen stell stelle"
        " stellen setz setze setzt schreib schreibe streich streiche loesch loesche loeschen stopp stoppe stoppen mach"
        " mache bitte auch nicht noch lange wann heute morgen abend uebermorgen gestern tage tagen liste einkaufsliste"
        " von vom zur zum mal geteilt durch wieviel viel liegt steht laeuft danke hallo tschuess guten nein beide alle"
        " kein keine keinen bis oder nach vor ueber mit aus uhrzeit datum wievielte zeig lies gibt"
        " meine meiner meinen meinem ergibt lauter leiser lautstaerke mikrofon zu zweite dritte erste ersten zweiten"
        " letzten montag dienstag mittwoch donnerstag freitag samstag sonntag frueh jeden taeglich schlummern sag"
        " licht lampe lampen heizung halte schalt schalte einschalten ausschalten temperatur kueche wohnzimmer"
        " wer wo warum wieso kannst kann koenntest hast haben bist wird werden muss musst soll nichts alles gute nacht"
        " hilfe sehr wenn weil dass mein dein deine sein seine uns euch sich hier dort diese dieser einkaufen heisst"
        " wurzel haelfte prozent brauche wiederhole nochmal verlaengere verkuerze aendere verschieb verschiebe"
    )
)
_ENGLISH = frozenset(
    str.split(
        "the a is it what what's set my for of to and how you i please time on at add put remind me wake cancel"
        " who where when why tell show buy do does are this that with from next play about there read"
    )
)


@dataclass(frozen=True, slots=True)
class GermanWords:
    """Words to match, and for each the ones it stands for as the person wrote them."""

    words: tuple[str, ...]
    written: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def as_written(self, words: str) -> str:
        """Some of the words next to each other, as the person wrote them; as they are where they are not found."""
        wanted = tuple(words.split())
        for at in range(len(self.words) - len(wanted) + 1):
            if wanted and self.words[at : at + len(wanted)] == wanted:
                return " ".join(filter(None, self.written[at : at + len(wanted)]))
        return words


def folded(text: str) -> str:
    """The text in lower case, `ü` as `ue` and `ß` as `ss`.

    >>> folded("Für Übung")
    'fuer uebung'
    """
    return text.lower().translate(_FOLDED)


def german_words(text: str) -> GermanWords:
    """The words of a German text: no marks, no politeness, numbers in digits, compounds of a timer or list apart."""
    text = written_fractions(text[:_LONGEST].replace("’", "'"))
    text = _THOUSANDS.sub(lambda found: found[1] + found[2].replace(".", ""), _DOTTED.sub(r"\1:\2", text))
    text = _GLUED.sub(r"\1 ", _MARKS.sub(" ", _HYPHEN.sub(" ", _COMMA.sub(".", text))))
    plain: list[str] = []
    written: list[str] = []
    for token in text.split():
        parts = _parts(folded(token))
        plain += parts
        written += [token, *[""] * (len(parts) - 1)]
    words, kept = _numbered(plain, written)
    wanted = [index for index, word in enumerate(words) if word not in _POLITE or _needed(words, index)]
    if lead := _LEADS.match(" ".join(words[index] for index in wanted) + " "):
        wanted = wanted[len(lead[0].split()) :]
    wanted = wanted or list(range(len(words)))
    return GermanWords(tuple(words[index] for index in wanted), tuple(kept[index] for index in wanted))


def _needed(words: list[str], index: int) -> bool:
    """Whether a word that may be polite means something here: `eine Stunde und zehn Minuten`, `zwölf mal sieben`."""
    before, after = words[index - 1] if index else "", words[index + 1] if index + 1 < len(words) else ""
    if words[index] == "mal":
        return after[:1].isdecimal() and (not before or before[-1].isdecimal())
    return words[index] in ("und", "gleich") and bool(before and after)


_APART = (
    (pattern_of(r"(?P<head>\w+?)?(?P<unit>minuten|stunden|sekunden)(?P<tail>timer|wecker|alarm)"), "head unit tail"),
    (pattern_of(r"(?P<share>dreiviertel|viertel|halb)(?P<unit>stunden?)"), "share unit"),
    (pattern_of(r"(?P<day>montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)(?P<part>morgen|abend"
                r"|frueh|mittag"
                r"|vormittag|nachmittag)"), "day part"),
)  # fmt: skip


def _parts(word: str) -> list[str]:
    """`Zehnminutentimer` as three words, `Viertelstunde` as two."""
    for pattern, groups in _APART:
        if found := pattern.fullmatch(word):
            return [part for name in groups.split() if (part := found[name])]
    return [word]


def _numbered(plain: list[str], written: list[str]) -> tuple[list[str], list[str]]:
    """The words with numbers in digits; `ein und zwanzig` and `zwei Komma fünf` are one word then."""
    words: list[str] = []
    kept: list[str] = []
    at = 0
    while at < len(plain):
        size, value = next(
            (
                (size, value)
                for size in (3, 1)
                if at + size <= len(plain) and (value := _value(plain[at : at + size])) is not None
            ),
            (1, None),
        )
        words.append(plain[at] if value is None else value)
        kept.append(" ".join(filter(None, written[at : at + size])))
        at += size
    return words, kept


def _value(words: list[str]) -> str | None:
    """The number of a word, or of three; None for what is no number, and for `ein`, which is an article first."""
    if len(words) == 1:
        return _number(words[0])
    if words[1] == "komma" and (whole := _number(words[0])) and (part := _number(words[2])):
        return f"{whole}.{part}" if (whole + part).isdecimal() else None
    return _number("".join(words)) if words[1] == "und" and words[2] in _TENS else None


def _number(word: str) -> str | None:
    if word[0].isdecimal():
        return word if re.fullmatch(r"\d+(?:\.\d+)?", word) else None
    if word.startswith("anderthalb"):
        return "1.5"
    if half := _AND_A_HALF.fullmatch(word):
        return plain_number((1 if half["whole"] == "ein" else _SMALL[half["whole"]]) + 0.5)
    found = _COMPOUND.fullmatch(word)
    if found is None or not word or word == "ein":
        return None
    value = 0
    if found["thousand"]:
        value = int(_number(found["thousands"]) or "1") * 1000 if found["thousands"] not in ("", "ein") else 1000
    if found["hundred"]:
        value += 100 * _SMALL.get(found["hundreds"] or "eins", 1)
    if found["tens"]:
        value += _TENS[found["tens"]] + _SMALL.get(found["unit"], 1)
    elif found["only"]:
        value += {**_SMALL, **_TENS}.get(found["only"], 1)
    return str(value)


def is_german(text: str) -> bool:
    """Whether words are German: more of them are only German than only English.

    >>> is_german("Wie spät ist es?"), is_german("Set a timer"), is_german("10")
    (True, False, False)
    """
    return leaning(text) > 0


def leaning(text: str) -> int:
    """How many more words are only German than only English; 0 where the words tell neither, as `Stop`."""
    if language_of(text) == "zh":
        return 0
    words = [folded(word) for word in re.findall(r"[^\W\d_]+(?:'[a-z]+)?", text[:_LONGEST])]
    return sum(_only_german(word) - (word in _ENGLISH) for word in words)


def _only_german(word: str) -> bool:
    number = _COMPOUND.fullmatch(word) or _AND_A_HALF.fullmatch(word)
    return word in _GERMAN or number is not None or len(_parts(word)) > 1


def question_language(text: str) -> str:
    """The language of what a person said: `zh` and `de` where it is, `en` for other letters, else empty."""
    return "de" if is_german(text) else language_of(text)
