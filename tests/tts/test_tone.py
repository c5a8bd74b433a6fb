import numpy as np
import pytest

from tests.support.listening import listen
from voice.errors import EngineError
from voice.tts.tone import ToneSynthesizer


def test_one_chunk_per_word_with_its_mark() -> None:
    heard = listen(ToneSynthesizer(), "It's 3.14, 你好 world!")
    marks = [chunk.marks[0] for chunk in heard.chunks]
    assert [mark.char for mark in marks] == [0, 5, 11, 12, 14]
    assert [mark.sample for mark in marks] == [index * 2560 for index in range(5)]


def test_the_same_text_sounds_the_same_and_other_words_do_not() -> None:
    first, again, other = (listen(ToneSynthesizer(), text).pcm for text in ("hello", "Hello", "world"))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_nothing_is_said_without_words() -> None:
    assert listen(ToneSynthesizer(), "… ! 😀").chunks == []


def test_it_stops_when_no_more_is_wanted_and_when_cancelled() -> None:
    assert len(listen(ToneSynthesizer(), "one two three", enough=1).chunks) == 1

    engine = ToneSynthesizer(before_chunk=lambda index: engine.cancel() if index == 2 else None)
    assert len(listen(engine, "one two three four").chunks) == 2
    assert len(listen(engine, "one two").chunks) == 2


def test_it_fails_on_request() -> None:
    with pytest.raises(EngineError, match="tone: cannot speak 'two'"):
        listen(ToneSynthesizer(fail_on="two"), "one two")
