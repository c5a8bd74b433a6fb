"""A recording in place of a microphone, and what is played written into a WAV file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from tests.support.patience import PATIENCE_S
from voice.audio.frames import RATE, Frame, Pcm
from voice.audio.playout import Playout, PlayoutAudible, PlayoutDrained, PlayoutEvent
from voice.audio.wav import FileSource, WavSink, read_wav, write_wav
from voice.clock import run_virtual
from voice.errors import MissingError


def heard(source: FileSource) -> list[Frame]:
    async def listen() -> list[Frame]:
        return [frame async for frame in source.frames()]

    return run_virtual(listen())


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    clip = np.random.default_rng(2).integers(-32768, 32767, 5000).astype(np.int16)
    write_wav(tmp_path / "clip.wav", clip)
    assert (read_wav(tmp_path / "clip.wav") == clip).all()


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="No such file"):
        FileSource(tmp_path / "nowhere.wav")
    with pytest.raises(MissingError, match="Is a directory"):
        FileSource(tmp_path)


def test_a_truncated_recording_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    write_wav(path, np.ones(RATE // 2, dtype=np.int16))
    path.write_bytes(path.read_bytes()[: RATE // 2 + 23])
    notes: list[tuple[str, str]] = []
    frames = heard(FileSource(path, notify=lambda *note: notes.append(note)))
    assert 0.2 < sum(frame.duration_s for frame in frames) < 0.3
    assert notes == [(f"{path}: the recording is truncated; using what is there", "warning")]


def test_frames_are_whole_and_come_when_they_are_due(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    write_wav(path, np.ones(RATE // 20 + 7, dtype=np.int16))

    async def listen() -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        frames = []
        async for frame in FileSource(path, frame_ms=10).frames():
            assert loop.time() == pytest.approx(frame.at)
            frames.append(frame)
        assert [len(frame.pcm) for frame in frames] == [160] * 6
        assert [frame.at - frames[0].at for frame in frames] == pytest.approx([k / 100 for k in range(6)])
        assert frames[0].at == pytest.approx(start + 0.01)
        assert frames[-1].pcm.sum() == 7

    run_virtual(listen())


def play(path: Path, reply: Pcm, notes: list[tuple[str, str]]) -> tuple[list[PlayoutEvent], MissingError | None]:
    """Play a reply into a file until it is drained; the events, and what closing raised."""
    events: list[PlayoutEvent] = []

    async def run() -> MissingError | None:
        drained = asyncio.Event()

        def notify(event: PlayoutEvent) -> None:
            events.append(event)
            if isinstance(event, PlayoutDrained):
                drained.set()

        playout = Playout(RATE, notify)
        sink = WavSink(path, playout, lambda *note: notes.append(note))
        await sink.start()
        playout.begin(1)
        playout.push(reply)
        playout.finish()
        async with asyncio.timeout(PATIENCE_S):
            await drained.wait()
        try:
            await sink.close()
        except MissingError as error:
            return error
        return None

    failure = run_virtual(run())
    return events, failure


def test_a_reply_is_recorded(tmp_path: Path) -> None:
    notes: list[tuple[str, str]] = []
    reply = np.arange(1, 801, dtype=np.int16)
    events, failure = play(tmp_path / "out.wav", reply, notes)
    recorded = read_wav(tmp_path / "out.wav")
    assert recorded[recorded != 0].tolist() == reply.tolist()
    assert [type(event) for event in events] == [PlayoutAudible, PlayoutDrained]
    assert events[1].at - events[0].at == pytest.approx(0.05)
    assert failure is None
    assert notes == []


def test_a_cancelled_sink_leaves_a_sound_file(tmp_path: Path) -> None:
    async def run() -> None:
        sink = WavSink(tmp_path / "out.wav", Playout(RATE, lambda event: None))
        await sink.start()
        await asyncio.sleep(0.05)
        assert sink._task is not None
        sink._task.cancel()
        await asyncio.wait({sink._task})
        assert len(read_wav(tmp_path / "out.wav")) >= 640
        await sink.close()

    run_virtual(run())


def test_a_full_disk_is_told_once_and_playing_goes_on(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here to stand for a full disk")
    notes: list[tuple[str, str]] = []
    events, failure = play(Path("/dev/full"), np.ones(9000, dtype=np.int16), notes)
    assert [type(event) for event in events] == [PlayoutAudible, PlayoutDrained]
    assert (
        str(failure)
        == "/dev/full: cannot be written: No space left on device; expected a writable file with free space"
    )
    assert notes == [(str(failure), "error")]


def test_an_output_that_cannot_be_made_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="cannot be written: No such file or directory"):
        WavSink(tmp_path / "no" / "folder.wav", Playout(RATE, lambda event: None))
