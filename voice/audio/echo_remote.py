"""The echo of a peer that does not cancel it, told by its sound from what the peer has played by now."""

from __future__ import annotations

from voice.audio.echo_detector import EchoDetector
from voice.audio.frames import Frame
from voice.audio.network import RemotePlayout

LONGEST_S = 1.2
"""The latest echo that is looked for: the way there and back, the peer's buffers, and the room."""

HOLE_S = 0.25
"""So much later than expected, a frame comes after a hole; less is only a hurried or a slow network."""

STEADY = 0.02
"""Share of a frame's lateness that is believed: clocks differ, and the network's haste is no news of the room."""


class RemoteEcho:
    """Tells, frame by frame, whether anyone but the peer's speaker is heard by its microphone.

    Most peers have no echo: where none is `expected`, sound over the first words of a reply is a person until the echo
    is known.
    """

    def __init__(self, playout: RemotePlayout, *, expected: bool = False) -> None:
        self._playout, self._expected = playout, expected
        self._detector = EchoDetector(playout.rate, LONGEST_S)
        self._until: float | None = None

    @property
    def absent(self) -> bool:
        """Whether the peer has played for long without an echo: it cancels it, or its user wears headphones."""
        return self._detector.absent

    @property
    def unknown(self) -> bool:
        """Whether there is an echo or none is not known yet, or was not when the latest words began."""
        return not self._detector.settled and not self._detector.absent

    @property
    def unlike(self) -> bool:
        """Whether what is heard now is surely no echo, although it is not known yet whether there is one."""
        return self._detector.unlike

    def near(self, frame: Frame) -> bool:
        """Whether this frame holds anything but the speaker's echo."""
        played, since = self._playout.follow()
        if len(played):
            self._detector.far(played, since)
        foreign = self._detector.near(Frame(frame.pcm, self._steady(frame)))
        return foreign or (not self._expected and self._detector.delay_s is None)

    def _steady(self, frame: Frame) -> float:
        """When the frame was spoken, without the network's haste and delays: one frame after the other."""
        expected = frame.at if self._until is None else self._until + frame.duration_s
        late_s = frame.at - expected
        self._until = frame.at if abs(late_s) > HOLE_S else expected + STEADY * late_s
        return self._until
