"""WebRTC's voice activity detector: two microseconds a frame, at its best in a quiet room."""

from __future__ import annotations

from voice.audio.frames import RATE, Pcm

HANGOVER_S = (0.15, 0.15, 0.11, 0.05)
"""Measured per aggressiveness on recorded speech: seconds it goes on reporting speech after the last speech sample."""


class WebrtcDetector:
    """Says 0 or 1 per frame of 10, 20 or 30 ms; `aggressiveness` 0 lets most through, 3 the least."""

    def __init__(self, aggressiveness: int = 2) -> None:
        self.name = f"webrtc {aggressiveness}"
        self.hangover_s = HANGOVER_S[aggressiveness]
        self._aggressiveness = aggressiveness
        self.reset()

    def probability(self, pcm: Pcm) -> float:
        """1.0 where the frame holds speech, else 0.0."""
        return float(self._vad.is_speech(pcm.astype("<i2", copy=False).tobytes(), RATE))

    def reset(self) -> None:
        """Forget what was heard."""
        import webrtcvad

        self._vad = webrtcvad.Vad(self._aggressiveness)
