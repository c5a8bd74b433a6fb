"""What the keeper of devices asks for and says, without a device; with real ones see test_device.py."""

from __future__ import annotations

import asyncio

import pytest

from voice.audio import device_watcher as keeper
from voice.audio import portaudio
from voice.audio.device_watcher import DeviceBack, DeviceLost
from voice.errors import MissingError


def test_portaudio_is_asked_for_only_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise MissingError("PortAudio is not installed")

    monkeypatch.setattr(portaudio, "load", absent)
    asyncio.run(keeper.DeviceKeeper().close())
    with pytest.raises(MissingError, match="PortAudio is not installed"):
        keeper.Line("speaker", "", 16_000, lambda *_: None, lambda event: None)


class Opened:
    """A stream through which audio flows."""

    def close(self) -> None:
        pass


def refused() -> Opened:
    raise MissingError("the device is not what it was")


class Stopped(Exception):
    """What sounddevice raises."""


class Sound:
    """The sounddevice module of a machine whose sound system is away while `away`."""

    PortAudioError = Stopped

    def __init__(self) -> None:
        self.away, self.runs, self.restarted = False, True, False

    def _terminate(self) -> None:
        if not self.runs:
            raise Stopped("PortAudio not initialized")
        self.runs = False

    def _initialize(self) -> None:
        if self.away:
            raise Stopped("no sound system")
        self.runs = self.restarted = True

    def query_hostapis(self) -> list[object]:
        if not self.runs:
            raise Stopped("PortAudio not initialized")
        return []

    def query_devices(self, kind: str = "") -> list[object]:
        if kind:
            raise ValueError(kind)
        return []


def test_a_sound_system_that_is_away_is_tried_again_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Sound()
    desk = portaudio.Device(0, "desk", "ALSA", 1, 1, 48_000)
    monkeypatch.setattr(portaudio, "load", lambda: sound)
    monkeypatch.setattr(keeper, "choose", lambda *_: desk)
    monkeypatch.setattr(keeper, "_probe", lambda line: True)
    monkeypatch.setattr(keeper.Line, "works", lambda line: sound.runs and line.stream is not None)
    monkeypatch.setattr(keeper, "Stream", lambda *_: Opened() if sound.restarted else refused())
    line = keeper.Line("speaker", "", 16_000, lambda *_: None, lambda event: None)
    keeps = keeper.DeviceKeeper()
    sound.away = True
    assert not keeps._revive(line, lambda: 0.0)
    assert not keeps._revive(line, lambda: 0.0), "PortAudio stands still between the tries"
    sound.away = False
    assert keeps._revive(line, lambda: 0.0)
    asyncio.run(keeps.close())


def test_events_read_as_sentences() -> None:
    assert str(DeviceLost("microphone", "desk")) == "the microphone was disconnected (desk); waiting for it"
    assert str(DeviceBack("speaker", "desk")) == "the speaker is back (desk)"
