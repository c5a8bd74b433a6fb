"""A button to talk to the assistant: `pip install gpiozero lgpio`, then `python button.py [PIN]`.

A press starts a turn and stops what is being said. Held for a second it mutes, held again it hears again.
"""

from __future__ import annotations

import subprocess
import sys
from signal import pause

from gpiozero import Button


def order(what: str) -> None:
    """Hand an order to the conversation; where none runs, `voice ctl` says so."""
    subprocess.run(["voice", "ctl", what], check=False)


class Presses:
    """Tells a short press from a long one when the button is let go."""

    def __init__(self) -> None:
        self._held = self._muted = False

    def held(self) -> None:
        self._held, self._muted = True, not self._muted
        order("mute" if self._muted else "unmute")

    def released(self) -> None:
        if not self._held:
            order("start")
        self._held = False


def main(pin: int = 27) -> None:
    presses, button = Presses(), Button(pin, hold_time=1.0)
    button.when_held = presses.held
    button.when_released = presses.released
    pause()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
