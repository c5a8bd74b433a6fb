import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.support.listening import Listener, listen
from tests.support.patience import PATIENCE_S
from tests.support.real_models import joe, tiny_en
from tests.support.speech import stream
from voice.asr.word_error_rate import word_error_rate
from voice.audio.frames import RATE
from voice.audio.resample import resample
from voice.errors import ConfigError, EngineError, MissingError
from voice.tts.piper import PiperSynthesizer

ROOT = Path(__file__).parent.parent.parent
MINI = ROOT / "tests" / "fixtures" / "piper_mini" / "mini.onnx"


def copy_voice(folder: Path, model: bytes | None = None, config: str | None = None) -> Path:
    path = folder / "voice.onnx"
    path.write_bytes(MINI.read_bytes() if model is None else model)
    json = MINI.with_name("mini.onnx.json").read_text() if config is None else config
    path.with_name("voice.onnx.json").write_text(json)
    return path


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return joe(tmp_path_factory.mktemp("joe"))


@pytest.fixture(scope="module", params=["off", "auto"])
def engine(request: pytest.FixtureRequest, voice: Path) -> PiperSynthesizer:
    """The published voice, whole and in parts."""
    made = PiperSynthesizer(voice, split=request.param)
    made.warm()
    return made


def test_what_it_says_is_understood(engine: PiperSynthesizer) -> None:
    said = ("Who won the football match yesterday?", "Please tell me how many people live in the city of London.")
    pairs = []
    for text in said:
        utterance = tiny_en().open()
        stream(utterance, resample(listen(engine, text).pcm, engine.rate, RATE))
        pairs.append((text, utterance.result().text))
    assert word_error_rate(pairs) <= 0.12, f"two words of eighteen: {pairs}"


def test_the_longer_text_has_the_longer_audio_and_it_can_be_heard(engine: PiperSynthesizer) -> None:
    short, long = listen(engine, "Hello.").pcm, listen(engine, "Hello there, how are you doing today?").pcm
    assert engine.rate == 22_050
    assert len(long) > 2 * len(short) > 0
    level = np.sqrt(np.mean(long.astype(float) ** 2))
    # Near the level of speech, whatever the network gives.
    assert 300 < level < 6_000


def test_each_sentence_is_a_chunk_sent_before_the_next_is_made(voice: Path) -> None:
    engine = PiperSynthesizer(voice, split="off")
    assert len(listen(engine, "One. Two! Three?").chunks) == 3
    assert len(listen(engine, "One, two, three").chunks) == 1
    assert len(listen(engine, "One. Two! Three?", enough=1).chunks) == 1


def test_speed_changes_the_length(voice: Path) -> None:
    text = "One two three four."
    slow, fast = (listen(PiperSynthesizer(voice, speed, split="off"), text).pcm for speed in (0.5, 2.0))
    assert len(slow) > 2 * len(fast)


def test_a_voice_that_cannot_read_han_leaves_it_to_another() -> None:
    engine = PiperSynthesizer(MINI, split="off")
    with pytest.raises(EngineError, match="cannot read Chinese"):
        listen(engine, "现在几点？")
    assert listen(engine, "Hello.").chunks


@pytest.mark.parametrize("text", ["", "!?…", "😀👍", "\0", "\ud800"])
def test_text_without_words_says_nothing(text: str) -> None:
    assert listen(PiperSynthesizer(MINI, split="off"), text).chunks == []


@pytest.mark.parametrize("text", ["😀 ok 👍", "안녕", "see [[Paris]] now", "a\0b", "\ud800 b", "x" * 300])
def test_odd_text_is_survived(text: str) -> None:
    assert len(listen(PiperSynthesizer(MINI, split="off"), text).pcm) > 0


def test_cancel_ends_a_running_synthesis() -> None:
    engine = PiperSynthesizer(MINI, split="off")
    run = engine._whole.run
    began = threading.Event()

    class Session:
        def run(self, *arguments: object) -> object:
            began.set()
            return run(*arguments)

    engine._whole = Session()
    heard = Listener()
    # One call of the network for all of it: had it not been ended, its audio would be heard.
    thread = threading.Thread(target=engine.speak, args=("word and " * 400, heard))
    thread.start()
    assert began.wait(30)
    engine.cancel()
    thread.join(30)
    assert not thread.is_alive()
    assert heard.chunks == []
    assert len(listen(engine, "Again.").pcm) > 0


def test_cancel_while_idle_does_not_silence_the_next_clause() -> None:
    engine = PiperSynthesizer(MINI, split="off")
    engine.cancel()
    assert len(listen(engine, "Hello.").pcm) > 0


def test_a_network_that_fails_is_one_line_and_the_next_clause_works() -> None:
    engine = PiperSynthesizer(MINI, split="off")
    scales, engine._scales = engine._scales, np.zeros(2, np.float32)
    with pytest.raises(EngineError, match=r"^piper mini: synthesis failed: .*scales") as caught:
        listen(engine, "Hello.")
    assert "\n" not in str(caught.value)
    engine._scales = scales
    assert len(listen(engine, "Hello.").pcm) > 0


def test_a_missing_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        MissingError, match=r"nowhere\.onnx: voice file not found; expected .*; see `voice models list`"
    ):
        PiperSynthesizer(tmp_path / "nowhere.onnx")
    (tmp_path / "bare.onnx").write_bytes(MINI.read_bytes())
    with pytest.raises(MissingError, match=r"bare\.onnx\.json: voice file not found"):
        PiperSynthesizer(tmp_path / "bare.onnx")


@pytest.mark.parametrize("size", [0, 100, 80_000])
def test_a_truncated_model_is_refused_in_one_line(tmp_path: Path, size: int) -> None:
    with pytest.raises(
        MissingError, match=r"voice\.onnx: not a .*; expected a complete voice file; download"
    ) as caught:
        PiperSynthesizer(copy_voice(tmp_path, model=MINI.read_bytes()[:size]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("config", ["", "{", "[]", "{}", '{"audio": 3, "num_symbols": 1, "num_speakers": 1}'])
def test_a_broken_configuration_is_refused_in_one_line(tmp_path: Path, config: str) -> None:
    with pytest.raises(MissingError, match=r"voice\.onnx\.json: not a Piper voice configuration"):
        PiperSynthesizer(copy_voice(tmp_path, config=config))


def test_a_speed_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"piper: speed 9 is out of range; expected 0\.25 to 4"):
        PiperSynthesizer(MINI, speed=9)


def test_a_voice_with_speakers_speaks_as_its_default_one(tmp_path: Path) -> None:
    make_mini(tmp_path, "--speakers", "3")
    assert len(listen(PiperSynthesizer(tmp_path / "mini.onnx", split="off"), "Hello.").pcm) > 0


def test_the_committed_voice_is_what_the_script_makes(tmp_path: Path) -> None:
    make_mini(tmp_path)
    for name in ("mini.onnx", "mini.onnx.json"):
        assert (tmp_path / name).read_bytes() == MINI.with_name(name).read_bytes()


def make_mini(folder: Path, *arguments: str) -> None:
    script = ROOT / "scripts" / "make_mini_piper.py"
    subprocess.run([sys.executable, str(script), str(folder), *arguments], check=True, timeout=PATIENCE_S)
