"""Louder, quieter and the microphone, as people say it; what only resembles it is left to others."""

from __future__ import annotations

from datetime import datetime

import pytest

from voice.llm.builtin.device import device
from voice.llm.builtin.question import Question
from voice.llm.builtin.responder import understands


def changed(words: str) -> object:
    found = device(Question(words, datetime(2026, 1, 2)))
    return [(effect.kind, dict(effect.data)) for effect in found.effects] if found else None


Effects = list[tuple[str, dict[str, int]]]
LOUDER: Effects = [("device.volume", {"change": 15})]
QUIETER: Effects = [("device.volume", {"change": -15})]
MUTED: Effects = [("device.mute", {})]
WORDS: dict[str, Effects | None] = {
    "louder please|Can you speak a little louder?|Speak up.|turn it up|turn the volume up|turn up the volume|volume up"
    "|raise the volume|lauter bitte|mach lauter|大声点|请大声一点|声音大一点|音量调高|说话大声点": LOUDER,
    "quieter|speak more quietly|turn it down a bit|lower the volume|that's too loud|etwas leiser|小声点|把声音调小一点"
    "|声音再小一点|太大声了": QUIETER,
    "mute|mute the microphone|stop listening|turn off your mic|Mikrofon aus|别听了|关闭麦克风|把麦克风关掉": MUTED,
    "set the volume to thirty percent|volume 30|Lautstärke auf 30 Prozent|音量调到三十|把音量调到百分之三十": [
        ("device.volume", {"level": 30})
    ],
    "what is the volume of a sphere|up|down|go up|mute the tv|turn the lights down|be quiet|大|声音|make it up": None,
    "set the volume to 300": [],
}


@pytest.mark.parametrize(("words", "wanted"), [(w, wanted) for ways, wanted in WORDS.items() for w in ways.split("|")])
def test_what_is_said_is_changed(words: str, wanted: object) -> None:
    assert changed(words) == wanted
    if wanted:
        assert understands(words)
