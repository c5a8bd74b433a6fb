"""The two laws of telephone sound against values of the recommendation."""

from __future__ import annotations

import numpy as np
import pytest

from voice.audio import g711


@pytest.mark.parametrize(
    ("law", "code", "sample"),
    [
        ("ulaw", 0x00, -32124), ("ulaw", 0x80, 32124), ("ulaw", 0xFF, 0), ("ulaw", 0x7F, 0), ("ulaw", 0xFE, 8),
        ("alaw", 0x55, -8), ("alaw", 0xD5, 8), ("alaw", 0xAA, 32256), ("alaw", 0x2A, -32256),
    ],
)  # fmt: skip
def test_codes_mean_what_the_recommendation_says(law: str, code: int, sample: int) -> None:
    assert g711.decode(law, bytes([code])).tolist() == [sample]


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_what_was_encoded_comes_back_within_a_step(law: str) -> None:
    pcm = np.arange(-32768, 32768, 3).astype(np.int16)
    error = np.abs(g711.decode(law, g711.encode(law, pcm)).astype(np.int32) - pcm)
    assert np.all(error <= np.maximum(8, np.abs(pcm.astype(np.int32)) / 24))
    codes = bytes(range(256))
    again = g711.decode(law, g711.encode(law, g711.decode(law, codes)))
    assert np.array_equal(again, g711.decode(law, codes))
