"""Files of records: in every usual form, with faults in them, and large."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.errors import MissingError, UsageError
from voice.memory.imports import MOST_TOLD, import_file
from voice.memory.record_book import all_rows
from voice.memory.records import kinds_of
from voice.memory.vault import Vault, Who

TODAY = date(2026, 11, 27)
KIND = kinds_of('{"orders": {"day": "date", "item": "product", "quantity": "qty", "number": "no"}}')["orders"]
ANN = Who("", "ann")
GOOD = "no,date,product,qty\n1,2026-11-20,coffee,2\n2,2026-11-21,咖啡,1\n"


@pytest.fixture
def vault() -> Vault:
    return Vault(None, bytes, oldest=lambda: TODAY - timedelta(days=30))


def written(folder: Path, text: str, encoding: str = "utf-8", name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def kept(vault: Vault, who: Who = ANN) -> list[tuple[Any, Any]]:
    with vault.reading(who) as database:
        return [(row["item"], row["quantity"]) for row in all_rows(database, "orders")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_usual_encoding_and_delimiter(vault: Vault, tmp_path: Path, encoding: str, delimiter: str) -> None:
    done = import_file(vault, written(tmp_path, GOOD.replace(",", delimiter), encoding), KIND, ANN)
    assert (done.kept, done.wrong, done.old) == (2, 0, 0)
    assert kept(vault) == [("coffee", 2.0), ("咖啡", 1.0)]


def test_json_lines(vault: Vault, tmp_path: Path) -> None:
    lines = '{"no": 1, "date": "2026-11-20", "product": "coffee", "qty": 2}\n\n{"no": 2\n[1]\n{"date": "2026-11-20"}\n'
    done = import_file(vault, written(tmp_path, lines, name="orders.jsonl"), KIND, ANN)
    assert (done.kept, done.wrong) == (1, 3)
    assert [line.partition(":")[0] for line in done.told] == ["row 3", "row 4", "row 5"]


def test_an_import_may_be_repeated(vault: Vault, tmp_path: Path) -> None:
    for _ in range(2):
        import_file(vault, written(tmp_path, GOOD), KIND, ANN)
    assert len(kept(vault)) == 2


def test_faulty_rows_are_named_and_left_out(vault: Vault, tmp_path: Path) -> None:
    text = (
        GOOD + "3,2026-13-40,tea,1\n4,2026-11-20,tea\n\n5,2026-11-20,tea,two\n6,2026-09-01,tea,1\n7,2026-11-20,\x00,1\n"
    )
    done = import_file(vault, written(tmp_path, text), KIND, ANN)
    assert (done.kept, done.wrong, done.old) == (2, 4, 1)
    assert done.told == [
        "row 4: date: '2026-13-40' is no day; expected YYYY-MM-DD",
        "row 5: 3 fields; expected 4",
        "row 7: qty: 'two' is no number",
        "row 9: product has characters that are no text",
    ]


def test_only_the_first_faults_are_told(vault: Vault, tmp_path: Path) -> None:
    done = import_file(vault, written(tmp_path, GOOD + "1,x,y,z\n" * 50), KIND, ANN)
    assert (done.wrong, len(done.told)) == (50, MOST_TOLD)


@pytest.mark.parametrize("head", ["no,date,product\n", "", "\x00\n", "nothing"])
def test_a_missing_column_is_one_line_and_nothing_is_kept(vault: Vault, tmp_path: Path, head: str) -> None:
    with pytest.raises(UsageError, match="no column"):
        import_file(vault, written(tmp_path, head + "1,2026-11-20,coffee\n"), KIND, ANN)
    assert kept(vault) == []


def test_what_is_no_text_and_what_is_not_there_are_one_line(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(b"no,date,product,qty\n\xff\xff\xff")
    with pytest.raises(MissingError, match="neither UTF-8 nor GBK"):
        import_file(vault, tmp_path / "orders.csv", KIND, ANN)
    with pytest.raises(MissingError, match="cannot be read"):
        import_file(vault, tmp_path, KIND, ANN)
    with pytest.raises(MissingError, match="cannot be read"):
        import_file(vault, tmp_path / "no.csv", KIND, ANN)


def test_names_that_are_code_are_only_names(vault: Vault, tmp_path: Path) -> None:
    code = """'; DROP TABLE records; -- <script>alert("x")</script> $(rm -rf /) {0} %s"""
    text = io.StringIO()
    csv.writer(text).writerows([["no", "date", "product", "qty"], ["1", "2026-11-20", code, "1"]])
    who = Who("", code)
    assert import_file(vault, written(tmp_path, text.getvalue()), KIND, who).kept == 1
    assert kept(vault, who) == [(code, 1.0)]


def test_a_column_may_name_the_person(vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voice.memory.imports.AT_ONCE", 2)
    rows = "".join(f"{n},2026-11-20,thing {n},1,{'ab'[n % 2]}\n" for n in range(7))
    done = import_file(
        vault, written(tmp_path, f"no,date,product,qty,who\n{rows}9,2026-11-20,x,1, \n"), KIND, ANN, "who"
    )
    assert (done.kept, done.people, done.told) == (7, {Who("", "a"), Who("", "b")}, ["row 9: who is empty"])
    assert len(kept(vault, Who("", "a"))) == 4


def test_more_than_a_person_may_have_is_refused_whole(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voice.memory.record_book.MOST_ROWS", 1)
    with pytest.raises(UsageError, match="more than 1 orders"):
        import_file(vault, written(tmp_path, GOOD), KIND, ANN)
    assert kept(vault) == []


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(
    lambda text: text.strip()
)


@settings(max_examples=25)
@given(st.lists(st.tuples(texts, st.integers(0, 29), st.integers(1, 999)), max_size=8))
def test_what_is_written_is_what_is_kept(rows: list[tuple[str, int, int]]) -> None:
    told = [{"no": str(n), "date": str(TODAY - timedelta(days=back)), "product": item, "qty": quantity}
            for n, (item, back, quantity) in enumerate(rows)]  # fmt: skip
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["no", "date", "product", "qty"])
    writer.writeheader()
    writer.writerows(told)
    expected = sorted((" ".join(str(row["product"]).split()), float(str(row["qty"]))) for row in told)
    with tempfile.TemporaryDirectory() as folder:
        for name, whole in (("a.csv", text.getvalue()), ("a.jsonl", "\n".join(map(json.dumps, told)))):
            vault = Vault(None, bytes, oldest=lambda: TODAY - timedelta(days=30))
            done = import_file(vault, written(Path(folder), whole, name=name), KIND, ANN)
            assert (sorted(kept(vault)), done.wrong) == (expected, 0)
