"""Decides whether speech is for the assistant: always, after a wake word or button, and for a while after a reply."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from voice.audio.frames import Frame
from voice.vad.speech_gate import Edge
from voice.wake.interface import WakeWord

ONE_BREATH_S = 0.4
"""Speech that continues this long after the wake word contains more than the wake word."""

MORE_S = 0.2
"""As much speech after the wake word, where it ends sooner, is a word of its own and not the wake word's tail."""

AWAKE_S = 0.6
"""How long the wake word is listened for after the last stir of speech."""


@dataclass(frozen=True, slots=True)
class Called:
    """The wake word was detected; its last sample is at or shortly before `ended`, seconds on the loop's clock."""

    phrase: str
    ended: float


class WakeGate:
    """Passes on the edges of speech that is for the assistant.

    `word` is None if there is no wake word. `window_s` is the time to start speaking after the wake word, `follow_up_s`
    the time after a reply in which no wake word is needed, `refractory_s` the time in which a detected wake word is not
    detected again. `always` passes everything. The detector runs only during speech and shortly before it, so that
    silence costs nothing.
    """

    def __init__(
        self,
        word: WakeWord | None = None,
        *,
        always: bool = False,
        window_s: float = 8.0,
        follow_up_s: float = 0.0,
        refractory_s: float = 1.0,
    ) -> None:
        self._word, self._always = word, always
        self._window_s, self._follow_up_s, self._refractory_s = window_s, follow_up_s, refractory_s
        self._until = self._rests = float("-inf")
        self._from: float | None = None
        self._called = 0.0
        self._kept: deque[Frame] = deque()
        self._stirred: float | None = None

    @property
    def phrases(self) -> tuple[str, ...]:
        """The wake phrases."""
        return self._word.phrases if self._word is not None else ()

    def open(self, at: float) -> bool:
        """Whether speech that starts now is for the assistant."""
        return self._always or at < self._until

    def call(self, at: float, since: float, *, speaking: bool) -> None:
        """Open the gate for speech after `since`, which may already have begun."""
        self._until = at + self._window_s
        self._called = at
        self._from = since if speaking else None

    def answered(self, at: float) -> None:
        """A reply has ended: the next speech may follow up on it."""
        self._until = max(self._until, at + self._follow_up_s)

    def close(self) -> None:
        """Close the gate until the next call."""
        self._until, self._from = float("-inf"), None

    def update(self, frame: Frame, *, stirring: bool) -> Called | None:
        """Take every frame; says when the wake word has been said."""
        word = self._word
        if word is None:
            return None
        if stirring:
            self._stirred = frame.at
        elif self._stirred is not None and frame.at - self._stirred > AWAKE_S:
            self._stirred = None
            word.reset()
        self._kept.append(frame)
        if self._stirred is None:
            while frame.at - self._kept[0].at > word.lead_s:
                self._kept.popleft()
            return None
        phrase = None
        while self._kept:
            kept = self._kept.popleft()
            phrase = word.detect(kept.pcm) or phrase
        if phrase is None or frame.at < self._rests:
            return None
        self._rests = frame.at + self._refractory_s
        return Called(phrase, frame.at - word.lag_s)

    def edges(self, edge: Edge | None, at: float, *, idle: bool) -> list[Edge]:
        """The edges of speech to act on now, given the audio's `edge`; in a turn (not `idle`) each one counts."""
        since, new = self._from, [] if edge is None else [edge]
        if edge is not None or not idle:
            self._from = None
        if not idle:
            return new
        if edge is None:
            if since is None or at - self._called < ONE_BREATH_S - 1e-9:
                return []
            self._from = None
            return [Edge(True, since)]
        if edge.speech:
            return new if self.open(at) else []
        return [Edge(True, since), edge] if since is not None and edge.at - since >= MORE_S - 1e-9 else new
