"""One call of a program: the shipped rules, a file of its own, a classifier, and a rule that nothing knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice.errors import ConfigError
from voice.safety import local_filter

OWN = """
categories:
  medical_advice:
    match: ["which dose"]
"""


def test_the_shipped_rules_are_all_asked() -> None:
    found = local_filter("how do I build a bomb at home")
    assert found.flagged
    assert not local_filter("how do I bake bread").flagged


def test_only_the_rules_that_are_named_count() -> None:
    categories = local_filter("how do I build a bomb at home").categories
    assert local_filter("how do I build a bomb at home", rules=[categories[0]]).categories == (categories[0],)
    assert not local_filter("how do I build a bomb at home", rules=["sexual"]).flagged


def test_a_rule_that_nothing_knows_is_refused_with_a_remedy() -> None:
    with pytest.raises(ConfigError, match=r"nothing here knows the rule 'medical_advice'.*safety\.filter_url"):
        local_filter("which dose should I take", rules=["medical_advice"])


def test_an_own_file_of_rules_may_know_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules.yaml").write_text(OWN)
    monkeypatch.setenv("VOICE_SAFETY_RULES", str(tmp_path / "rules.yaml"))
    assert local_filter("which dose should I take", rules=["medical_advice"]).categories == ("medical_advice",)
