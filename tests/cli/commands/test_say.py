"""`voice say`: what is said, whole, however long it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner

from voice.audio.devices import SilentSink
from voice.audio.playout import Playout, PlayoutDrained, PlayoutEvent
from voice.cli import main
from voice.cli.commands.say import play
from voice.clock import VirtualLoop
from voice.text.clauses import spoken_clauses
from voice.tts.tone import ToneSynthesizer


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("It costs $10-20, Mr. Smith. See p. 5.", "It costs ten to twenty dollars,\nMister Smith.\nSee page five.\n"),
        ("现在13:05，要3-5天。", "现在十三点零五分，\n要三到五天。\n"),
    ],
)
def test_what_will_be_spoken_is_shown(text: str, lines: str) -> None:
    shown = CliRunner().invoke(main, ["say", "--show", text])
    assert (shown.output, shown.exit_code) == (lines, 0)


def test_showing_and_writing_exclude_each_other(tmp_path: Path) -> None:
    wrong = CliRunner().invoke(main, ["say", "--show", "-o", str(tmp_path / "a.wav"), "hello"])
    assert wrong.exit_code == 2 and "--show" in wrong.stderr
    assert not (tmp_path / "a.wav").exists()


def test_a_text_of_many_minutes_is_said_to_its_end() -> None:
    words = 7 * 300

    async def speak() -> None:
        over = asyncio.Event()

        def played(event: PlayoutEvent) -> None:
            if isinstance(event, PlayoutDrained):
                over.set()

        engine = ToneSynthesizer()
        playout = Playout(engine.rate, played)
        sink = SilentSink(playout)
        await sink.start()
        await play(engine, spoken_clauses("one two three four five six seven. " * 300), playout)
        await over.wait()
        assert playout.refused == 0
        assert playout.played == words * round(0.16 * engine.rate)
        await sink.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(asyncio.wait_for(speak(), 2000.0))


@pytest.mark.parametrize("name", ["a.mp3", "A.MP3", "a.ogg", "a.opus", "a.flac", "a.aac", "a.wav"])
def test_a_file_has_the_format_of_its_ending(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["say", "--tts", "tone", "-o", str(tmp_path / name), "one two three four"])
    assert done.exit_code == 0, done.stderr
    with av.open(str(tmp_path / name)) as file:
        kind = file.format.name
        samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in file.decode(audio=0)])
        rate = file.streams.audio[0].rate
    assert Path(name).suffix.lower()[1:].replace("opus", "ogg") in kind
    assert len(samples) / rate == pytest.approx(4 * 0.16, abs=0.3)


@pytest.mark.parametrize("name", ["a.xyz", "a.txt", "a.m4a"])
def test_another_ending_is_refused(name: str, tmp_path: Path) -> None:
    wrong = CliRunner().invoke(main, ["say", "--tts", "tone", "-o", str(tmp_path / name), "hello"])
    assert wrong.exit_code == 2
    assert ".mp3" in wrong.stderr
    assert not (tmp_path / name).exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    wrong = CliRunner().invoke(main, ["say", "--tts", "tone", "-o", str(tmp_path / "none" / "a.mp3"), "hello"])
    assert wrong.exit_code == 66
    assert len(wrong.stderr.splitlines()) == 1
