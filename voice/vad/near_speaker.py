"""Whose voice is it: the person's, or one of the background, such as a television? Told by what was there before."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

SYLLABLE_S = 0.2
"""How loud a voice is, is the loudest of its last frames, over about a syllable."""

SHORT_S = 0.1
"""A word of the person ends so soon after it was loud, where another voice may follow at once."""

SURE_DBFS = -22.0
"""A voice this loud is near, at whatever microphone; a softer one may be, too."""

SOFT_DB = 6.0
"""A voice softer by this than the person usually speaks is theirs unless it goes on and on."""

CLEAR_DB, STAYS_DB = 5.0, 3.5
"""So much louder than the louder syllables of the background a person begins, and goes on."""

LEAST_DB = 3.0
"""A voice at most so much softer than the person's is theirs, however loud the background is."""

BEGINS_S = 0.3
"""Where there is a background a person is louder than it for so long; a loud syllable of a television is shorter."""

NEARER_DB = 8.5
"""A voice so much louder than the one that has spoken for a while makes it background."""

BRIEF_S, SETTLED_S = 1.0, 2.0
"""How loud a voice usually is, is not known before, and well known after so long."""

TRAILS_DB = 3.0
"""So much softer than they began may a person go on."""

TRAILS_S, LONGEST_S = 3.0, 8.0
"""A soft voice that goes on for longer without a pause is a television: after the person's own, and alone."""

ALONE_S = 0.9
"""A person who speaks to us is silent before and after it; a television goes on."""

QUIET_S = 3.0
"""After so long without any voice a soft one is a person who comes to speak; a television has been heard before."""

HELD_S = 0.6
"""Soft words are answered after so long a silence; within its sentences a television pauses for less."""

BACKGROUND_S = 30.0
"""Where a voice of the background was heard, it is expected for so long."""

RISES, FALLS_DB = 0.06, 0.01
"""How fast a level follows louder syllables, share per frame, and softer ones, dB per frame."""

REMEMBERED_S = 120.0
"""How long after they last spoke a person is expected to speak as loud again."""


class Whose(Enum):
    """Whose voice it may be.

    The person's; theirs, softer than usual; theirs, and what was heard before it was another's; not known until it
    stands alone; too soft to be theirs, where no background is known; the background's.
    """

    PERSON = "person"
    SOFT = "soft"
    NEARER = "nearer"
    UNSURE = "unsure"
    FAR = "far"
    BACKGROUND = "background"


class _Level:
    """How loud a voice is at its louder syllables, dBFS, and how long it has spoken."""

    def __init__(self, dbfs: float) -> None:
        self.dbfs = dbfs
        self.heard_s = 0.0

    def follow(self, dbfs: float, duration_s: float) -> None:
        self.dbfs += RISES * (dbfs - self.dbfs) if dbfs > self.dbfs else -FALLS_DB
        self.heard_s += duration_s

    @property
    def settled(self) -> bool:
        return self.heard_s >= SETTLED_S - 1e-9

    def much_below(self, dbfs: float, by_db: float) -> bool:
        """Whether that is another voice, louder than this one usually is by so much, or more where it is known less."""
        if self.heard_s < BRIEF_S - 1e-9:
            return False
        return dbfs > self.dbfs + by_db * max(1.0, SETTLED_S / self.heard_s)


@dataclass(slots=True)
class _Stretch:
    """Speech without a pause of `ALONE_S` that may be a television's.

    `trails`: the person's own was just before. `opens`: no voice at all was, and no one was known.
    """

    whose: Whose
    since: float
    last: float
    trails: bool
    opens: bool
    level: _Level

    def follow(self, whose: Whose, dbfs: float, at: float, duration_s: float) -> None:
        self.whose = whose if self.whose is Whose.FAR else self.whose  # once it was loud enough, it stays in question
        self.last = at
        self.level.follow(dbfs, duration_s)

    @property
    def goes_on(self) -> bool:
        """Whether it lasts longer than a person's soft words do."""
        longest_s = SETTLED_S if self.whose is Whose.FAR else TRAILS_S if self.trails else LONGEST_S
        return self.last - self.since > longest_s


class NearSpeaker:
    """Knows how loud the person is and, where there is one, the background.

    A voice that goes on without a pause for longer than the person's soft words do is background, and so is, from then
    on, what is not clearly louder. Where no background is known the person's soft words are theirs, down to
    `background_db` below their usual level; with 0 all voices are the person's. Before anyone has spoken a voice below
    `SURE_DBFS` is UNSURE until it has stood alone, but SOFT after `QUIET_S` without a voice; with `afar` it is theirs.
    """

    def __init__(self, background_db: float, *, afar: bool = False) -> None:
        self._limit_db = background_db or float("inf")
        self._doubts = bool(background_db) and not afar
        self._syllable: deque[tuple[float, float]] = deque()
        self._person: _Level | None = None
        self._turn: _Level | None = None
        self._background: _Level | None = None
        self._stretch: _Stretch | None = None
        self._spoke_at = self._background_at = float("-inf")
        self._voice_at: float | None = None
        self.mistaken_since: float | None = None
        """Since when the latest frame shows that what passed for the person's soft words was another voice."""

    def listen(self, at: float) -> None:
        """Take the time of every frame, with or without a voice in it: what came before the first one is not known."""
        if self._voice_at is None:
            self._voice_at = at

    def pause(self) -> None:
        """The person's speech is over: the next syllable is another."""
        self._syllable.clear()

    def drop(self) -> None:
        """Forget the speech that goes on."""
        self.pause()
        self._turn = self._stretch = None

    def update(self, level_dbfs: float, at: float, duration_s: float, *, speaking: bool) -> Whose:
        """Take a frame with a voice in it that ends at `at`. `speaking`: the person was speaking just now."""
        self._end_stretch(at)
        self.mistaken_since = None
        while self._syllable and self._syllable[0][0] <= at - SYLLABLE_S:
            self._syllable.popleft()
        self._syllable.append((at, level_dbfs))
        loudest = max(level for _, level in self._syllable)
        whose = self._whose(loudest, at, speaking)
        opens = whose is Whose.UNSURE and self._opens(at - duration_s)
        if opens:
            whose, self._person = Whose.SOFT, None  # who spoke long ago may be someone else
        self._voice_at = at
        if whose is Whose.FAR or (self._doubts and whose in (Whose.SOFT, Whose.UNSURE)):
            if self._stretch is None:
                trails = at - self._spoke_at < ALONE_S
                self._stretch = _Stretch(whose, at - duration_s, at, trails, opens, _Level(loudest))
            self._stretch.follow(whose, loudest, at, duration_s)
            if self._stretch.goes_on:
                soft = self._stretch.whose is Whose.SOFT and not self._stretch.trails
                self.mistaken_since = self._stretch.since if soft else None
                self._learn_background(self._stretch.level, at)
                return Whose.BACKGROUND
        if whose is Whose.BACKGROUND:
            self._hear_background(loudest, at, duration_s)
        elif whose in (Whose.PERSON, Whose.NEARER):
            self._hear_person(whose, loudest, at, duration_s, speaking)
        if whose in (Whose.PERSON, Whose.NEARER, Whose.SOFT):
            self._spoke_at = at
        return whose

    def begin(self, onset: float) -> float:
        """The person, first noticed at `onset`, begins to speak: since when. Words that led to it are theirs."""
        stretch = self._stretch
        if stretch is None:
            return onset
        if stretch.whose is not Whose.SOFT:
            self._stretch = None
            if stretch.level.settled or stretch.level.much_below(self._loudest(SYLLABLE_S, stretch.last), CLEAR_DB):
                self._learn_background(stretch.level, stretch.last)
                return onset
        return min(onset, stretch.since)

    def stood_alone(self, at: float, least_s: float) -> tuple[float, float] | None:
        """The first and last time of an UNSURE voice of at least `least_s`, once that has stood alone: it is theirs."""
        stretch = self._stretch
        if stretch is None or stretch.whose is not Whose.UNSURE or at - stretch.last < ALONE_S:
            return None
        self._stretch = None
        if stretch.level.heard_s < least_s - 1e-9:
            return None
        self._person, self._spoke_at = stretch.level, stretch.last
        return stretch.since, stretch.last

    def undecided(self, at: float) -> bool:
        """Whether a voice was heard just now that may be the person's, who speaks softly, or a television's."""
        stretch = self._stretch
        if stretch is None or stretch.whose is Whose.FAR:
            return False
        soft = not (stretch.trails or stretch.opens)
        return stretch.whose is Whose.UNSURE or (soft and at - stretch.last < HELD_S - 1e-9)

    def contested(self, at: float) -> bool:
        """Whether another voice speaks here, so that a person begins only by being louder for `BEGINS_S`."""
        stretch = self._stretch
        other = stretch is not None and stretch.whose is not Whose.SOFT and at - stretch.since > SETTLED_S
        return other or self.is_background(at)

    def is_background(self, at: float) -> bool:
        """Whether a voice of the background was heard of late."""
        return at < self._background_at + BACKGROUND_S

    def fades(self, at: float) -> bool:
        """Whether the latest of the person's sound may be another voice: it is softer, and there is one."""
        if self._background is None or not self.is_background(at):
            return False
        line = self._line(speaking=True)
        if self._person is not None:
            halfway = (self._person.dbfs + self._background.dbfs) / 2
            line = max(line, min(halfway, self._person.dbfs - SOFT_DB))
        return self._loudest(SHORT_S, at) < line

    def _loudest(self, last_s: float, at: float) -> float:
        return max((level for when, level in self._syllable if when > at - last_s), default=0.0)

    def _line(self, *, speaking: bool) -> float:
        """The level below which a voice is the background's, where there is one."""
        assert self._background is not None
        line = self._background.dbfs + (STAYS_DB if speaking else CLEAR_DB)
        if self._person is not None:
            line = min(max(line, self._person.dbfs - self._limit_db), self._person.dbfs - LEAST_DB)
        return line

    def _whose(self, loudest: float, at: float, speaking: bool) -> Whose:
        person = self._person
        if self.is_background(at):
            if loudest < self._line(speaking=speaking):
                return Whose.BACKGROUND
        elif person is None or (not speaking and at - self._spoke_at > REMEMBERED_S):
            return self._of_a_stranger(loudest)
        elif loudest < person.dbfs - self._limit_db - (TRAILS_DB if speaking else 0.0):
            return Whose.FAR
        if person is not None and loudest < person.dbfs - SOFT_DB:
            return Whose.SOFT
        nearer = (
            speaking and self._stretch is None and self._turn is not None and self._turn.much_below(loudest, NEARER_DB)
        )
        return Whose.NEARER if nearer and self._limit_db < float("inf") else Whose.PERSON

    def _opens(self, began: float) -> bool:
        """Whether a stranger's voice begins in a room that was quiet before it, or has begun in one."""
        if self._stretch is not None:
            return self._stretch.opens
        return self._voice_at is not None and began - self._voice_at >= QUIET_S - 1e-9

    def _of_a_stranger(self, loudest: float) -> Whose:
        """No one has spoken yet, or not for long: only loudness tells whether this is for us."""
        sure = SURE_DBFS if self._person is None else min(SURE_DBFS, self._person.dbfs - SOFT_DB)
        if self._stretch is not None and self._stretch.level.settled:
            near = self._stretch.level.much_below(loudest, CLEAR_DB)
        else:
            near = loudest >= sure
        return Whose.PERSON if near or not self._doubts else Whose.UNSURE

    def _hear_person(self, whose: Whose, loudest: float, at: float, duration_s: float, speaking: bool) -> None:
        if whose is Whose.NEARER and self._turn is not None:
            self._learn_background(self._turn, at)
        if whose is Whose.NEARER or self._person is None or at - self._spoke_at > REMEMBERED_S:
            self._person = _Level(loudest)
        if self._turn is None or whose is Whose.NEARER or (not speaking and at - self._spoke_at > ALONE_S):
            self._turn = _Level(loudest)
        self._person.follow(loudest, duration_s)
        self._turn.follow(loudest, duration_s)
        if speaking:
            self._stretch = None

    def _hear_background(self, loudest: float, at: float, duration_s: float) -> None:
        self._background_at = at
        if self._background is not None and at - self._spoke_at > 2 * SYLLABLE_S:  # else it may be the end of a word
            self._background.follow(loudest, duration_s)

    def _learn_background(self, level: _Level, at: float) -> None:
        self._background, self._background_at, self._stretch = level, at, None

    def _end_stretch(self, at: float) -> None:
        """Soft words that stood alone are how the person speaks now; a click is none."""
        stretch, person = self._stretch, self._person
        if stretch is None or at - stretch.last <= ALONE_S:
            return
        self._stretch = None
        if stretch.level.heard_s < SYLLABLE_S - 1e-9:
            return
        if stretch.opens:
            self._person = stretch.level
        elif stretch.whose is Whose.SOFT and person is not None:
            person.dbfs = max(min(person.dbfs, stretch.level.dbfs), person.dbfs - SOFT_DB)
