"""Moments of a turn become spans that sum to the whole."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.trace import MOMENTS, TurnTrace, percentile, summary


@given(st.dictionaries(st.sampled_from(MOMENTS), st.floats(0, 100), min_size=2))
def test_spans_sum_to_the_response_latency_whatever_the_order(moments: dict[str, float]) -> None:
    trace = TurnTrace(1)
    for moment, at in moments.items():
        trace.mark(moment, at)
    if "speech_end" in moments and "audible" in moments and moments["audible"] >= moments["speech_end"]:
        assert trace.response_ms is not None
        assert math.isclose(sum(ms for _, ms in trace.spans()), trace.response_ms, abs_tol=1e-6)
    assert all(ms >= 0 for _, ms in trace.spans())


def test_a_moment_is_marked_once_until_it_is_cleared() -> None:
    trace = TurnTrace(1)
    trace.mark("first_token", 1.0)
    trace.mark("first_token", 2.0)
    assert trace.moments["first_token"] == 1.0
    trace.clear("first_token")
    trace.mark("first_token", 3.0)
    assert trace.moments["first_token"] == 3.0


def test_an_unknown_moment_is_a_defect() -> None:
    with pytest.raises(ValueError, match="unknown moment"):
        TurnTrace(1).mark("lunch", 1.0)


def test_a_line_survives_json_and_summarizes() -> None:
    trace = TurnTrace(3, outcome="answered", text="hi")
    trace.mark("speech_end", 10.0)
    trace.mark("endpoint", 10.5)
    trace.mark("audible", 10.6)
    line = json.loads(json.dumps(trace.to_json()))
    assert line["response_ms"] == 600.0
    assert line["spans_ms"] == {"endpoint": 500.0, "audible": 100.0}
    assert summary([line, line])["response"] == (600.0, 600.0)


def test_percentile_is_the_nearest_rank() -> None:
    assert percentile([1, 2, 3, 4], 0.5) == 2
    assert percentile([1, 2, 3, 4], 0.95) == 4
    assert percentile([5], 0.0) == 5
    assert math.isnan(percentile([], 0.5))
