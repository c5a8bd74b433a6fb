"""What a listener would say of one run: how soon each turn was answered, and what went wrong.

Judged from the sound alone, against the truth about the recording, the same for every system.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from benchmarks.peers.stage import Said
from voice.trace import percentile

SLACK_S = 0.06
"""A reply that begins this little before a stretch ends is not counted against anyone."""

DECIDING_S = 1.5
"""How long after words over a reply a system may decide that they interrupt it."""

FIRST_OF_REPLY = ("first_token", "first_clause", "first_audio")

Interval = tuple[float, float]


@dataclass(slots=True)
class Judged:
    """What one run, or several added up, came to. Latencies in ms from the true end of speech; counts of mishaps.

    `response_ms` is by turn. `pauses` is how many breaths inside a turn there were, `overlaps` how many coughs and
    backchannels met a sounding reply, `interruptions` how many questions did.
    """

    response_ms: list[float] = field(default_factory=list)
    marks_ms: dict[str, list[float]] = field(default_factory=dict)
    decision_to_audible_ms: list[float] = field(default_factory=list)
    barge_in_ms: list[float] = field(default_factory=list)
    turns: int = 0
    unanswered: int = 0
    pauses: int = 0
    false_cut_offs: int = 0
    interruptions: int = 0
    missed_interruptions: int = 0
    overlaps: int = 0
    stopped_by_noise: int = 0
    self_interruptions: int = 0

    def add(self, other: Judged) -> None:
        """Count another run in."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, dict):
                for key, values in theirs.items():
                    mine.setdefault(key, []).extend(values)
            elif isinstance(mine, list):
                mine.extend(theirs)
            else:
                setattr(self, name, mine + theirs)

    def figures(self) -> dict[str, object]:
        """JSON-ready: p50 and p95 of each latency, and the counts."""
        counts = {name: value for name in self.__slots__ if isinstance(value := getattr(self, name), int)}
        return {
            "response_ms": p50_p95(self.response_ms),
            "decision_to_audible_ms": p50_p95(self.decision_to_audible_ms),
            "barge_in_to_silence_ms": p50_p95(self.barge_in_ms),
            "after_end_of_speech_ms": {name: p50_p95(values) for name, values in self.marks_ms.items()},
            **counts,
        }


def p50_p95(values: Sequence[float]) -> dict[str, float | int | None]:
    """The two percentiles, rounded, and how many values there were; None without any."""
    if not values:
        return {"p50": None, "p95": None, "n": 0}
    return {"p50": round(percentile(values, 0.5), 1), "p95": round(percentile(values, 0.95), 1), "n": len(values)}


def judge(said: Sequence[Said], sounding: Sequence[Interval], marks: Iterable[tuple[float, str]]) -> Judged:
    """Compare what should happen with what sounded; marks are what the system said of itself."""
    found, noted = Judged(), sorted((at, name) for at, name in marks)
    cuts = [at for at, name in noted if name == "interrupted" and _sounds(sounding, at - 0.1, at)]
    turns = _turns(said)
    for number, pieces in enumerate(turns):
        until = turns[number + 1][0].start if number + 1 < len(turns) else float("inf")
        _judge_turn(found, pieces, until, sounding, noted)
    for one in said:
        if one.kind == "interruption" and _sounds(sounding, one.start, one.start):
            _judge_interruption(found, one, sounding)
        if one.kind == "noise" and _sounds(sounding, one.start, one.start):
            found.overlaps += 1
            found.stopped_by_noise += any(one.start <= at <= one.end + DECIDING_S for at in cuts)
    found.self_interruptions = sum(
        not any(one.start - SLACK_S <= at <= one.end + DECIDING_S for one in said) for at in cuts
    )
    return found


def _turns(said: Iterable[Said]) -> list[list[Said]]:
    turns: dict[int, list[Said]] = {}
    for one in said:
        if one.turn:
            turns.setdefault(one.turn, []).append(one)
    return list(turns.values())


def _judge_turn(
    found: Judged, pieces: list[Said], until: float, sounding: Sequence[Interval], marks: list[tuple[float, str]]
) -> None:
    found.turns += 1
    for before, after in pairwise(pieces):
        found.pauses += 1
        found.false_cut_offs += any(before.end - SLACK_S <= start < after.end - SLACK_S for start, _ in sounding)
    ended = pieces[-1].end
    onsets = [start for start, _ in sounding if ended - SLACK_S <= start < until]
    if not onsets:
        found.unanswered += 1
        return
    onset = onsets[0]
    found.response_ms.append((onset - ended) * 1000)
    own = _own_marks(marks, pieces[0].start, onset)
    for name, at in own.items():
        found.marks_ms.setdefault(name, []).append((at - ended) * 1000)
    if "endpoint" in own:
        found.decision_to_audible_ms.append((onset - own["endpoint"]) * 1000)


def _own_marks(marks: list[tuple[float, str]], start: float, onset: float) -> dict[str, float]:
    """The marks that led to this reply: the last decision and words before it, and the first of what followed them."""
    within = [(at, name) for at, name in marks if start <= at <= onset + 0.03 and name != "interrupted"]
    own = {name: at for at, name in within if name not in FIRST_OF_REPLY}
    since = own.get("transcript", start)
    for at, name in within:
        if name in FIRST_OF_REPLY and at >= since:
            own.setdefault(name, at)
    return own


def _judge_interruption(found: Judged, one: Said, sounding: Sequence[Interval]) -> None:
    found.interruptions += 1
    silent = next(end for start, end in sounding if start <= one.start <= end)
    if silent > min(one.end, one.start + DECIDING_S):
        found.missed_interruptions += 1
    else:
        found.barge_in_ms.append((silent - one.start) * 1000)


def _sounds(sounding: Sequence[Interval], start: float, end: float) -> bool:
    return any(begin <= end and start <= stop for begin, stop in sounding)
