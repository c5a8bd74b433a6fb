"""The benchmark of tools runs and finds that nearly all requests are understood without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.tools import REQUESTS
from voice.cli import main


def test_it_asks_all_requests_and_writes_its_figures(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    done = CliRunner().invoke(main, ["bench", "tools", "--runs", "1", "--json", str(target)])
    assert done.exit_code == 0, done.output
    found = json.loads(target.read_text("utf-8"))
    for language in ("en", "zh"):
        row = found[language]
        assert row["requests"] == 40
        assert row["right"] + len(row["missed"]) == 40
        assert row["right"] >= 36, row["missed"]
        assert row["called"] == 40, done.output
    assert found["first_token"].keys() == {"plain_ms", "tools_ms"}


@pytest.mark.parametrize("language", REQUESTS)
def test_every_request_is_another(language: str) -> None:
    words = [request.words for request in REQUESTS[language]]
    assert len(set(words)) == len(words) == 40
