"""The board, as reported by the kernel and a Raspberry Pi's firmware: model, temperature, power, sound."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MODEL = "proc/device-tree/model"
TEMPERATURE = "sys/class/thermal/thermal_zone0/temp"
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
CARDS = "proc/asound/cards"

TROUBLES = {
    0: "under-voltage",
    1: "processor frequency capped",
    2: "throttled",
    3: "close to the temperature limit",
    16: "under-voltage since the last start",
    18: "throttled since the last start",
    19: "close to the temperature limit since the last start",
}
"""What the bits of the firmware's `get_throttled` mean."""

POWER_BITS, HEAT_BITS = {0, 16}, {3, 19}


@dataclass(frozen=True, slots=True)
class RaspberryPi:
    """`celsius` is None if there is no sensor; `throttled` are the firmware's bits, 0 if unknown."""

    model: str
    celsius: float | None
    throttled: int

    @property
    def troubles(self) -> list[str]:
        """Current and past problems with power and heat."""
        return [text for bit, text in TROUBLES.items() if self.throttled >> bit & 1]

    @property
    def remedy(self) -> str:
        """How to fix them."""
        bits = {bit for bit in TROUBLES if self.throttled >> bit & 1}
        if bits & POWER_BITS:
            return "use the official power supply with a short cable, and unplug USB devices that draw power"
        return "add a fan or a heat sink" if bits & HEAT_BITS else ""


def board(root: Path = Path("/")) -> RaspberryPi | None:
    """The board under `root`; None if the kernel names none, as on a PC."""
    model = _read(root / MODEL).rstrip("\0").strip()
    if not model:
        return None
    millidegrees, bits = _read(root / TEMPERATURE).strip(), _read(root / THROTTLED).strip()
    celsius = int(millidegrees) / 1000 if millidegrees.isdigit() else None
    return RaspberryPi(model, celsius, int(bits, 16) if re.fullmatch(r"[0-9a-fA-F]+", bits) else 0)


def sound_route(root: Path = Path("/")) -> str:
    """The audio route: the sound server with its default devices, or the kernel's cards; empty if there are none."""
    told = _sound_server()
    if told:
        return told
    names = re.findall(r"^\s*\d+ \[[^]]*]: (.+)$", _read(root / CARDS), re.MULTILINE)
    return f"ALSA: {', '.join(names)}" if names else ""


def _sound_server() -> str:
    if shutil.which("pactl") is None:
        return ""
    try:
        done = subprocess.run(["pactl", "info"], capture_output=True, text=True, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return "the sound server does not answer"
    if done.returncode:
        return ""
    told = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    server = "PipeWire" if "PipeWire" in told.get("Server Name", "") else "PulseAudio"
    return f"{server}: from {told.get('Default Source', '-')} to {told.get('Default Sink', '-')}"


def _read(path: Path) -> str:
    """A small file of the kernel's; empty where it is not there."""
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""
