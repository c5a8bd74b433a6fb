"""An LED that shows what the assistant does: `pip install gpiozero lgpio`, then `python led.py [PIN]`.

Off: idle. On: it listens. Pulsing: it thinks. Blinking slowly: it speaks. Blinking fast: muted.
"""

from __future__ import annotations

import json
import subprocess
import sys

from gpiozero import PWMLED


def show(led: PWMLED, state: str) -> None:
    match state:
        case "listening" | "wake":
            led.on()
        case "thinking":
            led.pulse(fade_in_time=0.4, fade_out_time=0.4)
        case "speaking":
            led.blink(on_time=0.6, off_time=0.2)
        case "muted":
            led.blink(on_time=0.1, off_time=0.1)
        case "idle" | "unmuted":
            led.off()


def main(pin: int = 17) -> None:
    led, muted = PWMLED(pin), False
    with subprocess.Popen(["voice", "ctl", "watch"], stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        for line in watching.stdout:
            event = json.loads(line)
            name = event.get("state", event["event"])
            muted = event.get("muted", muted) if name != "muted" else True
            muted = muted and name != "unmuted"
            show(led, "muted" if muted and name == "idle" else name)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
