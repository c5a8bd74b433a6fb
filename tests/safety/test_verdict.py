"""What several judges say of one text, put together."""

from __future__ import annotations

from voice.safety.verdict import ALLOWED, Verdict, together


def test_everything_that_any_judge_flags_counts_once_and_the_first_failure_is_told() -> None:
    verdicts = [Verdict(("hate",)), Verdict(error="late"), Verdict(("fraud", "hate")), Verdict(error="gone")]
    assert together(verdicts) == Verdict(("hate", "fraud"), "late")
    assert together([]) == ALLOWED


def test_a_finding_weighs_more_than_a_failure() -> None:
    assert [one.kind for one in (ALLOWED, Verdict(error="late"), Verdict(("hate",), "late"))] == [
        "allow",
        "error",
        "flag",
    ]
