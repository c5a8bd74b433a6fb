import struct
from pathlib import Path

import pytest

from voice.asr.pocketsphinx import known_words, usable, usable_dictionary

WORDS = ("</s>", "<s>", "café", "the", "times")
DICTIONARY = "aardvark AA R D\ncafé K AE F EY\nthe DH AH\nthe(2) DH IY\ntimes T AY M Z\n".encode()


def model(path: Path, words: tuple[str, ...] = WORDS, *, count: int | None = None, kind: bytes = b"Trie") -> Path:
    """A language model as pocketsphinx writes them: a header, probabilities, the words."""
    said = b"".join(word.encode() + b"\0" for word in words)
    head = kind + b" Language Model\x03" + struct.pack("<I", len(words) if count is None else count)
    path.write_bytes(head + bytes(range(256)) * 20 + struct.pack("<I", len(said)) + said)
    return path


def test_a_language_model_names_its_words(tmp_path: Path) -> None:
    assert known_words(model(tmp_path / "lm.bin")) == {word.encode() for word in WORDS}


@pytest.mark.parametrize("wrong", [{"count": 4}, {"count": 9999}, {"kind": b"Cake"}, {"words": ()}])
def test_a_model_written_otherwise_names_none(tmp_path: Path, wrong: dict[str, object]) -> None:
    assert known_words(model(tmp_path / "lm.bin", **wrong)) == frozenset()  # type: ignore[arg-type]


def test_pronunciations_of_known_words_are_usable() -> None:
    assert usable(DICTIONARY, frozenset([b"the", b"aard"])) == b"the DH AH\nthe(2) DH IY\n"


def test_an_obscenity_nobody_said_cannot_be_heard() -> None:
    assert usable(b"ship SH IH P\nshit SH IH T\nshit(2) SH IH D\n", frozenset([b"ship", b"shit"])) == b"ship SH IH P\n"


def test_the_usable_words_are_loaded_from_a_file_that_goes_away(tmp_path: Path) -> None:
    whole = tmp_path / "words.dict"
    whole.write_bytes(DICTIONARY)
    with usable_dictionary(model(tmp_path / "lm.bin"), whole) as found:
        assert found.read_bytes() == DICTIONARY.partition(b"\n")[2]
    assert not found.exists()


def test_the_whole_dictionary_is_loaded_where_a_part_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "words.dict"
    whole.write_bytes(DICTIONARY)
    with usable_dictionary(model(tmp_path / "lm.bin", kind=b"Cake"), whole) as found:
        assert found == whole
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with usable_dictionary(model(tmp_path / "lm.bin"), whole) as found:
        assert found == whole
