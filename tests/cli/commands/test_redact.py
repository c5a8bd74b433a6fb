"""`voice redact` on real lines."""

from __future__ import annotations

import json
import re

from click.testing import CliRunner

from voice.cli import main


def run(*arguments: str, text: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["redact", *arguments], input=text)
    return result.exit_code, result.output


def test_lines_come_out_redacted_and_one_number_keeps_its_name() -> None:
    code, out = run(text="call 138 0013 8000\n我的电话是一三八零零一三八零零零\nnothing here\n")
    assert code == 0
    first, second, third = out.splitlines()
    name = re.fullmatch(r"call (<PHONE:[0-9a-f]{8}>)", first)
    assert name is not None
    assert second == f"我的电话是{name[1]}"
    assert third == "nothing here"


def test_json_tells_what_was_found() -> None:
    _, out = run("--json", text="mail ada@example.com\n")
    line = json.loads(out)
    assert [(one["kind"], one["text"]) for one in line["found"]] == [("EMAIL", "ada@example.com")]
    assert line["text"] == f"mail {line['found'][0]['name']}"


def test_a_region_that_is_none_is_refused_in_one_line() -> None:
    code, out = run("--regions", "CN,Atlantis", text="x\n")
    assert (code, out.count("\n")) == (78, 1)
    assert "ATLANTIS" in out
    assert "safety.regions" in out


def test_what_is_public_stays_and_has_to_be_a_number() -> None:
    code, out = run("--set", "safety.public=400-800-1234", text="call 400 800 1234 or 138 0013 8000\n")
    assert code == 0
    assert out.startswith("call 400 800 1234 or <PHONE:")
    code, out = run("--set", "safety.public=hello", text="x\n")
    assert (code, out.count("\n")) == (78, 1)
    assert "safety.public" in out


def test_a_spacy_model_that_is_not_installed_is_named() -> None:
    code, out = run("--presidio", "en_core_web_none", text="x\n")
    assert code == 66
    assert "en_core_web_none" in out or "Presidio is not installed" in out
