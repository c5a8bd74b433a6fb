import ctypes
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.listening import Listener, listen
from tests.support.patience import PATIENCE_S
from voice.errors import ConfigError
from voice.tts import espeak
from voice.tts.espeak import EspeakSynthesizer
from voice.tts.interface import Chunk


def test_english_is_streamed_in_short_chunks_with_a_mark_at_each_word() -> None:
    text = "Hello world, it is 3.14 o'clock."
    heard = listen(EspeakSynthesizer(), text)
    assert heard.words(text) == ["Hello", "world,", "it", "is", "3.14", "o'clock."]
    assert max(len(chunk.pcm) for chunk in heard.chunks) <= 0.061 * 22_050
    assert 1.5 < len(heard.pcm) / 22_050 < 5.0
    assert np.abs(heard.pcm.astype(int)).max() > 5_000


def test_marks_lie_in_the_chunk_that_carries_them_and_only_move_forward() -> None:
    start, last = 0, -1
    for chunk in listen(EspeakSynthesizer(), "One two three, four. Five six seven eight nine ten.").chunks:
        for mark in chunk.marks:
            assert last < mark.sample
            assert start <= mark.sample <= start + len(chunk.pcm)
            last = mark.sample
        start += len(chunk.pcm)
    assert last > 0


def test_speech_of_many_lengths_leaves_no_type_behind() -> None:
    voice = EspeakSynthesizer()
    voice.warm()
    before = set(ctypes.Array.__subclasses__())
    for length in range(1, 12):
        voice.speak("a" * length, lambda chunk: True)
    assert set(ctypes.Array.__subclasses__()) <= before


def test_mandarin_is_spoken_with_marks_at_its_words() -> None:
    text = "今天天气很好，你好吗？"
    heard = listen(EspeakSynthesizer("cmn"), text)
    # espeak takes some pairs, such as 很好 and 你好, as one word.
    assert [word[0] for word in heard.words(text)] == list("今天天气很你吗")
    assert 1.5 < len(heard.pcm) / 22_050 < 6.0


def test_speech_begins_at_once_and_ends_with_the_pause_its_punctuation_asks_for() -> None:
    def quiet_ends_ms(text: str) -> tuple[float, float]:
        pcm = listen(EspeakSynthesizer(), text).pcm
        loud = np.flatnonzero(np.abs(pcm.astype(int)) > espeak.QUIET)
        return loud[0] / 22.05, (len(pcm) - loud[-1]) / 22.05

    start, sentence_end = quiet_ends_ms("Hello there.")
    assert start < 1.0
    assert sentence_end > 1.5 * quiet_ends_ms("Hello there,")[1]


def test_speed_changes_the_length_and_not_the_words() -> None:
    text = "One two three four five six."
    slow, fast = (listen(EspeakSynthesizer(speed=speed), text) for speed in (0.7, 1.6))
    assert len(slow.pcm) > 1.5 * len(fast.pcm)
    assert slow.words(text) == fast.words(text)


@pytest.mark.parametrize("text", ["", " ", "!?…", "😀👍🏽", "\0", "\ud800", "—", "。，"])
def test_text_without_words_says_nothing(text: str) -> None:
    assert listen(EspeakSynthesizer(), text).chunks == []


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_survived_with_marks_inside_it(text: str) -> None:
    offsets = [mark.char for mark in listen(EspeakSynthesizer(), text).marks]
    assert all(a < b for a, b in pairwise(offsets))
    assert all(0 <= offset < len(text) for offset in offsets)


def test_it_stops_in_mid_word_and_speaks_again_afterwards() -> None:
    engine, word = EspeakSynthesizer(), "Antidisestablishmentarianism."
    whole = len(listen(engine, word).pcm)
    assert len(listen(engine, word, enough=3).chunks) == 3

    heard = Listener(on_chunk=lambda count: engine.cancel() if count == 3 else None)
    engine.speak(word, heard)
    assert len(heard.chunks) == 3
    # Its length varies by 1 % from run to run.
    assert len(listen(engine, word).pcm) == pytest.approx(whole, rel=0.03)


def test_cancel_while_idle_does_not_silence_the_next_clause() -> None:
    engine = EspeakSynthesizer()
    engine.cancel()
    assert len(listen(engine, "Hello.").pcm) > 0


def test_what_the_receiver_raises_reaches_the_caller() -> None:
    def fail(chunk: Chunk) -> bool:
        raise OSError("no space left")

    engine = EspeakSynthesizer()
    with pytest.raises(OSError, match="no space left"):
        engine.speak("Hello.", fail)
    assert len(listen(engine, "Hello.").pcm) > 0


def test_two_voices_in_one_process_keep_their_languages() -> None:
    english, german = EspeakSynthesizer("en-us"), EspeakSynthesizer("de", speed=0.6)
    alone = len(listen(english, "Seventeen.").pcm)
    listen(german, "Siebzehn.")
    assert len(listen(english, "Seventeen.").pcm) == pytest.approx(alone, rel=0.03)


def test_a_voice_that_cannot_read_han_leaves_it_to_the_mandarin_one() -> None:
    text = "现在是下午三点半。"
    mandarin = len(listen(EspeakSynthesizer("cmn"), text).pcm)
    assert len(listen(EspeakSynthesizer("en-us"), text).pcm) == pytest.approx(mandarin, rel=0.03)
    assert len(listen(EspeakSynthesizer("yue"), text).pcm) != pytest.approx(mandarin, rel=0.03)


def test_voices_lists_what_can_be_spoken() -> None:
    assert {"en-us", "en-gb", "cmn", "de", "fr-fr"} <= set(espeak.voices())
    for name in espeak.voices():
        listen(EspeakSynthesizer(name), "1")


@pytest.mark.parametrize("voice", ["en-uss", "klingonish", "", "../../etc/passwd"])
def test_an_unknown_voice_is_refused_in_one_line(voice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        EspeakSynthesizer(voice)
    assert str(caught.value).startswith(f"espeak: no voice named {voice!r}; expected one of its ")
    assert "en-us" in str(caught.value) or "kl" in str(caught.value)
    assert len(listen(EspeakSynthesizer(), "Still here.").pcm) > 0


@pytest.mark.parametrize("speed", [0.0, 0.2, 5.0])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(ConfigError, match=r"speed .* is out of range; expected 0\.46 to 2\.57"):
        EspeakSynthesizer(speed=speed)


def test_a_data_path_too_long_for_the_library_is_shortened(tmp_path: Path) -> None:
    data = tmp_path / ("x" * 150) / "espeak-ng-data"
    data.mkdir(parents=True)
    (data / "phontab").write_text("here")
    short = espeak._short_path(data)
    assert len(str(short)) < 150
    assert (short / "phontab").read_text() == "here"
    assert espeak._short_path(tmp_path) == tmp_path


THREADS = """
import sys, threading
from pathlib import Path
from voice.tts.espeak import EspeakSynthesizer
from voice.tts.piper import PiperSynthesizer

engines = [EspeakSynthesizer(voice) for voice in ("en-us", "cmn", "en-us")] + [PiperSynthesizer(Path(sys.argv[1]))]
counts = [0] * len(engines)

def talk(index):
    def emit(chunk):
        counts[index] += len(chunk.pcm)
        return True
    for _ in range(10):
        engines[index].speak("Hello there, one two three." + " 你好世界。" * (index < 3), emit)

threads = [threading.Thread(target=talk, args=(index,)) for index in range(len(engines))]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert all(count > 100_000 for count in counts), counts
print("survived")
"""


def test_threads_of_espeak_and_of_pipers_own_espeak_do_not_crash_each_other() -> None:
    model = Path(__file__).parent.parent / "fixtures" / "piper_mini" / "mini.onnx"
    done = subprocess.run(
        [sys.executable, "-c", THREADS, str(model)], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr
