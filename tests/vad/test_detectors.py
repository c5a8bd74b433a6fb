"""Every detector: silence is not speech, people are, and the measured hangover is the stated one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from tests.support.energy_vad import EnergyDetector
from tests.support.recordings import recordings
from voice.audio.frames import RATE, Pcm, level_dbfs, silence
from voice.audio.wav import read_wav
from voice.errors import MissingError
from voice.vad import silero
from voice.vad.interface import Detector
from voice.vad.silero import SileroDetector
from voice.vad.two_stage import TwoStageDetector
from voice.vad.webrtc import WebrtcDetector

MAKERS: dict[str, Callable[[], Detector]] = {
    "energy": EnergyDetector,
    "silero": SileroDetector,
    "both": lambda: TwoStageDetector(WebrtcDetector(1), SileroDetector()),
    **{f"webrtc {mode}": partial(WebrtcDetector, mode) for mode in range(4)},
}


def probabilities(detector: Detector, pcm: Pcm, frame_ms: int = 20) -> list[float]:
    size = RATE * frame_ms // 1000
    return [detector.probability(pcm[start : start + size]) for start in range(0, len(pcm) - size + 1, size)]


def in_a_room(pcm: Pcm, lead_s: float = 0.3, after_s: float = 1.0) -> Pcm:
    """The clip with a noise floor of −65 dBFS under it, before it and after it."""
    clip = np.concatenate((silence(lead_s), pcm, silence(after_s)))
    floor = np.random.default_rng(5).normal(0, 32768 * 10 ** (-65 / 20), len(clip))
    return np.clip(np.rint(clip + floor), -32768, 32767).astype(np.int16)


def cut_at_last_loud(pcm: Pcm) -> Pcm:
    """The clip up to the last 10 ms within 18 dB of its loudest: an end of speech a person would name."""
    levels = [level_dbfs(pcm[start : start + 160]) for start in range(0, len(pcm) - 159, 160)]
    last = max(index for index, level in enumerate(levels) if level > max(levels) - 18)
    return pcm[: (last + 1) * 160]


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("frame_ms", [10, 20, 30])
def test_silence_is_not_speech(name: str, frame_ms: int) -> None:
    detector = MAKERS[name]()
    assert max(probabilities(detector, silence(1.0), frame_ms)) < 0.5
    settled = probabilities(detector, in_a_room(silence(0.0), after_s=2.0), frame_ms)[-20:]
    assert max(settled) < 0.5


@pytest.mark.parametrize("name", MAKERS)
def test_people_are_heard(name: str) -> None:
    for path, _ in recordings():
        speech = np.array(probabilities(MAKERS[name](), in_a_room(cut_at_last_loud(read_wav(path)))))
        assert (speech[15:-50] >= 0.5).mean() > 0.5, path.name
        assert (speech[-20:] < 0.5).all(), path.name


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "energy"])
def test_the_hangover_is_the_stated_one(name: str) -> None:
    measured = []
    for path, _ in recordings():
        clip = cut_at_last_loud(read_wav(path))
        voiced = [p >= 0.5 for p in probabilities(MAKERS[name](), in_a_room(clip))]
        last = max(index for index, yes in enumerate(voiced) if yes)
        measured.append((last + 1) * 0.02 - 0.3 - len(clip) / RATE)
    median = float(np.median(measured))
    print(f"{name}: hangover {median * 1000:.0f} ms over {len(measured)} clips")
    assert abs(median - MAKERS[name]().hangover_s) < 0.06


@pytest.mark.parametrize("name", MAKERS)
def test_reset_forgets(name: str) -> None:
    noise = np.random.default_rng(3).integers(-9000, 9000, RATE).astype(np.int16)
    used, fresh = MAKERS[name](), MAKERS[name]()
    probabilities(used, noise[:7777])
    used.reset()
    assert probabilities(used, noise) == probabilities(fresh, noise)


def test_silero_in_frames_equals_the_whole_clip_at_once() -> None:
    from faster_whisper.vad import SileroVADModel

    noise = np.random.default_rng(4).integers(-9000, 9000, 512 * 20).astype(np.int16)
    whole = SileroVADModel(str(silero.model_path()))(noise.astype(np.float32) / 32768).reshape(-1)
    framed = probabilities(SileroDetector(), noise, 32)
    assert framed[:-1] == pytest.approx(whole[:-1].tolist(), abs=1e-5)  # it blanks the end of the last window


def test_silero_without_its_file_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silero, "find_spec", lambda name: None)
    with pytest.raises(MissingError, match=r"faster-whisper's assets; install faster-whisper, or set vad\.engine"):
        SileroDetector()
