"""WAV files in and out: every kind that is met in the wild, and every way in which a file can be bad (fault 16)."""

from __future__ import annotations

import asyncio
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from voice.audio.frames import RATE, Frame, Pcm
from voice.audio.playout import Playout, PlayoutAudible, PlayoutDrained, PlayoutEvent
from voice.audio.wav import WavReader, WavSink, WavSource, read_wav, write_wav
from voice.clock import run_virtual
from voice.conversation.observer import Note, Notice
from voice.errors import MissingError

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def wav(data: bytes, rate: int, channels: int, tag: int, bits: int, extensible: bool = False) -> bytes:
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", EXTENSIBLE if extensible else tag, channels, rate, rate * block, block, bits)
    if extensible:
        fmt += struct.pack("<HHIH", 22, bits, 0, tag) + b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    return (
        b"RIFF" + struct.pack("<I", 0) + b"WAVE" + chunk(b"LIST", b"odd") + chunk(b"fmt ", fmt) + chunk(b"data", data)
    )


def encode(samples: NDArray[np.float64], tag: int, bits: int) -> bytes:
    if tag == FLOAT:
        return samples.astype(f"<f{bits // 8}").tobytes()
    scaled = np.clip(np.rint(samples * 2.0 ** (bits - 1)), -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1).astype("<i8")
    if bits == 8:
        return (scaled + 128).astype(np.uint8).tobytes()
    return scaled.view(np.uint8).reshape(-1, 8)[:, : bits // 8].tobytes()


def sine(rate: int, duration_s: float = 0.5, channels: int = 1) -> NDArray[np.float64]:
    one = 0.25 * np.sin(2 * np.pi * 440 * np.arange(round(rate * duration_s)) / rate)
    return np.repeat(one, channels)


def heard(source: WavSource) -> list[Frame]:
    async def listen() -> list[Frame]:
        return [frame async for frame in source.frames()]

    return run_virtual(listen())


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(("tag", "bits"), [(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)])
def test_every_encoding_is_read(tmp_path: Path, tag: int, bits: int, extensible: bool) -> None:
    path = tmp_path / "in.wav"
    path.write_bytes(wav(encode(sine(RATE), tag, bits), RATE, 1, tag, bits, extensible))
    wanted = np.rint(sine(RATE) * 32768)
    assert np.abs(read_wav(path) - wanted).max() <= (129 if bits == 8 else 1)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_every_rate_and_channel_count_is_read(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "in.wav"
    path.write_bytes(wav(encode(sine(rate, channels=channels), PCM, 16), rate, channels, PCM, 16))
    pcm = read_wav(path)
    assert abs(len(pcm) - RATE // 2) <= 1
    wanted = np.rint(sine(RATE) * 32768)[400:-400]
    assert np.abs(pcm[400 : 400 + len(wanted)] - wanted).max() < 40


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    clip = np.random.default_rng(2).integers(-32768, 32767, 5000).astype(np.int16)
    write_wav(tmp_path / "clip.wav", clip)
    assert (read_wav(tmp_path / "clip.wav") == clip).all()


GOOD = wav(encode(sine(RATE), PCM, 16), RATE, 1, PCM, 16)
BAD = {
    "empty": (b"", "the file is empty"),
    "not a WAV": (b"\x7fELF and so on, long enough", "not a WAV file"),
    "text": (b"hello", "not a WAV file"),
    "header only": (GOOD[:30], "the WAV file holds no audio"),
    "no samples": (wav(b"", RATE, 1, PCM, 16), "the WAV file holds no audio"),
    "half a sample": (wav(b"\0", RATE, 1, PCM, 16), "the WAV file holds no audio"),
    "mu-law": (wav(b"\0" * 80, 8000, 1, 7, 8), "WAV encoding 7 with 8 bits is not read"),
    "rate": (wav(b"\0" * 80, 1, 1, PCM, 16), "a sample rate of 1 Hz is out of range"),
    "channels": (wav(b"\0" * 80, RATE, 0, PCM, 16), "0 channels in blocks of 0 bytes make no sense"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_one_line_before_anything_runs(tmp_path: Path, kind: str) -> None:
    content, what = BAD[kind]
    path = tmp_path / "in.wav"
    path.write_bytes(content)
    with pytest.raises(MissingError) as refusal:
        WavSource(path)
    assert refusal.value.exit_code == 66
    line = str(refusal.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: {what}; expected a WAV file of")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="No such file"):
        WavSource(tmp_path / "nowhere.wav")
    with pytest.raises(MissingError, match="Is a directory"):
        WavSource(tmp_path)


def test_a_truncated_recording_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    path.write_bytes(GOOD[: len(GOOD) // 2 + 1])
    notes: list[Note] = []
    frames = heard(WavSource(path, notify=notes.append))
    assert 0.2 < sum(frame.duration_s for frame in frames) < 0.3
    assert notes == [Notice(f"{path}: the recording is cut off; used as far as it goes", "warning")]


def test_a_streamed_file_of_unknown_length_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    at = GOOD.index(b"data")
    path.write_bytes(GOOD[: at + 4] + b"\xff\xff\xff\xff" + GOOD[at + 8 :])
    notes: list[Note] = []
    assert sum(frame.duration_s for frame in heard(WavSource(path, notify=notes.append))) == pytest.approx(0.5)
    assert notes == []


@given(st.data())
def test_a_damaged_header_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    damaged = bytearray(GOOD[:200])
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, 70))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.wav"
    path.write_bytes(damaged[: data.draw(st.integers(0, 200))])
    try:
        with WavReader(path) as reader:
            reader.read(RATE)
    except MissingError as refusal:
        assert "\n" not in str(refusal)


def test_frames_are_whole_and_come_when_they_are_due(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    write_wav(path, np.ones(RATE // 20 + 7, dtype=np.int16))

    async def listen() -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        frames = []
        async for frame in WavSource(path, frame_ms=10).frames():
            assert loop.time() == pytest.approx(frame.at)
            frames.append(frame)
        assert [len(frame.pcm) for frame in frames] == [160] * 6
        assert [frame.at - frames[0].at for frame in frames] == pytest.approx([k / 100 for k in range(6)])
        assert frames[0].at == pytest.approx(start + 0.01)
        assert frames[-1].pcm.sum() == 7

    run_virtual(listen())


def test_two_hours_of_silence_take_no_more_memory_than_two_seconds(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    body = 2 * 3600 * RATE * 2
    head = wav(b"", RATE, 1, PCM, 16)[:-4] + struct.pack("<I", body)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + body)
    source = WavSource(path, frame_ms=20)
    tracemalloc.start()
    try:
        frames = sum(1 for _ in source._cut(320))
        asyncio.run(source.close())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert frames == 2 * 3600 * 50
    assert peak < 2_000_000


def play(path: Path, reply: Pcm, notes: list[Note]) -> tuple[list[PlayoutEvent], MissingError | None]:
    """Play a reply into a file until it is drained; the events, and what closing raised."""
    events: list[PlayoutEvent] = []

    async def run() -> MissingError | None:
        drained = asyncio.Event()

        def notify(event: PlayoutEvent) -> None:
            events.append(event)
            if isinstance(event, PlayoutDrained):
                drained.set()

        playout = Playout(RATE, notify)
        sink = WavSink(path, playout, notes.append)
        await sink.start()
        playout.begin(1)
        playout.push(reply)
        playout.finish()
        async with asyncio.timeout(10):
            await drained.wait()
        try:
            await sink.close()
        except MissingError as error:
            return error
        return None

    failure = run_virtual(run())
    return events, failure


def test_a_reply_is_recorded(tmp_path: Path) -> None:
    notes: list[Note] = []
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
    notes: list[Note] = []
    events, failure = play(Path("/dev/full"), np.ones(9000, dtype=np.int16), notes)
    assert [type(event) for event in events] == [PlayoutAudible, PlayoutDrained]
    assert str(failure) == "/dev/full: cannot be written: No space left on device; expected room for a WAV file"
    assert notes == [Notice(str(failure), "error")]


def test_an_output_that_cannot_be_made_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="cannot be written: No such file or directory"):
        WavSink(tmp_path / "no" / "folder.wav", Playout(RATE, lambda event: None))
