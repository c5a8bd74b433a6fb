"""`voice moderate`: a verdict for each line of standard input."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from voice.cli import main

LINES = "what a nice day\nI want to kill myself\n我们要推翻政府\n\n"


def test_each_line_has_its_verdict() -> None:
    result = CliRunner().invoke(main, ["moderate"], input=LINES)
    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.output.splitlines()] == [
        ["allow", "what"], ["block", "self-harm"], ["flag", "politics"], ["allow"],
    ]  # fmt: skip


def test_json_says_which_rule() -> None:
    result = CliRunner().invoke(main, ["moderate", "--json", "--set", "safety.self_harm=flag"], input=LINES)
    told = [json.loads(line) for line in result.output.splitlines()]
    assert [(one["verdict"], one["action"]) for one in told] == [
        ("allow", "allow"), ("flag", "flag"), ("flag", "flag"), ("allow", "allow"),
    ]  # fmt: skip
    [rule] = told[1]["rules"]
    assert rule["category"] == "self-harm"
    assert "rules.yaml:" in rule["where"]


def test_a_category_that_is_off_is_not_looked_for() -> None:
    result = CliRunner().invoke(main, ["moderate", "--json", "--set", "safety.self_harm=off"], input=LINES)
    assert json.loads(result.output.splitlines()[1])["verdict"] == "allow"


def test_faults_of_the_settings_are_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "rules.yaml"
    broken.write_text("categories: [a]", "utf-8")
    result = CliRunner().invoke(main, ["moderate", "--rules", str(broken)], input=LINES)
    assert result.exit_code == 78
    assert f"{broken}:1: categories: not a mapping" in result.output
    for wrong, code in (
        ("safety.rules=/nowhere.yaml", 66),
        ("safety.moderate=off", 2),
        ("safety.openai_url=ftp://x", 78),
        ("safety.filter_url=http://127.0.0.1:9", 78),
    ):
        result = CliRunner().invoke(main, ["moderate", "--set", wrong], input=LINES)
        assert (result.exit_code, result.output.count("\n")) == (code, 1), result.output
