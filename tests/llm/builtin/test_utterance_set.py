"""What the builtin responder takes five hundred utterances for, labelled by hand: 97 % right, none wrong in silence.

Three timers run: one of 5 minutes, one of 10 called pasta, one of 30; it is Sunday, 22 November 2026, 15:05. `a / b`
is said in two turns. `ask` means that the reply asks back and does nothing, `none` that nothing is done at all. `pytest
-s` prints the figures of every kind.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from voice.llm.builtin.question import Answer, Question
from voice.llm.builtin.responder import answer
from voice.llm.builtin.timer_list import Running
from voice.llm.interface import Message

SET = Path(__file__).parent / "sets" / "utterances.tsv"
FLOOR = 0.97
NOW = datetime(2026, 11, 22, 15, 5)
ENGLISH_DATE = re.compile(r"([A-Z][a-z]+) (\d{1,2}), (\d{4})")
CHINESE_DATE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
LENGTH = re.compile(r"(\d+) ?(hour|minute|second|小时|分钟|秒)")
SECONDS = {"hour": 3600, "minute": 60, "second": 1, "小时": 3600, "分钟": 60, "秒": 1}


def rows() -> list[list[str]]:
    """Kind, what is said, its meaning."""
    return [line.split("\t") for line in SET.read_text(encoding="utf-8").splitlines()]


def chinese(text: str) -> bool:
    return bool(re.search("[一-鿿]", text))


def replied(said: str) -> Answer | None:
    timers = [
        Running("", 200.0, 300.0, 1),
        Running("意面" if chinese(said) else "pasta", 500.0, 600.0, 2),
        Running("", 1000.0, 1800.0, 3),
    ]
    messages: list[Message] = []
    found = None
    for text in said.split(" / "):
        found = answer(Question(text, NOW, tuple(messages), timers))
        messages += [Message("user", text), Message("assistant", found.text if found else "")]
    return found


def effect_of(found: Answer) -> str:
    """What the effect of a reply does, in the words of the labels."""
    (effect,) = found.effects
    data = effect.data
    if effect.kind == "timer.set":
        return f"{data.get('kind', 'timer')} {round(float(str(data['seconds'])))} {data['label']}".strip()
    if effect.kind == "timer.cancel":
        numbers = data["numbers"]
        assert isinstance(numbers, list)
        return " ".join(["cancel", *map(str, numbers)])
    return f"change {data['number']} {round(float(str(data['by'])))}"


def meaning(found: Answer | None, label: str) -> str:
    """What a reply takes the utterance for, in the form of the label."""
    if found is None:
        return "none"
    if found.effects:
        return effect_of(found)
    if not found.whole:
        return "ask"
    kind = label.split()[0]
    text = found.text
    if kind == "value":
        number = re.findall(r"(minus |负)?(\d[\d,]*(?:\.\d+)?)", text)[-1]
        return f"value {'-' if number[0] else ''}{number[1]}"
    if kind == "date":
        if day := ENGLISH_DATE.search(text):
            return f"date {datetime.strptime(day[0], '%B %d, %Y'):%Y-%m-%d}"
        day = CHINESE_DATE.search(text)
        return f"date {int(day[1]):04d}-{int(day[2]):02d}-{int(day[3]):02d}" if day else text
    if kind in ("days", "count"):
        return f"{kind} {re.findall(r'[0-9]+', text)[0]}"
    if kind == "left":
        return f"left {sum(int(number) * SECONDS[unit] for number, unit in LENGTH.findall(text))}"
    if (
        kind == "name"
        and (name := label.removeprefix("name "))
        and re.search(rf"(?:\W|你叫|认识你，){name}[.。]$", text)
    ):
        return label
    if kind == "unit":
        return f"unit {re.split(r' is (?:about )?|等于(?:大约)?', text)[-1].rstrip('.。')}"
    return "none" if kind == "none" else text


def expected(label: str) -> str:
    """The label with a moment as the seconds until then."""
    kind, at, rest = label.partition("@")
    if not at:
        return label
    moment, _, what = rest.partition(" ")
    seconds = round((datetime.fromisoformat(moment) - NOW) / timedelta(seconds=1))
    return f"{kind} {seconds} {what}".strip()


def test_the_set_is_of_five_hundred_utterances_of_every_kind() -> None:
    kinds = Counter(kind for kind, _, _ in rows())
    assert len({said for _, said, _ in rows()}) == len(rows()) >= 500
    assert min(kinds.values()) >= 12
    assert sum(chinese(said) for _, said, _ in rows()) >= 180


def test_nearly_all_is_understood_and_nothing_is_done_that_was_not_meant() -> None:
    said, right, wrong, silent = Counter[str](), Counter[str](), [], []
    for kind, text, label in rows():
        said[kind] += 1
        found = replied(text)
        took = meaning(found, label)
        if took == expected(label):
            right[kind] += 1
            continue
        wrong.append(f"{text}: took it for {took}, not {expected(label)}")
        if took not in ("ask", "none"):
            silent.append(wrong[-1])
    for kind in sorted(said):
        print(f"{kind:9} {right[kind]:3} of {said[kind]}")
    print(*wrong, sep="\n")
    assert not silent, "\n".join(silent)
    assert right.total() >= FLOOR * said.total(), "\n".join(wrong)
