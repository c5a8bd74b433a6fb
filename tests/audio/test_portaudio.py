"""Choosing a device and a format, and what is said where PortAudio or devices are missing."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from voice.audio import portaudio
from voice.audio.portaudio import Device, Direction, choose, load, pick_format, quiet
from voice.errors import MissingError

DEVICES = [
    Device(0, "HDMI", "ALSA", 0, 8, 48_000),
    Device(1, "USB Mic", "ALSA", 1, 0, 44_100),
    Device(2, "USB Mic Pro", "ALSA", 6, 2, 48_000, default_input=True),
    Device(3, "default", "ALSA", 2, 2, 44_100, default_output=True),
]


@pytest.mark.parametrize(
    ("wanted", "direction", "index"),
    [
        ("", "microphone", 2),
        ("", "speaker", 3),
        ("1", "microphone", 1),
        ("usb mic", "microphone", 1),
        ("usb mic", "speaker", 2),
        ("pro", "microphone", 2),
        ("hd", "speaker", 0),
    ],
)
def test_a_device_is_chosen_by_default_number_or_name(wanted: str, direction: Direction, index: int) -> None:
    assert choose(DEVICES, wanted, direction).index == index


@pytest.mark.parametrize("wanted", ["0", "9", "nothing like it"])
def test_what_is_there_is_named_when_nothing_fits(wanted: str) -> None:
    with pytest.raises(MissingError) as refusal:
        choose(DEVICES, wanted, "microphone")
    assert str(refusal.value) == (
        f"audio.input: no microphone matches {wanted!r}; expected one of: 1 USB Mic, 2 USB Mic Pro, 3 default; "
        "`voice devices` lists them"
    )


def test_a_machine_without_devices_is_told_about_files() -> None:
    with pytest.raises(MissingError, match=r"no speaker found; .*use --output FILE\.wav"):
        choose(DEVICES[1:2], "", "speaker")


def without_portaudio(name: str, *rest: Any, **more: Any) -> Any:
    if name == "sounddevice":
        raise OSError("PortAudio library not found")
    return IMPORT(name, *rest, **more)


IMPORT = builtins.__import__


def test_missing_portaudio_is_one_line_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtins, "__import__", without_portaudio)
    with pytest.raises(MissingError, match=r"PortAudio is not installed; .*sudo apt install libportaudio2") as refusal:
        load()
    assert refusal.value.exit_code == 66


class FakeLibrary:
    """A sounddevice whose devices take only the given rates and channels."""

    PortAudioError = RuntimeError

    def __init__(self, rates: Sequence[int], channels: Sequence[int]) -> None:
        self.rates, self.channels = rates, channels

    def check_input_settings(self, device: int, channels: int, dtype: str, samplerate: int) -> None:
        if samplerate not in self.rates or channels not in self.channels:
            raise self.PortAudioError("Invalid sample rate")

    check_output_settings = check_input_settings


@pytest.mark.parametrize(
    ("rates", "channels", "picked"),
    [
        ([16_000, 48_000], [1, 2], (16_000, 1)),
        ([16_000], [2], (16_000, 2)),
        ([44_100, 48_000], [1, 2], (48_000, 1)),
        ([44_100], [2, 6], (44_100, 2)),
        ([48_000], [6], (48_000, 6)),
    ],
)
def test_the_nearest_format_is_picked(
    monkeypatch: pytest.MonkeyPatch, rates: list[int], channels: list[int], picked: tuple[int, int]
) -> None:
    monkeypatch.setattr(portaudio, "load", lambda: FakeLibrary(rates, channels))
    assert pick_format(DEVICES[2], "microphone", 16_000) == picked


def test_a_device_that_takes_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "load", lambda: FakeLibrary([], []))
    with pytest.raises(MissingError, match="USB Mic Pro: the speaker takes no 16 bit audio at 22050, 48000"):
        pick_format(DEVICES[2], "speaker", 22_050)


def test_devices_are_listed_without_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    def query_devices(kind: str | None = None) -> list[dict[str, Any]]:
        if kind:
            raise FakeLibrary.PortAudioError("Error querying device -1")
        info = {"name": "x", "hostapi": 0, "default_samplerate": 44_100.0}
        return [{**info, "max_input_channels": 1, "max_output_channels": 0}]

    library = SimpleNamespace(
        PortAudioError=RuntimeError, query_devices=query_devices, query_hostapis=lambda: [{"name": "ALSA"}]
    )
    monkeypatch.setattr(portaudio, "load", lambda: library)
    assert portaudio.list_devices() == [Device(0, "x", "ALSA", 1, 0, 44_100)]


def test_quiet_silences_the_c_libraries_only_while_it_lasts(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        os.write(2, b"ALSA lib chatter\n")
    os.write(2, b"said after\n")
    assert capfd.readouterr().err == "said after\n"
