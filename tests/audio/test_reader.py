"""Recordings of every kind are read, and every way in which a file can be bad is one line (fault 16)."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.audio_files import KINDS, encode
from voice.audio.frames import RATE, Pcm
from voice.audio.reader import AudioReader, Mixer
from voice.audio.wav import read_wav, write_wav
from voice.errors import MissingError

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech" / "times.wav"

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def wav(data: bytes, rate: int, channels: int, tag: int, bits: int, extensible: bool = False) -> bytes:
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", EXTENSIBLE if extensible else tag, channels, rate, rate * block, block, bits)
    if extensible:
        fmt += struct.pack("<HHIH", 22, bits, 0, tag) + b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    return (
        b"RIFF" + struct.pack("<I", 0) + b"WAVE" + chunk(b"junk", b"odd") + chunk(b"fmt ", fmt) + chunk(b"data", data)
    )


def coded(samples: NDArray[np.float64], tag: int, bits: int) -> bytes:
    if tag == FLOAT:
        return samples.astype(f"<f{bits // 8}").tobytes()
    scaled = np.clip(np.rint(samples * 2.0 ** (bits - 1)), -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1).astype("<i8")
    if bits == 8:
        return (scaled + 128).astype(np.uint8).tobytes()
    return scaled.view(np.uint8).reshape(-1, 8)[:, : bits // 8].tobytes()


def sine(rate: int, duration_s: float = 0.5, channels: int = 1) -> NDArray[np.float64]:
    one = 0.25 * np.sin(2 * np.pi * 440 * np.arange(round(rate * duration_s)) / rate)
    return np.repeat(one, channels)


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(("tag", "bits"), [(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)])
def test_every_encoding_is_read(tmp_path: Path, tag: int, bits: int, extensible: bool) -> None:
    path = tmp_path / "in.wav"
    path.write_bytes(wav(coded(sine(RATE), tag, bits), RATE, 1, tag, bits, extensible))
    wanted = np.rint(sine(RATE) * 32768)
    assert np.abs(read_wav(path) - wanted).max() <= (129 if bits == 8 else 1)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_every_rate_and_channel_count_is_read(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "in.wav"
    path.write_bytes(wav(coded(sine(rate, channels=channels), PCM, 16), rate, channels, PCM, 16))
    pcm = read_wav(path)
    assert abs(len(pcm) - RATE // 2) <= 1
    wanted = np.rint(sine(RATE) * 32768)[400:-400]
    assert np.abs(pcm[400 : 400 + len(wanted)] - wanted).max() < 40


def alike(heard: Pcm, said: Pcm) -> float:
    """The best correlation of two clips that may be shifted by the delay of a codec."""
    size = 1 << (len(heard) + len(said)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size))
    return float(
        np.fft.irfft(spectrum, size).max() / np.sqrt((heard.astype(float) ** 2).sum() * (said.astype(float) ** 2).sum())
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read(tmp_path: Path, kind: str) -> None:
    speech = read_wav(SPEECH)
    path = encode(tmp_path / f"speech.{kind}", speech, RATE)
    with AudioReader(path) as reader:
        heard = np.concatenate(list(reader.blocks()))
        assert not reader.truncated
    assert abs(len(heard) - len(speech)) < 0.06 * RATE
    assert alike(heard, speech) > 0.9


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "aiff"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_part_of_a_file_is_refused_or_said_to_be_cut_off(tmp_path: Path, kind: str, share: float) -> None:
    speech = np.concatenate([read_wav(SPEECH)] * 3)
    whole = encode(tmp_path / f"whole.{kind}", speech, RATE).read_bytes()
    path = tmp_path / f"part.{kind}"
    path.write_bytes(whole[: round(len(whole) * share)])
    try:
        with AudioReader(path) as reader:
            heard = np.concatenate(list(reader.blocks()))
            assert reader.truncated
        assert 0 < len(heard) < 0.97 * len(speech)
    except MissingError as refusal:
        assert "the file is damaged or cut off" in str(refusal)


def test_part_of_a_movie_whose_index_comes_first_is_cut_off(tmp_path: Path) -> None:
    speech = np.concatenate([read_wav(SPEECH)] * 3)
    whole = encode(tmp_path / "whole.mp4", speech, RATE, options={"movflags": "faststart"}).read_bytes()
    (tmp_path / "part.mp4").write_bytes(whole[: len(whole) // 2])
    with AudioReader(tmp_path / "part.mp4") as reader:
        assert sum(map(len, reader.blocks())) < 0.6 * len(speech)
        assert reader.truncated


@pytest.mark.parametrize("at", [0.5, 0.99])
def test_part_of_a_wav_file_is_read_as_far_as_it_goes(tmp_path: Path, at: float) -> None:
    whole = SPEECH.read_bytes()
    (tmp_path / "part.wav").write_bytes(whole[: round(at * len(whole)) | 1])
    with AudioReader(tmp_path / "part.wav") as reader:
        heard = sum(map(len, reader.blocks()))
        assert reader.truncated
    assert heard == pytest.approx(at * len(read_wav(SPEECH)), abs=100)


def test_a_streamed_file_of_unknown_length_is_read_to_its_end(tmp_path: Path) -> None:
    at = GOOD.index(b"data")
    for length in (b"\xff\xff\xff\xff", b"\0\0\0\0"):
        path = tmp_path / "in.wav"
        path.write_bytes(GOOD[: at + 4] + length + GOOD[at + 8 :])
        with AudioReader(path) as reader:
            assert sum(map(len, reader.blocks())) == RATE // 2
            assert not reader.truncated


@pytest.mark.parametrize("kind", ["mp3", "m4a", "webm"])
def test_a_pipe_is_read(tmp_path: Path, kind: str) -> None:
    path = encode(tmp_path / f"speech.{kind}", read_wav(SPEECH), RATE)
    code = "from voice.audio.wav import read_wav; print(len(read_wav('-')))"
    done = subprocess.run([sys.executable, "-c", code], input=path.read_bytes(), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(read_wav(path))


def test_a_picture_beside_the_sound_changes_nothing_but_when_it_begins(tmp_path: Path) -> None:
    import av

    speech, late_s = read_wav(SPEECH), 1.5
    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        film = container.add_stream("mpeg4", rate=10)
        film.width, film.height = 64, 48
        sound = container.add_stream("aac", rate=RATE, layout="mono")
        for _ in range(30):
            container.mux(film.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(film.encode(None))
        for at in range(0, len(speech) - 1024, 1024):
            frame = av.AudioFrame.from_ndarray(speech[None, at : at + 1024], format="s16p", layout="mono")
            frame.sample_rate, frame.pts = RATE, at + round(late_s * RATE)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    with AudioReader(tmp_path / "film.mp4") as reader:
        assert reader.offset_s == pytest.approx(late_s, abs=0.15)
        heard = np.concatenate(list(reader.blocks()))
        assert not reader.truncated
    assert alike(heard, speech) > 0.9


@pytest.mark.parametrize("kind", ["flac", "m4a"])
def test_stereo_with_an_inverted_channel_keeps_its_words(tmp_path: Path, kind: str) -> None:
    speech = read_wav(SPEECH)
    path = encode(tmp_path / f"inverted.{kind}", np.stack([speech, -speech // 2]), RATE, layout="stereo")
    heard = read_wav(path)
    assert alike(heard, speech) > 0.95
    assert heard.std() > 0.5 * speech.std()


def test_other_stereo_is_mixed_by_its_mean() -> None:
    random = np.random.default_rng(5)
    left, right = random.uniform(-0.5, 0.5, (2, 4000)).astype(np.float32)
    assert Mixer().mix(np.stack([left, right])) == pytest.approx((left + right) / 2)
    assert Mixer().mix(np.stack([left, left])) == pytest.approx(left)


def test_a_quiet_moment_does_not_turn_an_inverted_channel_round() -> None:
    left = np.random.default_rng(6).uniform(-0.5, 0.5, 4000).astype(np.float32)
    mixer = Mixer()
    mixer.mix(np.stack([left, -left]))
    assert not mixer.mix(np.zeros((2, 4000), np.float32)).any()
    assert mixer.mix(np.stack([left, -left])) == pytest.approx(left)


def test_samples_that_are_no_numbers_are_silence() -> None:
    samples = np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32)
    assert Mixer().mix(samples).tolist() == [0.0, 1.0, -1.0, 0.5]


GOOD = wav(coded(sine(RATE), PCM, 16), RATE, 1, PCM, 16)
BAD = {
    "empty": (b"", "the file is empty"),
    "not a recording": (b"\x7fELF and so on, long enough", "not a recording"),
    "text": (b"hello", "not a recording"),
    "a playlist": (b"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1/a.ts\n", "not a recording"),
    "a list of files": (b"ffconcat version 1.0\nfile /etc/hostname\n", "not a recording"),
    "header only": (GOOD[:30], "the file is damaged or cut off"),
    "no samples": (wav(b"", RATE, 1, PCM, 16), "the recording contains no audio"),
    "rate": (wav(b"\0" * 80, 1, 1, PCM, 16), "a sample rate of 1 Hz is out of range"),
    "too fast": (wav(b"\0" * 80, 384_000, 1, PCM, 16), "a sample rate of 384000 Hz is out of range"),
    "channels": (wav(b"\0" * 80, RATE, 0, PCM, 16), "the file is damaged or cut off"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_one_line_before_anything_runs(tmp_path: Path, kind: str) -> None:
    content, what = BAD[kind]
    path = tmp_path / "in.wav"
    path.write_bytes(content)
    with pytest.raises(MissingError) as refusal:
        AudioReader(path)
    assert refusal.value.exit_code == 66
    line = str(refusal.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: {what}; expected a recording")


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        film = container.add_stream("mpeg4", rate=10)
        film.width, film.height = 64, 48
        container.mux(film.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(film.encode(None))
    with pytest.raises(MissingError, match="no audio in it can be decoded"):
        AudioReader(tmp_path / "mute.mp4")


def _damaged(make: Callable[[Path], bytes]) -> Callable[[pytest.TempPathFactory, st.DataObject], None]:
    def check(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
        folder = tmp_path_factory.getbasetemp()
        whole = bytearray(make(folder))
        for _ in range(data.draw(st.integers(1, 6))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        path = folder / "damaged"
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
        try:
            with AudioReader(path) as reader:
                assert sum(map(len, reader.blocks())) < 60 * RATE
        except MissingError as refusal:
            assert "\n" not in str(refusal)

    return check


@given(st.data())
def test_a_damaged_wav_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    _damaged(lambda folder: GOOD[:2000])(tmp_path_factory, data)


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "m4a"])
@given(data=st.data())
def test_a_damaged_recording_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    def make(folder: Path) -> bytes:
        path = folder / f"to-damage.{kind}"
        if not path.exists():
            encode(path, read_wav(SPEECH)[:RATE], RATE)
        return path.read_bytes()

    _damaged(make)(tmp_path_factory, data)


def test_two_hours_of_silence_take_no_more_memory_than_two_seconds(tmp_path: Path) -> None:
    def peak_mb(seconds: int) -> tuple[int, float]:
        path = tmp_path / f"{seconds}.wav"
        write_wav(path, np.zeros(0, np.int16))
        head = path.read_bytes()
        with path.open("wb") as file:
            file.write(head[:-4] + struct.pack("<I", seconds * RATE * 2))
            file.truncate(len(head) + seconds * RATE * 2)
        code = (
            "import resource, sys; from voice.audio.reader import AudioReader\n"
            "samples = sum(map(len, AudioReader(sys.argv[1]).blocks()))\n"
            "print(samples, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, timeout=120, check=True
        )
        samples, kib = map(int, done.stdout.split())
        return samples, kib / 1024

    short, long = peak_mb(2), peak_mb(7200)
    assert (short[0], long[0]) == (2 * RATE, 7200 * RATE)
    assert long[1] < short[1] + 8
