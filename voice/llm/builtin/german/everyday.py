"""Time, date, sums and courtesies in German."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from voice.llm.builtin.arithmetic import TooLarge, evaluate
from voice.llm.builtin.german.moments import find_german_day, say_german_date, say_german_time
from voice.llm.builtin.places import zone_of
from voice.llm.builtin.question import Answer, Question
from voice.text.german.words import GermanWords, german_words
from voice.text.numbers import say_number
from voice.text.patterns import pattern_of

_TIME = pattern_of(
    r"^(?:(?:weisst du |sag mir )?(?:wie spaet|wie ?viel uhr)(?: (?:ist es|es ist|haben wir|ist es jetzt))?"
    r"|(?:(?:was ist|sag mir|nenn mir|wie ist) )?die (?:aktuelle |genaue )?uhrzeit|(?:aktuelle )?uhrzeit"
    r"|welche uhrzeit (?:ist es|haben wir))"
    r"(?: (?P<at>in|auf) (?P<place>[^\d]+))?$"
)
_DATE = pattern_of(
    r"^(?:(?:welche[rns]?|was fuer ein(?:en)?) (?:wochen)?(?:tag|datum|monat|jahr)|(?:der|den) wievielten?|was"
    r"|das datum von)"
    r"(?: (?:ist|haben wir|hatten wir|war|wird|sein|es|denn|fuer ein tag))*(?: (?P<day>.+?))?(?: (?:sein"
    r"|fuer ein tag|fuer ein datum))?$"
    r"|^(?:(?:was|wie|welches) ist )?(?:das )?(?:heutige )?datum(?: (?:von )?heute)?$"
    r"|^was (?:fuer ein tag )?ist (?P<day2>morgen|uebermorgen|gestern|vorgestern)(?: fuer ein (?:tag|datum))?$"
)
_ANOTHER_DAY = pattern_of(r"^(?:und )?(?:(?:am|was ist mit) )?(?P<day>[a-z]+(?: \w+)?)$")
_TOLD_DAY = pattern_of(r"^(?:Heute|Morgen|Gestern|Übermorgen|Vorgestern|Das) (?:ist|war) \w+, der \d")
_PAST_DAYS = {"gestern": -1, "vorgestern": -2}
_DAY_NAMES = {-2: "Vorgestern war", -1: "Gestern war", 0: "Heute ist", 1: "Morgen ist", 2: "Übermorgen ist"}
_OTHER_DAYS = {-2: "vorgestern, ", -1: "gestern, ", 0: "", 1: "morgen, ", 2: "übermorgen, "}

_LEAD = pattern_of(
    r"^(?:und )?(?:(?:was|wie ?viel) (?:ist|sind|macht|ergibt|gibt)|rechne(?: aus)?|berechne|(?:und )?das|davon) "
)
_TAIL = pattern_of(r" (?:ist|ergibt|macht|gleich)$")
_SUMS = tuple(
    (pattern_of(pattern), replacement)
    for pattern, replacement in (
        (r"(?:die )?haelfte (?:von|aus) (.+)$", r"(\1) / 2"),
        (r"(?:das )?doppelte (?:von|aus) (.+)$", r"(\1) * 2"),
        (r"(?:ein )?drittel (?:von|aus) (.+)$", r"(\1) / 3"),
        (r"(?:ein )?viertel (?:von|aus) (.+)$", r"(\1) / 4"),
        (r"(?:die )?(?:quadrat)?wurzel (?:aus|von)", "sqrt"),
        (r"\b(?:zum|im) quadrat\b", "^ 2"),
        (r"\bhoch\b", "^"),
        (r"(?:prozent|%) von\b", "% *"),
        (r"\bprozent\b", "%"),
        (r"\b(?:multipliziert mit|mal|x)\b|×", "*"),
        (r"\b(?:geteilt durch|dividiert durch|durch)\b|[÷:]", "/"),
        (r"\b(?:plus|addiert (?:mit|zu))\b", "+"),
        (r"\b(?:minus|weniger)\b|−", "-"),
    )
)  # fmt: skip
_OPERATOR = pattern_of(r"sqrt|[-+*/^%]")
_FOLLOWS = pattern_of(r"^\s*[-+*/^]")

_REPLIES = tuple(
    (pattern_of(f"^(?:{words})$"), reply)
    for words, reply in (
        (r"was kannst du(?: alles)?(?: tun)?|hilfe|hilf mir|was kann ich (?:dich )?fragen",
         "Ich sage Uhrzeit und Datum, rechne, stelle Timer und Wecker und führe Listen."),
        (r"wie geht(?:'s| es)(?: dir)?(?: heute)?", "Gut, danke. Wie kann ich helfen?"),
        (r"hallo|(?:guten )?(?:tag|morgen|abend)|moin(?: moin)?|servus|gruess (?:gott"
         r"|dich)", "Hallo! Wie kann ich helfen?"),
        (r"(?:vielen |herzlichen |besten )?dank(?:e|eschoen)?(?: (?:sehr|schoen|dir))?", "Gern geschehen."),
        (r"tschuess|auf wiedersehen|bis (?:bald|spaeter|morgen|dann)|gute nacht|ciao", "Auf Wiedersehen!"),
        (r"stopp?|halt|ruhe|sei (?:still|leise|ruhig)|egal|schon gut|vergiss es|abbrechen|nichts|warte"
         r"|das war(?:'s| es| alles)",
         "Okay."),
        (r"ja|nein|okay|gut|genau|richtig|klar|alles klar|super", "In Ordnung."),
    )
)  # fmt: skip
_ASKS_WHO = pattern_of(r"^(?:wer bist du|wie heisst du|was ist dein name|wie ist dein name)$")
_AGAIN = pattern_of(
    r"^(?:wie(?: bitte)?|noch ?mal|noch einmal|wiederhole?(?: das)?(?: nochmal)?|sag das (?:nochmal|noch einmal)"
    r"|was hast du gesagt|ich habe (?:das|dich) nicht verstanden)$"
)


def german_everyday(question: Question) -> Answer | None:
    """Answer what time or day it is, a sum, or a courtesy."""
    said = german_words(question.text)
    if _AGAIN.search(said.text):
        return Answer(question.last_reply() or "Ich habe noch nichts gesagt.")
    if _ASKS_WHO.search(said.text):
        return Answer(f"Ich bin {question.assistant or 'dein Sprachassistent'} und laufe auf diesem Gerät.")
    found = _time(question, said) or _date(question, said.text) or _sum(question, said)
    if found is not None:
        return found
    return next((Answer(reply) for pattern, reply in _REPLIES if pattern.search(said.text)), None)


def _time(question: Question, said: GermanWords) -> Answer | None:
    asked = _TIME.search(said.text)
    if asked is None:
        return None
    if not asked["place"]:
        return Answer(f"Es ist {say_german_time(question.now)}.")
    place = said.as_written(asked["place"])
    zone = zone_of(place)
    if zone is None:
        return None
    there = question.now.astimezone(ZoneInfo(zone))
    day = _OTHER_DAYS[(there.date() - question.now.date()).days]
    return Answer(
        f"{asked['at'].capitalize()} {place if not place.islower() else place.title()} ist es"
        f" {day}{say_german_time(there)}."
    )


def _date(question: Question, words: str) -> Answer | None:
    asked, today = _DATE.search(words), question.now.date()
    if asked is not None:
        name = asked["day"] or asked["day2"] or "heute"
    elif _TOLD_DAY.match(question.last_reply()) and (follow := _ANOTHER_DAY.search(words)) is not None:
        name = follow["day"]
    else:
        return None
    ahead = _PAST_DAYS.get(name)
    day = today + timedelta(days=ahead) if ahead is not None else find_german_day(name, today)
    if day is None:
        return None
    days = (day - today).days
    return Answer(f"{_DAY_NAMES.get(days, 'Das ist')} {say_german_date(day)}.")


def _sum(question: Question, said: GermanWords) -> Answer | None:
    lead = _LEAD.match(said.text)
    asked = _TAIL.sub("", said.text[lead.end() :] if lead is not None else said.text)
    expression = asked
    for pattern, replacement in _SUMS:
        expression = pattern.sub(replacement, expression)
    earlier = None
    goes_on = _FOLLOWS.search(expression) and not (lead is not None and lead[0].startswith(("was", "wie")))
    if goes_on and (numbers := re.findall(r"\d+(?:,\d+)?", question.last_reply())):
        earlier, expression = Fraction(numbers[-1].replace(",", ".")), f"@ {expression}"
    if not _OPERATOR.search(expression) or re.search(r"[^\d\s.+*/^%()@sqrt-]", expression):
        return None
    try:
        value = evaluate(expression, earlier)
    except ZeroDivisionError:
        return Answer("Durch null kann ich nicht teilen.")
    except (TooLarge, OverflowError):
        return Answer("Diese Zahl ist mir zu groß.")
    except ValueError:
        return Answer("Eine negative Zahl hat keine reelle Wurzel.")
    if value is None:
        return None
    if abs(value) >= 10**15:
        return Answer("Diese Zahl ist mir zu groß.")
    result = say_number(float(value), "de")
    about = "" if Fraction(result) == value else "etwa "
    result = result.replace("-", "minus ").replace(".", ",")
    written = "Das" if earlier is not None else said.as_written(asked)
    return Answer(f"{written[0].upper()}{written[1:]} ist {about}{result}.")
