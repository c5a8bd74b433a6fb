"""The words pocketsphinx can ever recognize: those of its dictionary that its language model knows.

The others, two in five, take 12 MB and half of the time it takes to load, and are never found. Nor are obscenities: a
small model hears "what time is it" as one now and then, and a screen shows it to everybody.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

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
