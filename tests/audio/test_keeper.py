"""What the keeper of devices asks for and says, without a device; with real ones see test_device.py."""

from __future__ import annotations

import asyncio

import pytest

from voice.audio import keeper, portaudio
from voice.audio.keeper import DeviceBack, DeviceLost
from voice.errors import MissingError


def test_portaudio_is_asked_for_only_with_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise MissingError("PortAudio is not installed")

    for module in (keeper, portaudio):
        monkeypatch.setattr(module, "load", absent)
    asyncio.run(keeper.DeviceKeeper().close())
    with pytest.raises(MissingError, match="PortAudio is not installed"):
        keeper.Line("speaker", "", 16_000, lambda *_: None, lambda event: None)


def test_events_read_as_sentences() -> None:
    assert str(DeviceLost("microphone", "desk")) == "the microphone is gone (desk); waiting for it"
    assert str(DeviceBack("speaker", "desk")) == "the speaker is back (desk)"
