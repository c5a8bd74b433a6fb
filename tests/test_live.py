"""`voice talk` with a microphone and a speaker: spoken to, answering aloud, unplugged in mid-turn, left by Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pytest

from benchmarks.audio_house import serve_house
from tests.support.patience import PATIENCE_S
from tests.support.pulse import Pulse, missing
from tests.support.readback import read_back
from tests.support.real_models import heard, joe, whisper_folder
from voice.asr.word_error_rate import word_error_rate
from voice.audio.frames import Pcm
from voice.audio.wav import read_wav

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

SPEECH = Path(__file__).parent / "fixtures" / "speech"
EMBEDDED = ("--asr", "pocketsphinx", "--tts", "espeak")
TRIES = 3
PRIVATE = ("private", "does the product keep my voice private")
"""A clip that is understood wherever in its sound a recognizer's frames begin, and what it says."""
ANSWER = (
    "Your voice stays on this machine. Sound is not stored, and words leave it only if you connect a model elsewhere."
)
UNKNOWN = "I don't know that. Connect a model with --llm to ask me anything."


class Talk:
    """A running `voice talk` and the lines it has printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._queue: Queue[str] = Queue()
        assert process.stdout is not None
        self._reader = Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stdout: Iterator[str]) -> None:
        for line in stdout:
            self._queue.put(line.rstrip())

    def join(self) -> None:
        """Wait until the program's output has ended."""
        self._reader.join(PATIENCE_S)

    def until_all(self, part: str) -> None:
        """A line that contains `part`, given in lower case, among those read so far or to come."""
        if not any(part in line.lower() for line in self.lines):
            self.until(part)

    def until(self, *parts: str) -> str:
        """The next line that contains one of the parts, given in lower case."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"none of {parts} within {PATIENCE_S:g} s in {self.lines}") from None
            self.lines.append(line)
            if any(part in line.lower() for part in parts):
                return line


@contextmanager
def talking(pulse: Pulse, tmp_path: Path, *flags: str) -> Iterator[Talk]:
    env = {**pulse.env, "XDG_DATA_HOME": str(tmp_path), "COLUMNS": "120"}
    process = subprocess.Popen(
        [sys.executable, "-m", "voice", "talk", *flags],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    with process:
        talk = Talk(process)
        try:
            talk.until("ready")
            yield talk
        finally:
            process.kill()
            talk.join()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags of the published ears and voice; the voice is cut once for all."""
    voice = joe(tmp_path_factory.mktemp("joe"))
    hears = ("--asr", "whisper", "--set", f"asr.model={whisper_folder()}", "--set", "asr.language=en")
    return (*hears, "--tts", "piper", "--set", f"tts.voice={voice}")


@pytest.fixture
def pulse() -> Iterator[Pulse]:
    with Pulse() as servers:
        yield servers


def say(pulse: Pulse, talk: Talk, clip: str) -> str:
    """Say a clip into the microphone; returns what is shown for it, nothing where the recognizer was too slow."""
    assert pulse.play(read_wav(SPEECH / f"{clip}.wav")).wait(timeout=PATIENCE_S) == 0
    line = talk.until("you:   ", "recognizer did not answer")
    if line.startswith("you:"):
        return line.removeprefix("you:   ")
    talk.until(" ms (")
    return ""


def ask(pulse: Pulse, talk: Talk, clip: str, words: str) -> None:
    """Say a clip; it must be heard, though a busy machine's sound server may garble words: then it is said again."""
    shown = ""
    for _ in range(TRIES):
        shown = say(pulse, talk, clip)
        if shown and word_error_rate([(words, shown)]) <= 0.5:
            return
        if shown:
            talk.until(" ms (")
    raise AssertionError(f"not heard in {TRIES} tries, at last as {shown!r}")


def answered(pulse: Pulse, talk: Talk) -> bool:
    """Ask what has one answer; False where a busy machine garbled a word or was late, whatever was answered then."""
    clip, words = PRIVATE
    if not (shown := say(pulse, talk, clip)):
        return False
    reply = talk.until("voice: ")
    talk.until(" ms (")
    if reply != f"voice: {ANSWER}":
        assert word_error_rate([(words, shown)]) > 0.0, f"understood, and answered {reply!r}"
    return reply == f"voice: {ANSWER}"


def answered_aloud(pulse: Pulse, talk: Talk) -> Pcm:
    """What the speaker plays for an answer, asked for again where the question arrived garbled."""
    for _ in range(TRIES):
        with pulse.record() as recording:
            right = answered(pulse, talk)
        if right:
            return recording.pcm
    pytest.fail(f"the sound server garbled the question {TRIES} times")


def test_it_hears_answers_aloud_and_leaves_soon(pulse: Pulse, tmp_path: Path, published: tuple[str, ...]) -> None:
    with talking(pulse, tmp_path, *published) as talk:
        spoken = answered_aloud(pulse, talk)
        assert word_error_rate([(ANSWER, heard(spoken))]) <= 0.2
        leave(talk)


def test_with_the_profile_of_a_small_machine_and_the_embedded_engines_too(pulse: Pulse, tmp_path: Path) -> None:
    with talking(pulse, tmp_path, "--profile", "pi", *EMBEDDED) as talk:
        spoken = answered_aloud(pulse, talk)
        said = re.sub(r"[.,]", "", ANSWER.lower())
        assert read_back(spoken, said, "i do not know that connect a model to ask me anything") == said
        leave(talk)


def leave(talk: Talk) -> None:
    """Press Ctrl-C."""
    talk.process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert talk.process.wait(timeout=PATIENCE_S) == 130
    assert time.monotonic() - began < 10.0, "one second, where no other work keeps the machine busy"


def test_an_unplugged_microphone_is_said_and_the_talk_goes_on_when_it_is_back(
    pulse: Pulse, tmp_path: Path, published: tuple[str, ...]
) -> None:
    with talking(pulse, tmp_path, *published) as talk:
        speaking = pulse.play(read_wav(SPEECH / "city.wav"))
        with pytest.raises(subprocess.TimeoutExpired):
            speaking.wait(timeout=1.5)
        pulse.unplug("mic")
        speaking.kill()
        speaking.wait()
        talk.until("the microphone was disconnected")
        talk.until("you:   please")
        talk.until(" ms (")
        pulse.plug("mic")
        talk.until("the microphone is back")
        assert any(answered(pulse, talk) for _ in range(TRIES))


def test_an_unplugged_speaker_is_said_and_the_reply_goes_on_when_it_is_back(
    pulse: Pulse, tmp_path: Path, published: tuple[str, ...]
) -> None:
    with talking(pulse, tmp_path, *published) as talk:
        ask(pulse, talk, "football", "who won the football match yesterday")
        pulse.unplug("speaker")
        talk.until("the speaker was disconnected")
        pulse.plug("speaker")
        talk.until("the speaker is back")
        talk.until(f"voice: {UNKNOWN}".lower())
        assert any(answered(pulse, talk) for _ in range(TRIES))


def test_a_sound_server_restarted_in_mid_turn_is_waited_for(
    pulse: Pulse, tmp_path: Path, published: tuple[str, ...]
) -> None:
    with talking(pulse, tmp_path, *published) as talk:
        ask(pulse, talk, "football", "who won the football match yesterday")
        pulse.kill("speaker")
        pulse.kill("mic")
        for device in ("speaker", "microphone"):
            talk.until_all(f"the {device} was disconnected")
        pulse.revive("mic")
        pulse.revive("speaker")
        for device in ("speaker", "microphone"):
            talk.until_all(f"the {device} is back")
        talk.until_all(f"voice: {UNKNOWN}".lower())
        assert any(answered(pulse, talk) for _ in range(TRIES))


def test_a_default_that_moves_to_another_device_is_followed(
    pulse: Pulse, tmp_path: Path, published: tuple[str, ...]
) -> None:
    with talking(pulse, tmp_path, *published) as talk:
        pulse.move_default("mic")
        pulse.move_default("speaker")
        spoken = answered_aloud(pulse, talk)
        assert word_error_rate([(ANSWER, heard(spoken))]) <= 0.2


def test_engines_that_hang_or_fail_are_said_aloud_and_the_next_turn_works(pulse: Pulse, tmp_path: Path) -> None:
    with serve_house() as house:
        flags = ["--set", f"asr.url={house.url}", "--set", f"tts.url={house.url}", "--set", "turn.patience_s=3"]
        with talking(pulse, tmp_path, "--asr", "remote", "--tts", "remote", *flags) as talk:
            house.status, house.body = 500, b"{}"
            assert pulse.play(read_wav(SPEECH / "times.wav")).wait(timeout=PATIENCE_S) == 0
            talk.until("http 500")
            talk.until("switching to another voice")
            talk.until(" ms (")
            house.status, house.body, house.hang = 200, None, True
            assert pulse.play(read_wav(SPEECH / "times.wav")).wait(timeout=PATIENCE_S) == 0
            talk.until("did not answer within 3 s")
            talk.until(" ms (")
            house.hang = False
            house.release.set()
            assert any(answered(pulse, talk) for _ in range(TRIES))


def test_without_devices_it_says_so_in_one_line_with_the_remedy(tmp_path: Path) -> None:
    if Path("/proc/asound/cards").exists() and "no soundcards" not in Path("/proc/asound/cards").read_text("utf-8"):
        pytest.skip("this machine has a sound card")
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "voice", "talk"], env=env, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 66
    (line,) = done.stderr.strip().splitlines()
    assert "--input" in line, "what to do instead"
