"""Timers, alarms and reminders in German: the same effects as `voice.llm.builtin.timers` asks for.

It says what it took the words for, so that a wrong length is heard, and asks where it may be another one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from voice.llm.builtin.german import timer_answers as answers
from voice.llm.builtin.german.moments import (
    INSTEAD,
    find_german_moment,
    find_german_repeat,
    say_german_moment,
    say_german_repeat,
    several_times,
    unclear_quarter,
)
from voice.llm.builtin.german.timer_words import choose_german, english_choice, german_kind, german_label, names_one
from voice.llm.builtin.moment import Moment, seconds_until
from voice.llm.builtin.question import Answer, Question
from voice.llm.builtin.repeats import Days, Repeat
from voice.llm.builtin.snooze import SNOOZE_S
from voice.llm.builtin.timer_list import Kind, Running
from voice.llm.builtin.timers import LONGEST_S, LONGEST_TIMER_S
from voice.llm.interface import Effect
from voice.text.durations import Length
from voice.text.german.durations import german_lengths, say_german_duration
from voice.text.german.words import german_words
from voice.text.patterns import pattern_of

_ABOUT = pattern_of(
    r"\b\w*timer\b|\bcountdowns?\b|\b(?:eier|kurzzeit)uhr\b|wecker\b|\balarme?\b|\b(?:weck(?:e|en|st)?|geweckt)\b"
    r"|\berinner(?:e|n|ung|ungen)?\b(?! dich\b)|\bbescheid\b"
)
_REMINDS = pattern_of(r"^(?:erinnere?|weck|wecke)\b|^sag (?:mir|uns)\b.*\bbescheid\b|\b(?:erinnern|wecken)$")
_CANCEL = pattern_of(
    r"^(?:stopp?e?|loesche?|beende|entferne?|streiche?|vergiss|brich)\b"
    r"|\b(?:stoppen|loeschen|beenden|abbrechen|entfernen|ausschalten|ausmachen|streichen|loswerden)$"
    r"|\b(?:timer|wecker|alarm|countdown|eieruhr) (?:aus|ab|weg|stopp)\b|^(?:schalte?|mache?|stell|stelle"
    r"|nimm)\b.*\b(?:aus|ab|weg)$"
    r"|\bnicht mehr$|\bnicht (?:mehr )?(?:wecken|erinnern)$|^wecke? (?:mich|uns)\b.*\bnicht$|\bkein\w* (?:timer"
    r"|wecker|erinnerung)"
)
_COUNT = pattern_of(r"\bwie viele\b|\bwieviele\b")
_LEFT = pattern_of(
    r"\b(?:wie lange|wie viel zeit|wieviel zeit|restzeit|wann (?:klingelt|ist|geht|laeuft|weckst)|welche[rn]?|was fuer"
    r"|laeuft|laufen|status|gibt es|zeig|liste|sind (?:meine|die)|ist (?:ein|der) .* gestellt|was steht)\b"
)
_ASKS = pattern_of(r"\bwie ?viele\b|^(?:woran|wann|welche[rn]?|habe? ich|hab ich)\b")
_LEFT_ALONE = pattern_of(
    r"^(?:wie lange|wie ?viel zeit)(?: (?:noch|ist|es|dauert|das|uebrig|bleibt|mir|habe|ich|laeuft|er|hat|denn))*$"
)
_PAUSE = pattern_of(r"\b(?:pausier\w*|anhalten|fortsetzen|weiterlaufen)\b|^halte?\b.*\ban$")
_TOO_OFTEN = pattern_of(
    r"\b(?:stuendlich|woechentlich|monatlich|jaehrlich)\b|\bjede[snr]? (?:(?:halbe|volle|zweite[nr]?"
    r"|dritte[nr]?|andere[nr]?)"
    r"|stunde|minute|woche|monat|jahr)\b|\balle \d+ \w|\balle (?:halbe|paar|viertel)\b"
)
_MORE = pattern_of(
    r"^verlaenger\w*\b.*\0|^(?:gib|haenge?|pack|packe|rechne)\b.*\0.*\b(?:mehr|dran|drauf|dazu|laenger)$"
    r"|\bum \0 (?:verlaengern|laenger)"
    r"|\0 (?:laenger|spaeter|mehr|dazu|drauf|dran)\b|^noch(?:mal)? \0$|^(?:verschieb|verleg)\w*\b.* um \0$"
)
_LESS = pattern_of(
    r"^verkuerz\w*\b.*\0|\0 (?:kuerzer|weniger|frueher)\b|\bum \0 verkuerzen|^(?:nimm|zieh)\b.*\0.*\b(?:weg|ab)$"
)
_TO = pattern_of(r"^(?:aender\w*|verschieb\w*|verleg\w*|setz\w*|stell\w*)\b.*\b(?:auf|um)\b.* um$|^(?:aender\w*"
                 r"|verschieb\w*|verleg\w*|verlaenger\w*)\b"
                 r"|\b(?:aendern|verschieben|umstellen|verlegen)$")  # fmt: skip
_SNOOZE = pattern_of(
    r"^(?:snooze|schlummern?|schlummertaste|weiterschlafen|(?:lass mich )?noch (?:ein bisschen|etwas"
    r"|kurz)?(?: ?schlafen)?"
    r"|(?:lass mich )?noch \0(?: (?:schlafen|schlummern))?|(?:weck|wecke"
    r"|erinnere?) (?:mich )?(?:in \0 (?:nochmal|noch|wieder)|(?:spaeter )?nochmal(?: in \0)?|spaeter)"
    r"|in \0 (?:nochmal|wieder)|spaeter)$"
)
_BEFORE_LENGTH = pattern_of(r"(?:\b(?:in|auf|fuer|von|ueber|mit|um|nach) )?(?:den |die )?\0")
_CLEAR_CLOCK = pattern_of(r"\buhr\b|\bhalb \d|\b(?:bis|um)\b|mitternacht|\b(?:vor|nach) \d|dreiviertel \d")
_FILLS = pattern_of(
    r"\b(?:um|in|auf|fuer|bis|uhr|ja|den|die|das|der|bitte|genau|nein|lieber|gegen|minuten|stunden)\b|\0"
)
_DEPTH = 4


def german_timer(question: Question) -> Answer | None:
    """Set, change, cancel or report timers; what answers a question asked before is read with the words before it."""
    words = german_words(question.text).text
    if _LEFT_ALONE.search(words):
        running = question.timers and _of_kind(question.timers, "timer")
        return answers.reported(question, running, counted=False)
    if (snoozed := _snoozed(question, words)) is not None:
        return snoozed
    if _ABOUT.search(words) or _names_a_running(question, words):
        return _act(question)
    joined = _completed(question, words)
    return joined if joined is not None else _changes_the_only(question, words)


def _names_a_running(question: Question, words: str) -> bool:
    """`wie lange noch für die Nudeln`: the name of a timer that runs, without the word."""
    return bool(_CANCEL.search(words) or _LEFT.search(words)) and names_one(words, question.timers or ())


def _act(question: Question) -> Answer:
    words = german_words(question.text).text
    spans = german_lengths(words)
    cut = _masked(words, spans)
    kind = german_kind(words)
    if _PAUSE.search(words):
        return answers.NO_PAUSE
    if _TOO_OFTEN.search(words):
        return answers.TOO_OFTEN
    by = 1 if _MORE.search(cut) else -1 if _LESS.search(cut) else 0
    if _CANCEL.search(words) and not (spans and by):
        return _cancel(question, words, kind)
    if spans and not _REMINDS.search(words) and (by or (_TO.search(cut) and kind == "timer")):
        return _changed(question, words, spans[-1], by)
    if _TO.search(cut) and not _REMINDS.search(words) and question.timers is not None:
        return _moved(question, words, kind)
    if _ASKS.search(words) or (_LEFT.search(words) and not _REMINDS.search(words)):
        return _report(question, words, kind)
    return _set(question, words, spans, kind)


def _set(question: Question, words: str, spans: list[Length], kind: Kind) -> Answer:
    if repeated := find_german_repeat(words):
        return _set_repeating(question, *repeated, "alarm" if kind == "timer" else kind)
    if any(length.seconds is not None for length in spans):  # "5 bis 10 Minuten", and then "acht Minuten"
        spans = [length for length in spans if length.seconds is not None or (kind == "timer" and len(spans) < 2)]
    if kind == "timer":
        if len(spans) > 1:
            return _set_several(question, words, spans)
        if spans and not (spans[0].seconds is None and _CLEAR_CLOCK.search(words) and ":" in words):
            return _set_length(question, words, spans, spans[0], kind)
    elif after := [
        length for length in spans if words[: length.start].endswith("in ") and (length.seconds or 0) < 86400
    ]:
        return _set_length(question, words, after, after[0], kind)
    waking = kind == "alarm"
    moment = find_german_moment(words, question.now, waking=waking)
    if moment is not None and moment.timed and (kind != "timer" or _CLEAR_CLOCK.search(words)):
        if several_times(moment):
            return answers.WHAT_TIME
        return _set_moment(question, moment, kind)
    if (hour := unclear_quarter(words)) is not None:
        return answers.which_quarter(hour)
    if len(spans) == 1 and ":" not in words[spans[0].start : spans[0].end]:
        return _set_length(question, words, spans, spans[0], kind)
    if kind != "timer":
        return answers.WHAT_TIME
    return answers.WHAT_UNIT if re.search(r" \d+$", words) else answers.HOW_LONG


def _set_length(question: Question, words: str, spans: list[Length], length: Length, kind: Kind) -> Answer:
    if length.seconds is None:
        unclear = words[length.start : length.end]
        return answers.WHAT_UNIT if ":" in unclear else answers.how_long_exactly(_written(question, unclear))
    if not 0 < length.seconds <= (LONGEST_TIMER_S if kind == "timer" else LONGEST_S):
        return answers.TIMER_LIMITS if kind == "timer" else answers.ALARM_LIMITS
    label = _label(question, _BEFORE_LENGTH.sub("\0", _masked(words, spans)), kind)
    said = say_german_duration(length.seconds, after_in=kind != "timer")
    far = say_german_moment(question.now + timedelta(seconds=length.seconds), question.now)
    when = said if kind == "timer" else far if length.seconds >= 86400 else f"in {said}"
    return Answer(answers.is_set(kind, label, when), (_effect(length.seconds, label, kind),))


def _set_several(question: Question, words: str, spans: list[Length]) -> Answer:
    seconds = [length.seconds for length in spans if length.seconds is not None]
    label = _label(question, _BEFORE_LENGTH.sub("\0", _masked(words, spans)), "timer")
    if label or len(seconds) < len(spans) or not all(0 < one <= LONGEST_TIMER_S for one in seconds):
        return Answer("Bitte einen Timer nach dem anderen. Wie lange?", whole=False)
    return Answer(answers.several_set(seconds), tuple(_effect(one, "", "timer") for one in seconds))


def _set_moment(question: Question, moment: Moment, kind: Kind) -> Answer:
    if moment.past:
        return answers.PAST
    seconds = seconds_until(moment.at, question.now)
    if seconds > LONGEST_S:
        return answers.ALARM_LIMITS
    label = _label(question, moment.rest, kind)
    text = answers.is_set(kind, label, say_german_moment(moment.at, question.now))
    return Answer(text, (_effect(seconds, label, kind),))


def _set_repeating(question: Question, days: Days, rest: str, kind: Kind) -> Answer:
    moment = find_german_moment(rest, question.now, waking=kind == "alarm")
    if moment is None or not moment.timed:
        hour = unclear_quarter(rest)
        return answers.which_quarter(hour) if hour is not None else answers.WHAT_TIME
    repeat = Repeat(days, moment.at.hour, moment.at.minute)
    seconds = seconds_until(repeat.after(question.now), question.now)
    label = _label(question, moment.rest, kind)
    text = answers.is_set(kind, label, say_german_repeat(repeat, question.now))
    return Answer(text, (_effect(seconds, label, kind, repeat),))


def _label(question: Question, words: str, kind: Kind) -> str:
    return german_label(german_words(question.text), words, reminder=kind == "reminder")


def _written(question: Question, words: str) -> str:
    return german_words(question.text).as_written(words)


def _effect(seconds: float, label: str, kind: Kind, repeat: Repeat | None = None) -> Effect:
    data: dict[str, object] = {"seconds": seconds, "label": label}
    data |= {"kind": kind} if kind != "timer" else {}
    return Effect("timer.set", data | ({"repeat": repeat.to_data()} if repeat is not None else {}))


def _masked(words: str, spans: list[Length]) -> str:
    for length in reversed(spans):
        words = f"{words[: length.start]}\0{words[length.end :]}"
    return words


def _cancel(question: Question, words: str, kind: Kind) -> Answer:
    running = question.timers
    if running is None:
        effect = Effect("timer.cancel", {"which": english_choice(words, (), None)})
        return Answer("Wenn etwas läuft, lösche ich es.", (effect,))
    chosen = choose_german(words, running, question.now)
    if chosen is None:
        return answers.which_one(question, _of_kind(running, kind))
    return answers.cancelled(question, chosen) if chosen else answers.none_such(kind, running)


def _chosen(question: Question, words: str, kind: Kind) -> Running | Answer:
    """The one timer that is meant, or what is said instead."""
    running = question.timers or ()
    chosen = choose_german(words, running, question.now)
    if chosen is None or len(chosen) > 1:
        return answers.which_one(question, chosen or _of_kind(running, kind))
    return chosen[0] if chosen else answers.none_such(kind, running)


def _changed(question: Question, words: str, length: Length, by: int) -> Answer:
    if length.seconds is None:
        return answers.how_long_exactly(_written(question, words[length.start : length.end]))
    rest = f"{words[: length.start]}{words[length.end :]}"
    if question.timers is None:
        effect = Effect("timer.change", {"which": english_choice(rest, (), None), "by": by * length.seconds})
        return Answer("Wenn etwas läuft, ändere ich es.", (effect,)) if by else answers.UNSEEN
    only = _chosen(question, rest, german_kind(words))
    if isinstance(only, Answer):
        return only
    more = by * length.seconds if by else length.seconds - only.left
    if only.left + more <= 0:
        return Answer(f"Es sind nur noch {say_german_duration(only.left)} übrig.")
    effect = Effect("timer.change", {"number": only.number, "by": more})
    return Answer(answers.changed(question, only, only.left + more), (effect,))


def _moved(question: Question, words: str, kind: Kind) -> Answer:
    """`verschieb den Wecker auf halb acht`: to another time of day, and where that is said, other days."""
    which, _, when = words.rpartition(" auf ")
    only = _chosen(question, which or words, kind)
    if isinstance(only, Answer):
        return only
    repeated = find_german_repeat(when)
    moment = find_german_moment(f"um {repeated[1] if repeated else when}", question.now, waking=kind == "alarm")
    if moment is None or not moment.timed:
        return answers.WHAT_TIME
    at, days = moment.at, repeated[0] if repeated else only.repeat.days if only.repeat is not None else None
    repeat = Repeat(days, at.hour, at.minute) if days is not None else None
    left = seconds_until(repeat.after(question.now) if repeat is not None else at, question.now)
    if (moment.past and repeat is None) or not 0 < left <= LONGEST_S:
        return answers.PAST
    data = {"number": only.number, "by": left - only.left} | ({"repeat": repeat.to_data()} if repeat else {})
    return Answer(answers.changed(question, only, left, repeat), (Effect("timer.change", data),))


def _report(question: Question, words: str, kind: Kind) -> Answer:
    running, counted = question.timers, _COUNT.search(words) is not None
    if not running:
        return answers.reported(question, running, kind, counted=counted)
    if counted:
        return answers.reported(question, [one for one in running if one.kind == kind], kind, counted=True)
    chosen = choose_german(words, running, question.now)
    if chosen == []:
        return answers.none_such(kind, running)
    return answers.reported(question, chosen or _of_kind(running, kind), kind, counted=False)


def _of_kind(running: Sequence[Running], kind: Kind) -> Sequence[Running]:
    """Those of a kind, where there are any."""
    return [one for one in running if one.kind == kind] or running


def _snoozed(question: Question, words: str) -> Answer | None:
    """`schlummern`, `noch zehn Minuten`, where something rang just now."""
    spans = german_lengths(words)
    if len(spans) > 1 or not _SNOOZE.search(_masked(words, spans)):
        return None
    if question.rung is None:
        return answers.NOTHING_RANG if "schlummer" in words and question.timers is not None else None
    seconds = spans[0].seconds if spans else SNOOZE_S
    if seconds is None or not 0 < seconds <= LONGEST_TIMER_S:
        return answers.HOW_LONG
    text = f"Ich melde mich in {say_german_duration(seconds, after_in=True)} wieder."
    return Answer(text, (Effect("timer.snooze", {"seconds": seconds}),))


def _completed(question: Question, words: str) -> Answer | None:
    """What answers "Wie lange?", "Um wie viel Uhr?" or "Was ist gemeint?", asked just before."""
    earlier = _pending(question, _DEPTH)
    if earlier is None:
        return None
    texts = [f"{earlier} {INSTEAD} {question.text}", f"{earlier} {question.text}"]
    if german_kind(german_words(earlier).text) != "timer" and words.isdecimal():
        texts.append(f"{earlier} um {question.text}")
    for text in texts:
        joined = replace(question, text=text)
        answered = _act(joined)
        if answered.whole and (answered.effects or not _sets(earlier)):
            return answered if _only_answers(question, words, setting=_sets(earlier)) else None
    return answered if _only_answers(question, words, setting=True) else None


def _sets(text: str) -> bool:
    words = german_words(text).text
    return not _CANCEL.search(words) and not _LEFT.search(words)


def _only_answers(question: Question, words: str, *, setting: bool) -> bool:
    """Whether the words are a length or a time and no more, or choose one of the timers."""
    if not setting:
        return choose_german(words, question.timers or (), question.now) not in (None, [])
    rest = _masked(words, german_lengths(words))
    timed = rest if re.search(r"[a-z]", rest) else f"um {rest}"
    moment = find_german_moment(timed, question.now)
    rest = moment.rest if moment is not None else re.sub(r"\b\d+\b", "", rest)
    return not _FILLS.sub("", rest).strip()


def _pending(question: Question, depth: int) -> str | None:
    """The words before these whose answer was a question, with those that they answered themselves."""
    earlier = question.previous()
    if earlier is None or depth == 0:
        return None
    words = german_words(earlier.text).text
    text: str | None = earlier.text
    if not _ABOUT.search(words):
        before = _pending(earlier, depth - 1)
        text = None if before is None else f"{before} {INSTEAD} {earlier.text}"
    if text is None:
        return None
    asked = Question(text, question.now, earlier.before, question.timers, question.assistant, question.rung)
    return None if _act(asked).whole else text


def _changes_the_only(question: Question, words: str) -> Answer | None:
    """`noch fünf Minuten dazu`, without the word timer, where one runs."""
    spans = german_lengths(words)
    cut = _masked(words, spans)
    by = 1 if _MORE.search(cut) else -1 if _LESS.search(cut) else 0
    return _changed(question, words, spans[0], by) if by and len(spans) == 1 and question.timers else None
