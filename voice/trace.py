"""The latency of one turn: named moments, and spans between neighbours that sum to the whole exactly."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

MOMENTS = ("speech_end", "transcript", "endpoint", "first_token", "first_clause", "first_audio", "audible")
"""The moments of a turn. Speculation changes their order from turn to turn; spans follow the times, not this list."""


@dataclass(slots=True)
class TurnTrace:
    """The moments of one turn and its outcome. Times are seconds on the event loop's clock."""

    turn: int
    session: str = ""
    text: str = ""
    reply: str = ""
    heard: str = ""
    outcome: str = ""
    rule: str = ""
    moments: dict[str, float] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)

    def mark(self, moment: str, at: float) -> None:
        """Set a moment the first time it is reached; later marks of the same turn do not move it."""
        if moment not in MOMENTS:
            raise ValueError(f"unknown moment {moment!r}")
        self.moments.setdefault(moment, at)

    def clear(self, *moments: str) -> None:
        """Delete the moments of a dropped revision, so that the next one can set them."""
        for moment in moments:
            self.moments.pop(moment, None)

    @property
    def response_ms(self) -> float | None:
        """Response latency: audible − speech_end, ms; None while the turn has neither."""
        if "audible" in self.moments and "speech_end" in self.moments:
            return (self.moments["audible"] - self.moments["speech_end"]) * 1000.0
        return None

    @property
    def shown(self) -> str:
        """The reply to show: the part that was heard, and text spoken in its place."""
        reply = self.heard or ("" if "said" in self.notes else self.reply)
        return " ".join(part for part in (reply, str(self.notes.get("said", ""))) if part)

    def spans(self) -> list[tuple[str, float]]:
        """Each moment after speech_end, in time order, with the ms since the one before; they sum to `response_ms`."""
        marks = sorted(self.moments.items(), key=lambda item: (item[1], MOMENTS.index(item[0])))
        names = [name for name, _ in marks]
        if "speech_end" not in names:
            return []
        marks = marks[names.index("speech_end") :]
        after = [name for name, _ in marks]
        if "audible" in after:
            marks = marks[: after.index("audible") + 1]
        return [(name, (at - before) * 1000.0) for (_, before), (name, at) in pairwise(marks)]

    def to_json(self) -> dict[str, object]:
        """A JSON-ready object; moments are ms after speech_end so that traces of different runs compare."""
        zero = self.moments.get("speech_end", 0.0)
        return {
            "turn": self.turn,
            "session": self.session,
            "outcome": self.outcome,
            "rule": self.rule,
            "text": self.text,
            "reply": self.reply,
            "heard": self.heard,
            "response_ms": _rounded(self.response_ms),
            "spans_ms": {name: _rounded(ms) for name, ms in self.spans()},
            "moments_ms": {name: _rounded((at - zero) * 1000.0) for name, at in self.moments.items()},
            "notes": self.notes,
        }


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` (0…1) of the values do not exceed; nearest-rank, nan when empty."""
    ranked = sorted(values)
    if not ranked:
        return float("nan")
    return ranked[max(0, math.ceil(len(ranked) * share - 1e-9) - 1)]


def summary(traces: Iterable[Mapping[str, object]]) -> dict[str, tuple[float, float]]:
    """p50 and p95 in ms of each span and of `response`, over trace lines as `to_json` made them."""
    columns: dict[str, list[float]] = {}
    for line in traces:
        response, spans = line.get("response_ms"), line.get("spans_ms")
        if not isinstance(response, int | float) or not isinstance(spans, Mapping):
            continue
        for name, ms in (*spans.items(), ("response", response)):
            columns.setdefault(str(name), []).append(float(ms))
    return {name: (percentile(values, 0.5), percentile(values, 0.95)) for name, values in columns.items()}
