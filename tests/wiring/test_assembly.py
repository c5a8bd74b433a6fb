"""The turn machine as the settings want it."""

from __future__ import annotations

import pytest

from voice.settings.layers import load
from voice.turn.state import Overlap
from voice.wiring.assembly import machine

REPLY = "Yes, all of it stays here. What you say is heard and answered on this machine."


@pytest.mark.parametrize(("no_echo", "kind"), [(False, Overlap.ECHO), (True, Overlap.WORDS)])
def test_what_is_half_the_replys_is_a_persons_where_there_is_no_echo(no_echo: bool, kind: Overlap) -> None:
    settings = load(profile="desktop", config=None, flags=[]).settings
    turns = machine(settings, lambda: REPLY, live=True, no_echo=lambda: no_echo)
    assert turns.policy.overlap("What can you do?") is kind
    assert turns.policy.overlap("What you say is heard") is Overlap.ECHO
