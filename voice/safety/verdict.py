"""What moderation says about a text: allowed, flagged with categories, or that it could not be told."""

from __future__ import annotations

from dataclasses import dataclass

CATEGORIES = ("politics", "violence", "self-harm", "sexual", "hate", "illegal", "fraud")
"""What the shipped rules know; other providers and an owner's own rules may add theirs."""

UNCHECKED = "unchecked"
"""The category of a text whose check failed, if such text must be blocked."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`categories` the text was flagged for, none if it is allowed; `error` says in one line why the check failed."""

    categories: tuple[str, ...] = ()
    error: str = ""

    @property
    def flagged(self) -> bool:
        """Whether any category was found."""
        return bool(self.categories)

    @property
    def kind(self) -> str:
        """allow, flag or error."""
        return "flag" if self.categories else "error" if self.error else "allow"


ALLOWED = Verdict()


def together(verdicts: list[Verdict]) -> Verdict:
    """What several judges say of one text: everything any of them flags, and the first failure."""
    categories = dict.fromkeys(name for verdict in verdicts for name in verdict.categories)
    return Verdict(tuple(categories), next((verdict.error for verdict in verdicts if verdict.error), ""))
