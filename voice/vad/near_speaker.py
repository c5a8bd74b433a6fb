"""Whose voice is it: the person's, or one of the background, such as a television? Told by how loud it is."""

from __future__ import annotations

from collections import deque
from enum import Enum

SYLLABLE_S = 0.2
"""How loud a voice is, is the loudest of its last frames, over about a syllable."""

SHORT_S = 0.1
"""A word of the person ends so soon after it was loud, where another voice may follow at once."""

SLACK_DB = 1.5
"""A voice varies; it is not yet background so little below the limit."""

SURE_DBFS = -22.0
"""A voice this loud is near, at whatever microphone; a softer one may be, too."""

LIKE_DB = 6.0
"""A voice at most so much softer than the person's is theirs."""

CLEAR_DB = 5.0
"""A voice so much louder than the background does not belong to it."""

NEARER_DB = 8.5
"""A voice so much louder turns the one that has spoken for a while into background."""

SETTLED_S = 1.0
"""This much speech must have been heard before a much louder voice turns it into background."""

USUAL_S = 2.0
"""After this much speech it is known how loud a voice usually is."""

ANOTHER_S = 1.0
"""Speech this long after the last word may be another person's, whose level is learned again."""

BACKGROUND_S = 10.0
"""Where a voice of the background was heard, it is expected for so long."""

RISES, FALLS_DB = 0.06, 0.01
"""How fast a level follows louder syllables, share per frame, and softer ones, dB per frame."""

REMEMBERED_S = 120.0
"""How long after they last spoke a person's level keeps softer voices from starting a turn."""


class Whose(Enum):
    """The person's; theirs, and what was heard before it was another's; not known yet; of the background."""

    PERSON = "person"
    NEARER = "nearer"
    UNSURE = "unsure"
    BACKGROUND = "background"


class _Level:
    """How loud a voice is at its louder syllables, dBFS, and at its loudest."""

    def __init__(self, dbfs: float) -> None:
        self.dbfs = self.loudest_dbfs = dbfs
        self.heard_s = 0.0

    def follow(self, dbfs: float, duration_s: float) -> None:
        self.dbfs += RISES * (dbfs - self.dbfs) if dbfs > self.dbfs else -FALLS_DB
        self.loudest_dbfs = max(self.loudest_dbfs, dbfs)  # who becomes loud by and by is not another one
        self.heard_s += duration_s

    def much_below(self, dbfs: float, by_db: float) -> bool:
        """Whether that is another voice, so much louder than all that was heard of this one, or than it usually is."""
        usual = self.dbfs if self.heard_s >= USUAL_S else self.loudest_dbfs
        return self.heard_s >= SETTLED_S and dbfs > usual + by_db


class NearSpeaker:
    """Knows the level of the person and of the background; voices softer by `background_db` are background.

    With 0 all are the person's. A voice that may be the person's, only softer than expected, is UNSURE while no one
    speaks, until `accept` or `reject` decides; with `afar` it is theirs.
    """

    def __init__(self, background_db: float, *, afar: bool = False) -> None:
        self._limit_db = background_db + SLACK_DB if background_db else float("inf")
        self._decides = bool(background_db) and not afar
        self._syllable: deque[tuple[float, float]] = deque()
        self._person: _Level | None = None
        self._background: _Level | None = None
        self._unsure: _Level | None = None
        self._background_at = self._last = float("-inf")

    def pause(self) -> None:
        """The stretch of speech is over: the next syllable is another."""
        self._syllable.clear()

    def update(self, level_dbfs: float, at: float, duration_s: float, *, speaking: bool) -> Whose:
        """Take a frame with a voice in it. `speaking`: the person was speaking just now."""
        while self._syllable and self._syllable[0][0] <= at - SYLLABLE_S:
            self._syllable.popleft()
        self._syllable.append((at, level_dbfs))
        loudest = max(level for _, level in self._syllable)
        verdict = self._verdict(loudest, at, speaking)
        if verdict is Whose.BACKGROUND:
            if self._background is None or not self.is_background(at):
                self._background = _Level(loudest)
            self._background.follow(loudest, duration_s)
            self._background_at = at
        elif verdict is Whose.UNSURE:
            self._unsure = self._unsure or _Level(loudest)
            self._unsure.follow(loudest, duration_s)
        else:
            if verdict is Whose.NEARER or self._person is None or (not speaking and at - self._last > ANOTHER_S):
                self._person = _Level(loudest)
            self._person.follow(loudest, duration_s)
            self._last = at
        return verdict

    def accept(self, at: float) -> None:
        """The voice that was UNSURE is the person's."""
        self._person, self._unsure, self._last = self._unsure or self._person, None, at

    def drop(self) -> None:
        """Forget the voice that was UNSURE."""
        self._unsure = None

    def reject(self, at: float) -> None:
        """It is none of the person's."""
        if self._unsure is not None:
            self._background, self._unsure, self._background_at = self._unsure, None, at

    def is_background(self, at: float) -> bool:
        """Whether a voice of the background was heard of late."""
        return at < self._background_at + BACKGROUND_S

    def is_another(self) -> bool:
        """Whether the person's voice is much louder than the one that is UNSURE."""
        return self._unsure is not None and self._unsure.much_below(max(level for _, level in self._syllable), CLEAR_DB)

    def fades(self, at: float) -> bool:
        """Whether the latest of the person's sound may be another voice: it is softer, and there is one."""
        loudest = max((level for when, level in self._syllable if when > at - SHORT_S), default=0.0)
        return self._decides and self.is_background(at) and loudest < self._line(at)

    def _line(self, at: float) -> float:
        """The level below which a voice is not the person's: halfway to the background's, where there is one."""
        if self._person is None:
            return float("-inf")
        line = self._person.dbfs - self._limit_db
        if self._background is not None and self._decides and self.is_background(at):
            halfway = (self._person.dbfs + self._background.dbfs) / 2
            line = min(max(line, halfway), self._person.dbfs - LIKE_DB)
        return line

    def _verdict(self, loudest: float, at: float, speaking: bool) -> Whose:
        person, again = self._person, not speaking and at - self._last > ANOTHER_S
        behind = self._background if self.is_background(at) else None
        if person is None or (not speaking and at - self._last > REMEMBERED_S):
            return self._of_a_stranger(loudest, person, behind)
        if loudest < self._line(at):
            return Whose.BACKGROUND
        if self._decides and again and loudest < person.dbfs - LIKE_DB:
            return Whose.UNSURE
        if speaking and self._limit_db < float("inf") and person.much_below(loudest, NEARER_DB):
            return Whose.NEARER
        return Whose.PERSON

    def _of_a_stranger(self, loudest: float, person: _Level | None, behind: _Level | None) -> Whose:
        """No one has spoken yet, or not for long: only loudness tells whether this is for us."""
        sure = SURE_DBFS if person is None else min(SURE_DBFS, person.dbfs - LIKE_DB)
        heard = behind or self._unsure
        another = heard is not None and heard.much_below(loudest, CLEAR_DB)
        louder = behind is None or loudest > behind.loudest_dbfs + SLACK_DB
        if not self._decides or another or (loudest >= sure and louder):
            return Whose.PERSON
        return Whose.UNSURE if behind is None else Whose.BACKGROUND
