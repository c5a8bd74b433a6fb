"""Reads synthetic speech back: which of these sentences was said?

The embedded recognizer cannot take dictation from espeak's voice, but it tells sentences apart when it is given them.
"""

from __future__ import annotations

import numpy as np
from pocketsphinx import Decoder

from voice.audio.frames import RATE, Pcm, silence

LOUD = 300
"""Speech rises above this sample value."""


def read_back(pcm: Pcm, *sentences: str) -> str:
    """The sentence spoken in 16 kHz audio, one of those given in lowercase words; empty where none fits."""
    loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > LOUD)
    if len(loud) == 0:
        return ""
    decoder = Decoder(lm=None, loglevel="FATAL")
    decoder.add_jsgf_string("said", f"#JSGF V1.0; grammar said; public <said> = {' | '.join(sentences)};")
    decoder.activate_search("said")
    spoken = pcm[max(0, loud[0] - RATE // 10) : loud[-1] + RATE // 10]
    padded = np.concatenate((silence(0.2), spoken, silence(0.3))).astype(np.int32)
    noise = np.random.default_rng(7).integers(-12, 12, len(padded))  # digital silence unsettles the feature mean
    decoder.start_utt()
    decoder.process_raw(np.clip(padded + noise, -32768, 32767).astype(np.int16).tobytes(), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return str(hypothesis.hypstr) if hypothesis else ""
