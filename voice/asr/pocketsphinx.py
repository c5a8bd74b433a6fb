"""The embedded recognizer: pocketsphinx with the English model its wheel carries, streaming, nothing to download."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from voice.asr.interface import Transcript, Word
from voice.audio.frames import RATE, Pcm, silence
from voice.errors import EngineError

_HEADER = b"Trie Language Model"
_LONGEST = 64
"""Bytes of a word, its ending zero byte counted."""

_OBSCENE = frozenset(
    b"shit shits shitty bullshit fuck fucks fucked fucker fuckers fucking motherfucker cunt bitch bitches asshole "
    b"assholes slut sluts whore whores nigger niggers faggot".split()
)


@contextmanager
def usable_dictionary(model: Path, dictionary: Path) -> Iterator[Path]:
    """The dictionary to load: a temporary file of its usable words, or the whole one where that cannot be made."""
    with ExitStack() as stack:
        try:
            words = usable(dictionary.read_bytes(), known_words(model))
            file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="words"))) / dictionary.name
            file.write_bytes(words)
        except OSError:  # a full disk, or no such file: then the decoder says so
            words = b""
        yield file if words else dictionary


def known_words(model: Path) -> frozenset[bytes]:
    """The vocabulary of a language model in pocketsphinx' binary format; none where it is written otherwise.

    The file begins with the number of words, little-endian after the format's name and one byte, and ends with the
    size of all words in bytes, and the words, a zero byte after each.
    """
    with model.open("rb") as file:
        header = file.read(len(_HEADER) + 5)
        if not header.startswith(_HEADER) or len(header) < len(_HEADER) + 5:
            return frozenset()
        (count,) = struct.unpack_from("<I", header, len(_HEADER) + 1)
        size = file.seek(0, 2)
        file.seek(max(0, size - count * _LONGEST))
        end = file.read()
    before, *words = end.rsplit(b"\0", count)
    rest = sum(len(word) + 1 for word in words[:-1])
    for length in range(1, min(_LONGEST, len(before) - 4) + 1):  # `before` ends with the size and the first word
        first = before[-length:]
        if b"\0" not in first and before[-length - 4 : -length] == struct.pack("<I", rest + length + 1):
            return frozenset([first, *words[:-1]])
    return frozenset()


def usable(dictionary: bytes, known: frozenset[bytes]) -> bytes:
    """The dictionary's lines for known words fit to be shown; "the(2)" is the second pronunciation of the."""
    shown, lines = known - _OBSCENE, dictionary.splitlines(keepends=True)
    return b"".join(line for line in lines if line.partition(b" ")[0].partition(b"(")[0] in shown)


_FIRST_MEAN = "41.00,-5.29,-0.12,5.09,2.48,-4.07,-1.37,-1.78,-5.08,-2.05,-6.45,-1.42,1.17"
"""Cepstral mean before any speech: what the CMU US English models were published with."""

_WORD_LIMIT_FRAMES = 150
"""No English word lasts 1.5 s (a frame is 10 ms); steady noise comes out as one word lasting all of it."""

_SEGMENT_S = 20.0
"""The decoder's memory grows with its segment, so a longer turn continues in a new one, at a pause if possible."""

_SETTLED_FRAMES = 80
"""A word that ended 0.8 s ago is not revised: in none of 21 clips, against 5 of 21 at 0.6 s."""

_MOST_STATES = 4000
"""States searched per frame: half the work of the 30,000 it would take, for the same error rate on the test speech."""

_QUIET_FRAMES = 30
_FORCED = 1.5
"""A segment without a pause ends after this many times its length."""


class SphinxRecognizer:
    """English, offline, 16 kHz.

    Features are normalized by a running cepstral mean, carried over from one utterance with words to the next:
    most of what separates a streamed from a whole-file error rate. The two later passes (flat lexicon, best path)
    are off: they cost a hundred ms after the last word and do not lower the error rate of a stream.
    """

    name = "pocketsphinx"

    def __init__(self, segment_s: float = _SEGMENT_S) -> None:
        from pocketsphinx import Config, Decoder

        config = Config(fwdflat=False, bestpath=False, maxhmmpf=_MOST_STATES, loglevel="FATAL", logfn=os.devnull)
        try:
            with usable_dictionary(Path(config["lm"]), Path(config["dict"])) as words:
                config["dict"] = str(words)
                self._decoder = Decoder(config)
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"pocketsphinx cannot load its English model ({error})",
                where="asr",
                remedy="reinstall it: pip install --force-reinstall pocketsphinx",
            ) from error
        self._segment_samples = round(segment_s * RATE)
        self._open: SphinxUtterance | None = None
        self.forget()

    def forget(self) -> None:
        """Reset for a new speaker: the cepstral mean returns to its default."""
        self._decoder.set_cmn(_FIRST_MEAN)

    def warm(self) -> None:
        """Decode a little silence; the cepstral mean stays as it was."""
        utterance = self.open()
        utterance.add_audio(silence(0.3))
        utterance.result()
        utterance.close()

    def open(self) -> SphinxUtterance:
        """Begin an utterance. The one decoder serves one at a time: an earlier one keeps the words it has."""
        if self._open is not None:
            self._open.close()
        self._open = SphinxUtterance(self._decoder, self._segment_samples)
        return self._open

    def align(self, pcm: Pcm, transcript: Transcript) -> list[Word]:
        """See `Aligner`. The clip is decoded once more, all of it at once, and what is heard then may differ."""
        if self._open is not None:
            self._open.close()
        mean = self._decoder.get_cmn(False)
        self._decoder.start_utt()
        try:
            self._decoder.process_raw(pcm.tobytes(), False, True)
        except RuntimeError as error:
            raise EngineError(f"pocketsphinx failed on this audio ({error})", where="asr") from error
        finally:
            self._decoder.end_utt()
            self._decoder.set_cmn(mean)
        return [Word(f" {word}", start / 100, (end + 1) / 100) for word, start, end in _spoken(self._decoder)]


class SphinxUtterance:
    """One turn in the decoder. `result` leaves it open, so a turn that grows keeps its words and their context."""

    def __init__(self, decoder: Any, segment_samples: int) -> None:
        self._decoder, self._segment_samples = decoder, segment_samples
        self._earlier: list[str] = []
        self._text = ""
        self._hypothesis = ""
        self._samples = 0
        self._ended = False
        self.segments = 1
        self._mean: str = decoder.get_cmn(False)
        decoder.start_utt()

    def add_audio(self, pcm: Pcm) -> Transcript | None:
        if self._ended:
            return None
        self._process(pcm)
        self._samples += len(pcm)
        found = self._decoder.hyp()
        hypothesis = found.hypstr if found is not None else ""
        if hypothesis == self._hypothesis:
            return None
        self._hypothesis = hypothesis
        before = self._text
        stable = self._read()
        if self._samples >= self._segment_samples:
            self._begin_segment()
        return Transcript(self._text, language="en", stable=stable) if self._text != before else None

    def result(self) -> Transcript:
        if not self._ended:
            self._read()
        return Transcript(self._text, language="en", stable=len(self._text))

    def close(self) -> None:
        if self._ended:
            return
        self._read()
        self._ended = True
        self._decoder.end_utt()
        if not self._text:
            self._decoder.set_cmn(self._mean)

    def _process(self, pcm: Pcm) -> None:
        try:
            self._decoder.process_raw(pcm.tobytes(), False, False)
        except RuntimeError as error:
            raise EngineError(f"pocketsphinx failed on this audio ({error})", where="asr") from error

    def _read(self) -> int:
        """Take the decoder's words so far; returns how many code points of them are settled."""
        spoken = _spoken(self._decoder)
        limit = self._decoder.n_frames() - _SETTLED_FRAMES
        settled = [*self._earlier, *(word for word, _, end in spoken if end <= limit)]
        self._text = " ".join([*self._earlier, *(word for word, *_ in spoken)])
        return len(" ".join(settled))

    def _begin_segment(self) -> None:
        """Go on in a new segment if there is a pause, or has been none for long."""
        last = list(self._decoder.seg())[-1:]
        paused = bool(last) and last[0].word.startswith("<") and _frames(last[0]) >= _QUIET_FRAMES
        if not paused and self._samples < _FORCED * self._segment_samples:
            return
        self._earlier.extend(word for word, *_ in _spoken(self._decoder))
        self._decoder.end_utt()
        self._decoder.start_utt()
        self._hypothesis, self._samples = "", 0
        self.segments += 1


def _spoken(decoder: Any) -> list[tuple[str, int, int]]:
    """The decoder's words, each with its first and last frame, no fillers; none where most is too long to be words."""
    if decoder.hyp() is None:
        return []
    found = [segment for segment in decoder.seg() if segment.word[0] not in "<[+"]
    spoken = [segment for segment in found if _frames(segment) <= _WORD_LIMIT_FRAMES]
    if 2 * sum(map(_frames, spoken)) < sum(map(_frames, found)):
        return []
    # "the(2)" is the second pronunciation of the.
    return [(segment.word.partition("(")[0], segment.start_frame, segment.end_frame) for segment in spoken]


def _frames(segment: Any) -> int:
    return int(segment.end_frame - segment.start_frame + 1)
