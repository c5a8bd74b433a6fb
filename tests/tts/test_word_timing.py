import pytest

from voice.tts.word_timing import id_offsets, word_phonemes

ALONE = {
    "one": "wˌʌn",
    "of": "ʌv",
    "the": "ðə",
    "best": "bˈɛst",
    "42": "fˈɔːɹɾi tˈuː",
    "days,": "dˈeɪz,",
    "—": "",
    "ok.": "oʊkˈeɪ.",
}


def placed(text: str, *sentences: str) -> list[list[tuple[str, str]]]:
    """Each word with the phonemes from where it is said to begin."""
    starts = word_phonemes(text, [list(sentence) for sentence in sentences], lambda word: list(ALONE[word]))
    return [
        [(text[char:].split()[0], sentence[at:]) for at, char in words]
        for words, sentence in zip(starts, sentences, strict=True)
    ]


def test_a_word_begins_with_its_stress() -> None:
    assert placed("one best", "wˈʌn bˈɛst.") == [[("one", "wˈʌn bˈɛst."), ("best", "bˈɛst.")]]


def test_words_said_together_are_told_apart() -> None:
    assert placed("one of the best", "wˈʌn ʌvðə bˈɛst") == [
        [("one", "wˈʌn ʌvðə bˈɛst"), ("of", "ʌvðə bˈɛst"), ("the", "ðə bˈɛst"), ("best", "bˈɛst")]
    ]


def test_a_number_of_several_words_is_one() -> None:
    assert placed("42 days, ok.", "fˈɔːɹɾi tˈuː dˈeɪz, oʊkˈeɪ.") == [
        [("42", "fˈɔːɹɾi tˈuː dˈeɪz, oʊkˈeɪ."), ("days,", "dˈeɪz, oʊkˈeɪ."), ("ok.", "oʊkˈeɪ.")]
    ]


def test_words_go_to_their_sentences_and_silent_ones_nowhere() -> None:
    assert placed("one — ok. best", "wˈʌn, oʊkˈeɪ.", "bˈɛst") == [
        [("one", "wˈʌn, oʊkˈeɪ."), ("ok.", "oʊkˈeɪ.")],
        [("best", "bˈɛst")],
    ]


def test_a_word_that_sounds_different_in_its_sentence_is_still_placed() -> None:
    assert [word for word, _ in placed("one the best", "wˈʌn ðɪ bˈɛst")[0]] == ["one", "the", "best"]


@pytest.mark.parametrize("sentence", ["", ".", "x"])
def test_nothing_in_common_is_survived(sentence: str) -> None:
    starts = word_phonemes("one of", [list(sentence)], lambda word: list(ALONE[word]))
    assert all(0 <= at < len(sentence) for at, _ in starts[0])


def test_id_offsets_follow_pipers_order() -> None:
    from piper.phoneme_ids import phonemes_to_ids

    ids = {"^": [1], "_": [0], "$": [2], "a": [14], "b": [15, 16]}
    sentence = ["a", "?", "b", "a"]
    made = phonemes_to_ids(sentence, ids)
    offsets = id_offsets(sentence, ids)
    assert offsets[-1] == len(made)
    assert [made[at] for at in (offsets[0], offsets[2], offsets[3])] == [14, 15, 14]
