"""Timers, alarms and reminders: set, changed, cancelled, asked about.

The skill only asks for them; the conversation's driver keeps and rings them. It says what it took the words for, so
that a wrong length is heard, and asks where it may be another one.
"""

from __future__ import annotations

import re

from voice.llm.builtin.moment import Moment, find_moment, say_moment, seconds_until
from voice.llm.builtin.question import Answer, Question
from voice.llm.builtin.repeats import Days, Repeat, find_repeat
from voice.llm.builtin.snooze import snooze
from voice.llm.builtin.timer_answers import (
    at_what_time,
    cancelled,
    changed,
    how_long,
    is_set,
    reported,
    several_set,
    which_one,
)
from voice.llm.builtin.timer_choice import choose, say_repeat
from voice.llm.builtin.timer_label import label_of
from voice.llm.builtin.timer_list import Kind, Running
from voice.llm.interface import Effect
from voice.text.durations import Length, lengths, masked, say_duration
from voice.text.patterns import pattern_of

LONGEST_TIMER_S = 48 * 3600.0
LONGEST_S = 31 * 86400.0

_ABOUT = pattern_of(
    r"\b(?:timers?|alarms?|countdowns?|count down|remind me|reminders?|wake me)\b"
    r"|计时|定时|倒计时|闹钟|提醒|叫醒我|叫我起床|喊我起床"
)
_CANCEL = pattern_of(
    r"^(?:cancel|stop|clear|delete|remove|turn off|kill|end|dismiss|forget|get rid of|switch off)\b"
    r"|取消|停止|停掉|关掉|关闭|删除|删掉|不要"
)
_COUNT = pattern_of(r"\bhow many\b|有几个|多少个|几个")
_LEFT = pattern_of(
    r"\b(?:how long|how much time|how much longer|what is left|what's left|time left|remaining|any timers|any alarms"
    r"|any reminders|which timers|what timers|what alarms|what reminders|list|status|when (?:does|will|is)|what time"
    r"|what are my|show my|show me|is there an?|are there any)\b|还剩|还有多久|剩多少|多久|哪些|几点响|什么时候响|剩下"
)
_LEFT_ALONE = pattern_of(
    r"^how (?:long|much time|much longer) (?:is |do i have |have i |is there )?(?:left|remaining|to go)$"
    r"|^(?:还剩|还有)(?:多久|多少时间|多长时间)$"
)
_MORE = pattern_of(
    r"^(?:add|put) \0(?: more)?(?:$| (?:to|on|onto)\b)|^(?:extend|increase|lengthen|delay|prolong)\b.*\0"
    r"|\bmake\b.*\0 longer|^\0 (?:on|to) (?:the|my)\b.*\b(?:timer|alarm)"
    r"|^give (?!me an? |me another ).*\0|^\0 more\b|^another \0 (?:to|on|for)\b.*\b(?:timer|alarm)"
    r"|加(?:上)?\0|延长\0|增加\0|推迟\0|多\0"
)
_LESS = pattern_of(
    r"^(?:take|subtract|remove|cut) \0 (?:off|from|away)|^(?:shorten|reduce|decrease)\b.*\0|\bmake\b.*\0 shorter"
    r"|减(?:少|去|掉)?\0|缩短\0|提前\0|少\0"
)
_TO = pattern_of(
    r"^(?:change|set|make|reset|update|move)\b.*?\b(?:timer|countdown)\b.*\b(?:to|into|at) \0|^make (?:it|that) \0$"
    r"|(?:改成|改为|调成|调到|改到)\0"
)
_CANNOT = pattern_of(r"^(?:pause|resume|hold|restart|continue|unpause)\b|暂停|继续")
_TOO_OFTEN = pattern_of(
    r"\b(?:every|each) (?:hour|half|minute|second|other|week|month|year|\d+)\b|\b(?:hourly|weekly|monthly|yearly)\b"
    r"|每(?:隔|个?小时|个?月|年|\d|半|一?分钟)|每周(?![一二三四五六日天末])"
)
_TO_MOMENT = pattern_of(
    r"^(?:change|move|reset|update|push|reschedule|set)\b (?P<which>(?:my|the)\b.*?\b(?:alarm|reminder|timer)\b.*?)"
    r" (?:to|till|until) (?P<when>.+)$"
    r"|(?:把|将)?(?P<which_zh>.*(?:闹钟|提醒|计时器))(?:改成|改为|调成|调到|改到|推迟到|提前到)(?P<when_zh>.+)$"
)
_THE_ONE = pattern_of(r"^set (?:a|an|another|one|new)\b")
_LENGTH_OR_CLOCK = pattern_of(r"\b\d{1,2}[: ]\d\d\b")
_CLEAR_CLOCK = pattern_of(r"\d ?[ap] ?m\b|noon|midnight|o'?clock|\b(?:un)?till?\b|\bat\b|morning|evening|afternoon|点")


def timer(question: Question) -> Answer | None:
    """Set, change, cancel or report timers; a bare length of time, or a name, answers what was asked before."""
    words = question.words
    if _LEFT_ALONE.search(words):
        return reported(question, question.timers)
    if (snoozed := snooze(question)) is not None:
        return snoozed
    if not _ABOUT.search(words) and not _calls(question) and not _names_one(question):
        return _completed(question) or _changes_the_only(question)
    return _act(question, words)


def _names_one(question: Question) -> bool:
    """`cancel the one for pasta`, `how much longer for the pasta`: the name of a timer that runs, without the word."""
    if not (_CANCEL.search(question.words) or _LEFT.search(question.words)):
        return False
    return any(
        timer.label and re.search(rf"(?<![a-z]){re.escape(timer.label.lower())}(?![a-z])", question.words)
        for timer in question.timers or ()
    )


def _calls(question: Question) -> bool:
    """`下午三点叫我`: to be called at a time, not by a name."""
    if not re.search("[叫喊]我", question.words):
        return False
    moment = find_moment(question.words, question.now, chinese=True)
    return bool(lengths(question.words, chinese=True)) or (moment is not None and moment.timed)


def _act(question: Question, words: str) -> Answer:
    spans = lengths(words, chinese=question.chinese)
    if _CANNOT.search(words):
        return Answer(question.say("I can't pause timers.", "我不会暂停计时器。"))
    if _TOO_OFTEN.search(words):
        return Answer(question.say("I can repeat alarms on days of the week only.", "闹钟只能按天或按星期几重复。"))
    cut = masked(words, spans)
    setting = re.search(r"^(?:set|start|create|make)\b.*\b(?:timer|alarm|reminder)\b|^(?:remind|wake)", words)
    if _CANCEL.search(words) and not setting:
        return _cancel(question, words)
    by, to = _change(cut, spans)
    if by or (to and not _THE_ONE.search(words)):
        return _changed(question, words, spans, by, to)
    if (moved := _moved(question, words)) is not None:
        return moved
    if _COUNT.search(words) or (_LEFT.search(words) and not setting and not _reminds(words)):
        return _report(question, words, counted=bool(_COUNT.search(words)))
    return _set(question, words, spans)


def _reminds(words: str) -> bool:
    return bool(re.search(r"\bremind me (?:in|at|to|on|tomorrow|that|about)|提醒我", words))


def _kind(words: str) -> Kind:
    if re.search(r"\b(?:remind me|reminder)\b|提醒", words):
        return "reminder"
    return "alarm" if re.search(r"\b(?:alarm|wake)\b|闹钟|叫醒|叫我|喊我", words) else "timer"


def _set(question: Question, words: str, spans: list[Length]) -> Answer:
    kind, chinese = _kind(words), question.chinese
    if repeated := find_repeat(words, chinese=chinese):
        return _set_repeating(question, *repeated, "alarm" if kind == "timer" else kind)
    if kind == "reminder" and len(spans) > 1:  # to buy 5 minute noodles in 10 minutes
        spans = [length for length in spans if words[: length.start].endswith("in ")] or spans
    if kind != "timer":
        spans = [length for length in spans if ":" not in words[length.start : length.end]]
    if kind == "timer" or (spans and not re.search(r"\b(?:at|tomorrow|tonight)\b|点", words)):
        if len(spans) > 1 and kind == "timer":
            return _set_several(question, words, spans)
        if len(spans) == 1:
            return _set_length(question, words, spans[0], kind)
        if kind == "timer" and (not _CLEAR_CLOCK.search(words) or len(spans) > 1):
            unclear = _LENGTH_OR_CLOCK.search(words)
            return at_what_time(question) if unclear and not chinese else how_long(question)
    shorter = [length for length in spans if length.seconds is None or length.seconds < 86400]
    cut = masked(words, shorter)
    waking = bool(re.search(r"\bwake\b|叫醒|起床", words))
    moment = find_moment(cut, question.now, chinese=chinese, waking=waking)
    if moment is not None and moment.timed:
        return _set_moment(question, moment, [words[length.start : length.end] for length in shorter], kind)
    if len(spans) == 1:
        return _set_length(question, words, spans[0], kind)
    return at_what_time(question) if kind != "timer" else how_long(question)


def _set_length(question: Question, words: str, length: Length, kind: Kind) -> Answer:
    if length.seconds is None:
        unclear = words[length.start : length.end]
        return at_what_time(question) if ":" in unclear else how_long(question, unclear)
    longest = LONGEST_TIMER_S if kind == "timer" else LONGEST_S
    if not 0 < length.seconds <= longest:
        return Answer(question.say("I can set timers of 1 second to 48 hours.", "计时器可以是1秒到48小时。"))
    label = label_of(words, [length], reminder=kind == "reminder", chinese=question.chinese)
    return Answer(is_set(question, kind, label, length.seconds), (_effect(length.seconds, label, kind),))


def _set_several(question: Question, words: str, spans: list[Length]) -> Answer:
    """Several timers at once, where each has a certain length and nothing else tells them apart."""
    seconds = [length.seconds for length in spans if length.seconds is not None]
    label = label_of(words, spans, reminder=False, chinese=question.chinese)
    if label or len(seconds) < len(spans) or not all(0 < one <= LONGEST_TIMER_S for one in seconds):
        return Answer(
            question.say("One timer at a time, please. For how long?", "请一次设一个。多长时间？"), whole=False
        )
    return Answer(several_set(question, seconds), tuple(_effect(one, "", "timer") for one in seconds))


def _set_moment(question: Question, moment: Moment, masks: list[str], kind: Kind) -> Answer:
    if moment.past:
        return Answer(question.say("That time has passed. At what time?", "那个时间已经过了。几点？"), whole=False)
    seconds = seconds_until(moment.at, question.now)
    if seconds > LONGEST_S:
        return Answer(question.say("I can set alarms up to 31 days ahead.", "闹钟最多提前31天。"))
    rest = moment.rest
    for mask in masks:
        rest = rest.replace("\0", mask, 1)
    label = label_of(rest, [], reminder=kind == "reminder", chinese=question.chinese)
    at = say_moment(moment.at, question.now, question.language)
    return Answer(is_set(question, kind, label, seconds, at), (_effect(seconds, label, kind),))


def _set_repeating(question: Question, days: Days, rest: str, kind: Kind) -> Answer:
    """What rings on some days of the week, at a time of day."""
    waking = bool(re.search(r"\bwake\b|叫醒|起床|\balarm\b|闹钟", question.words))
    moment = find_moment(rest, question.now, chinese=question.chinese, waking=waking)
    if moment is None or not moment.timed:
        return at_what_time(question)
    repeat = Repeat(days, moment.at.hour, moment.at.minute)
    seconds = seconds_until(repeat.after(question.now), question.now)
    label = label_of(moment.rest, [], reminder=kind == "reminder", chinese=question.chinese).strip()
    at = say_repeat(repeat, question.now, question.language)
    return Answer(is_set(question, kind, label, seconds, at), (_effect(seconds, label, kind, repeat),))


def _effect(seconds: float, label: str, kind: Kind, repeat: Repeat | None = None) -> Effect:
    data: dict[str, object] = {"seconds": seconds, "label": label}
    data |= {"kind": kind} if kind != "timer" else {}
    return Effect("timer.set", data | ({"repeat": repeat.to_data()} if repeat is not None else {}))


def _moved(question: Question, words: str) -> Answer | None:
    """`change my alarm to 7:30`, `把闹钟改到七点半`: to another time of day, and where that is said, other days."""
    found = _TO_MOMENT.search(words)
    if found is None or question.timers is None:
        return None
    which, when = (found["which"] or found["which_zh"], found["when"] or found["when_zh"])
    chosen = choose(which, question.timers, question.now, chinese=question.chinese)
    if not chosen:
        return which_one(question, question.timers) if chosen is None else _no_such(question, words)
    if len(chosen) > 1:
        return which_one(question, chosen)
    only = chosen[0]
    repeated = find_repeat(when, chinese=question.chinese)
    timed = repeated[1] if repeated else when
    timed = timed if question.chinese or not timed[:1].isdigit() else f"at {timed}"
    waking = only.kind == "alarm"
    moment = find_moment(timed, question.now, chinese=question.chinese, waking=waking)
    if moment is None or not moment.timed:
        return at_what_time(question)
    at, repeat = moment.at, None
    if repeated or only.repeat is not None:
        days = repeated[0] if repeated else only.repeat.days if only.repeat is not None else ()
        repeat = Repeat(days, at.hour, at.minute)
        at = repeat.after(question.now)
    left = seconds_until(at, question.now)
    if moment.past or not 0 < left <= LONGEST_S:
        return Answer(question.say("That time has passed. At what time?", "那个时间已经过了。几点？"), whole=False)
    data = {"number": only.number, "by": left - only.left} | ({"repeat": repeat.to_data()} if repeat else {})
    return Answer(changed(question, only, left, repeat), (Effect("timer.change", data),))


def _completed(question: Question) -> Answer | None:
    """What answers "for how long?", "at what time?" or "which one?", asked just before."""
    earlier = question.previous()
    if earlier is None or not _ABOUT.search(earlier.words) or _LEFT_ALONE.search(earlier.words):
        return None
    earlier = Question(earlier.text, question.now, earlier.before, question.timers, question.assistant, question.rung)
    asked = _act(earlier, earlier.words)
    if asked.whole or question.language != earlier.language:
        return None
    words = re.sub(r"^(?:for|in|at) (?=\d|half|a |an )", "", question.words)
    spans = lengths(words, chinese=question.chinese)
    rest = masked(words, spans)
    if _CANCEL.search(earlier.words) or _LEFT.search(earlier.words):
        return _answers_which(question, earlier)
    joint = "" if question.chinese else " "
    if len(spans) == 1 and not re.sub(r"\0|的|后|之后|\bfrom now\b|\blong\b|\bmake it\b|\s", "", rest):
        return _set(question, f"{earlier.words}{joint}{words}", lengths(f"{earlier.words}{joint}{words}",
                                                                        chinese=question.chinese))  # fmt: skip
    timed = words if question.chinese or re.search(r"[a-z]", words) else f"at {words}"
    moment = find_moment(timed, question.now, chinese=question.chinese)
    if moment is not None and moment.timed and len(moment.rest) <= 2:
        both = f"{earlier.words}{joint}{timed}"
        answered = _set(question, both, lengths(both, chinese=question.chinese))
        return answered if answered.whole else None
    return None


def _answers_which(question: Question, earlier: Question) -> Answer | None:
    chosen = choose(question.words, question.timers or (), question.now, chinese=question.chinese)
    if not chosen:
        return None
    return cancelled(question, chosen) if _CANCEL.search(earlier.words) else reported(question, chosen)


def _change(cut: str, spans: list[Length]) -> tuple[int, bool]:
    """Whether a length is to be added (1) or taken off (−1), and whether it is to be the new one."""
    if len(spans) not in (1, 2):
        return 0, False
    if _MORE.search(cut):
        return 1, False
    return (-1, False) if _LESS.search(cut) else (0, bool(_TO.search(cut)))


def _changes_the_only(question: Question) -> Answer | None:
    """`add two minutes`, without the word timer, where one runs."""
    spans = lengths(question.words, chinese=question.chinese)
    cut = masked(question.words, spans)
    by, to = _change(cut, spans)
    if cut == "\0" and "more" in question.words and question.timers is not None and len(question.timers) == 1:
        by = 1
    if not question.timers or not (by or to):
        return None
    return _changed(question, question.words, spans, by, to)


def _changed(question: Question, words: str, spans: list[Length], by: int, to: bool) -> Answer:
    length = spans[-1] if to or question.chinese else spans[0]
    if length.seconds is None:
        return how_long(question, words[length.start : length.end])
    rest = words[: length.start] + words[length.end :]
    running = question.timers
    if running is None:
        amount = by * length.seconds
        return Answer(
            question.say("I can't see the timers from here.", "我在这里看不到计时器。") if to
            else question.say("If it is running, I'll change it.", "如果有，我就改。"),
            () if to else (Effect("timer.change", {"which": rest, "by": amount}),),
        )  # fmt: skip
    chosen = choose(rest, running, question.now, chinese=question.chinese)
    if chosen is None or len(chosen) > 1:
        return which_one(question, chosen or running)
    if not chosen:
        return _no_such(question, rest)
    only: Running = chosen[0]
    more = length.seconds - only.left if to else by * length.seconds
    if only.left + more <= 0:
        left = say_duration(only.left, question.language)
        return Answer(question.say(f"Only {left} are left on it.", f"它只剩{left}了。"))
    return Answer(
        changed(question, only, only.left + more), (Effect("timer.change", {"number": only.number, "by": more}),)
    )


def _cancel(question: Question, words: str) -> Answer:
    running = question.timers
    if running is None:
        return Answer(
            question.say("If it is running, I'll cancel it.", "如果有，我就取消。"),
            (Effect("timer.cancel", {"which": words}),),
        )
    chosen = choose(words, running, question.now, chinese=question.chinese)
    if chosen is None:
        return which_one(question, running)
    return cancelled(question, chosen) if chosen else _no_such(question, words)


def _no_such(question: Question, words: str) -> Answer:
    kind = _kind(words)
    if not question.timers:
        return Answer(question.say(f"No {kind} is running.", "没有正在运行的计时器。"))
    return Answer(question.say(f"No such {kind} is running.", "没有这样的计时器。"))


def _report(question: Question, words: str, *, counted: bool) -> Answer:
    running = question.timers
    if not running:
        return reported(question, running)
    chosen = choose(words, running, question.now, chinese=question.chinese) if not counted else None
    if counted:
        kind = _kind(words)
        chosen = [one for one in running if one.kind == kind]
    elif chosen is None:
        chosen = list(running)
    return (
        reported(question, chosen, counted=_kind(words) if counted else None)
        if chosen or counted
        else _no_such(question, words)
    )
