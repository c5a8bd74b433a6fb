"""The board as its kernel tells of it, in a made-up /proc and /sys."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice.system.raspberry_pi import CARDS, MODEL, TEMPERATURE, THROTTLED, board, sound_route


def told(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def test_a_pi_tells_its_model_heat_and_power(tmp_path: Path) -> None:
    files = {MODEL: "Raspberry Pi 4 Model B Rev 1.5\0", TEMPERATURE: "54321\n", THROTTLED: "50005\n"}
    found = board(told(tmp_path, files))
    assert found is not None
    assert (found.model, found.celsius) == ("Raspberry Pi 4 Model B Rev 1.5", 54.321)
    assert found.troubles == [
        "under-voltage",
        "throttled",
        "under-voltage since the last start",
        "throttled since the last start",
    ]
    assert "power supply" in found.remedy


@pytest.mark.parametrize(("bits", "remedy"), [("0", ""), ("80008", "add a fan"), ("not hex", ""), ("20000", "")])
def test_heat_alone_wants_air_and_nothing_wants_nothing(tmp_path: Path, bits: str, remedy: str) -> None:
    found = board(told(tmp_path, {MODEL: "Raspberry Pi 5", THROTTLED: bits}))
    assert found is not None
    assert found.celsius is None
    assert found.remedy.startswith(remedy)
    assert bool(found.remedy) == bool(remedy)


def test_a_pc_is_no_board(tmp_path: Path) -> None:
    assert board(tmp_path) is None


def test_sound_without_a_server_is_the_kernels_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no pactl
    cards = " 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones\n" + " " * 22 + "bcm2835 Headphones\n"
    assert sound_route(tmp_path) == ""
    assert sound_route(told(tmp_path, {CARDS: cards})) == "ALSA: bcm2835_headpho - bcm2835 Headphones"


def test_a_sound_server_tells_its_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pactl = tmp_path / "pactl"
    said = "Server Name: PulseAudio (on PipeWire 1.2.7)\\nDefault Sink: jabra\\nDefault Source: echo-cancel"
    pactl.write_text(f'#!/bin/sh\nprintf "{said}\\n"\n')
    pactl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert sound_route(tmp_path) == "PipeWire: from echo-cancel to jabra"
