"""What German words around a timer mean: its name, what to be reminded of, and which of those that run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from voice.llm.builtin.german.moments import INSTEAD, find_german_moment
from voice.llm.builtin.timer_choice import choose
from voice.llm.builtin.timer_list import Kind, Running
from voice.text.durations import say_duration
from voice.text.german.durations import german_lengths
from voice.text.german.words import GermanWords, folded
from voice.text.patterns import pattern_of

_COMPOUND = pattern_of(r"\b([a-z]{2,}?)s?(timer|wecker)\b")
_NO_NAME = frozenset(
    str.split(
        "der die das den dem des ein eine einen einem einer noch neuen neuer neue neues weiteren weitere zweiten zweite"
        " mein meine meinen meinem meiner unser unsere unseren kuechen kurzzeit extra anderen mir mich uns und an auf"
        " fuer in um bis von ueber mit zu zum zur stell stelle stellen setz setze setzen mach mache machen start starte"
        " starten gib leg erstell erstelle erstellen richte ein aktiviere programmier programmiere ist es er sie ich"
        " lange wie viel zeit hat habe haben laeuft laufen uebrig bleibt bleiben dauert restzeit rest stopp stoppe"
        " stoppen stop loesch loesche loeschen beende beenden brich abbrechen ab aus ausschalten ausmachen schalt"
        " schalte weg entfern entferne entfernen streich streiche vergiss nicht mehr bitte jetzt klingelt klingeln"
        " wann geht los welche welcher welchen was viele gibt sind gestellt aktiv status verlaenger verlaengere"
        " verlaengern verkuerz verkuerze verkuerzen aender aendere aendern verschieb verschiebe verschieben laenger"
        " kuerzer spaeter frueher dazu drauf dran haeng haenge nimm davon minuten minute stunden stunde sekunden uhr"
        " kein keine keinen brauche brauchen fertig genau nach also da doch mal nur ja nein diese dieser diesen"
        " lass laesst leeren moechte soll zeig zeige sag anzeigen erinnere erinner erinnern daran dass dauer laufend"
        " heute morgen gerade muss muessen braucht brauchen beim bei vom sollst woran du timer wecker"
    )
)
_FOR = pattern_of(
    r"\b(?:namens|genannt|mit (?:dem )?namen?|fuer)"
    r" (?:(?:die|den|das|der|dem|meine[nmr]?|meinen?|unsere[nmr]?|ein|eine[nmr]?) )*(?P<label>[^\0]+)"
)
_NOUN = pattern_of(r"\b(?P<label>[a-z]+) (?:timer|countdown|wecker)\b|\0 (?P<behind>[a-z]+)$")
_ENDS = pattern_of(
    r" (?:(?:zu )?(?:stellen|starten|setzen|machen|einstellen|erstellen|anlegen|erinnern|wecken|geben|sagen)|an|ein|auf"
    r"|um|in|fuer|von|und|bis|ab|mit|ueber|bescheid)$"
)
_REMINDS = pattern_of(
    r"^(?:(?:setz|setze|stell|stelle|mach|mache|leg|lege|erstell|erstelle|neue|eine[nr]?|noch|sag|gib|dass du|dran|mir"
    r"|erinnere?|erinnern|erinnerung|mich|uns|bescheid|nochmal|an|daran|dafuer|fuer|ein|dass|ich|wir|um|auf|in|es|ist"
    r"|zeit|wieder|auch|damit|wenn|den|die|das|der|dem|meine[nmr]?|unsere[nmr]?|ans|zum|zur|von)\b ?)*"
)


def german_label(said: GermanWords, words: str, *, reminder: bool) -> str:
    r"""The name or the thing to be reminded of, as the person wrote it; lengths and moments in `words` are `\0`."""
    words = " ".join(word for word in words.replace("\0", " \0 ").split() if word != INSTEAD)
    if reminder:
        rest = " ".join(words.replace("\0", " ").split())
        return said.as_written(_cut(_REMINDS.sub("", rest, count=1)))
    for found in _FOR.finditer(words):
        if label := _cut(found["label"].strip()):
            return said.as_written(label)
    if (compound := _COMPOUND.search(words)) is not None and compound[1] not in _NO_NAME:
        return compound[1].capitalize()
    nouns = (found["label"] or found["behind"] for found in _NOUN.finditer(words))
    return next((said.as_written(noun) for noun in nouns if noun not in _NO_NAME), "")


def _cut(label: str) -> str:
    while (found := _ENDS.search(f" {label}")) is not None:
        label = f" {label}"[: found.start()].strip()
    return label


_ENGLISH = {
    word: english
    for english, words in {
        "all": "alle allen alles saemtliche saemtlichen jeden jede",
        "both": "beide beiden",
        "first": "erste ersten erster",
        "second": "zweite zweiten zweiter",
        "third": "dritte dritten dritter",
        "fourth": "vierte vierten vierter",
        "last": "letzte letzten letzter neueste neuesten",
        "shortest": "kuerzeste kuerzesten",
        "next": "naechste naechsten naechster",
        "longest": "laengste laengsten",
        "timer": "timer timern countdown countdowns eieruhr",
        "alarm": "wecker weckern alarm alarme weck wecke wecken weckst",
        "reminder": "erinnerung erinnerungen",
        "except": "ausser",
        "and": "und",
    }.items()
    for word in words.split()
}
"""Words that choose, in the language that `choose` reads."""


def choose_german(words: str, running: Sequence[Running], now: datetime | None) -> list[Running] | None:
    """The timers meant by `words` (of `german_words`), as `choose` says it; None where it may be several."""
    return choose(english_choice(words, running, now), running, now, chinese=False)


def english_choice(words: str, running: Sequence[Running], now: datetime | None) -> str:
    """What chooses in `words`, in English: order, length, time, kind and names; a name as the timer has it."""
    words = _COMPOUND.sub(r"\1 \2", words.replace("bis auf", "ausser"))
    said: list[str] = []
    for length in reversed(german_lengths(words)):
        if length.seconds is not None:
            said.append(say_duration(length.seconds, "en"))
            words = f"{words[: length.start]} {words[length.end :]}"
    if now is not None and (moment := find_german_moment(words, now)) is not None and moment.timed:
        said.append(f"at {moment.at.hour % 12 or 12}:{moment.at.minute:02d} {'am' if moment.at.hour < 12 else 'pm'}")
        words = moment.rest
    kept = []
    for word in words.split():
        if word in _ENGLISH:
            kept.append(_ENGLISH[word])
        elif word not in _NO_NAME and not word.isdecimal():
            kept.append(_as_named(word, running))
    return " ".join([*kept, *said])


def _as_named(word: str, running: Sequence[Running]) -> str:
    """The word of a timer's name that this one is, also in another number or case."""
    own = (name for timer in running for name in timer.label.lower().split())
    return next((name for name in own if _stem(folded(name)) == _stem(word)), word)


def _stem(word: str) -> str:
    return re.sub(r"(?:en|n|e|s|es)$", "", word) if len(word) > 3 else word


def names_one(words: str, running: Sequence[Running]) -> bool:
    """Whether the words hold the name of a timer that runs."""
    own = {_stem(folded(name)) for timer in running for name in timer.label.split() if folded(name) not in _NO_NAME}
    return any(_stem(word) in own for word in words.split() if word not in _NO_NAME)


def german_kind(words: str) -> Kind:
    """What is to ring."""
    if re.search(r"\berinner\w*|\bbescheid\b", words):
        return "reminder"
    return (
        "alarm"
        if re.search(r"\bweck(?:e|en|st)?\b|\bgeweckt\b|wecker\b|\balarm\b|\baufstehen\b|\baufwachen\b", words)
        else "timer"
    )
