"""Records from files: CSV in any usual encoding, or JSON lines, read line by line."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from voice.errors import MissingError, UsageError
from voice.memory.record_book import put
from voice.memory.records import RecordKind, Row, RowError, read_row
from voice.memory.vault import Vault, Who

AT_ONCE = 100_000
"""Rows held before they are kept."""

MOST_TOLD = 20
"""Rows that could not be read and whose reason is shown."""

_CHUNK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(slots=True)
class Imported:
    """What came of an import. `told` are lines about the first of the `wrong` rows."""

    kept: int = 0
    old: int = 0
    wrong: int = 0
    people: set[Who] = field(default_factory=set)
    told: list[str] = field(default_factory=list)

    def refuse(self, line: int, why: str) -> None:
        """Count a row that cannot be read."""
        self.wrong += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(f"row {line}: {why}")


def import_file(vault: Vault, path: Path, kind: RecordKind, who: Who, by: str = "") -> Imported:
    """Keep the rows of a file for one person, or for the person that the column `by` names in each.

    Rows that cannot be read are counted and left out. Raises MissingError for a file that cannot be read, UsageError
    for a missing column and for more rows than a person may have.
    """
    return import_rows(vault, rows_of(path, kind, by), kind, who, by)


def import_output(vault: Vault, output: bytes, where: str, kind: RecordKind, who: Who, by: str = "") -> Imported:
    """The same for what a command has written; it is JSON lines where it begins with a brace, else CSV."""
    return import_rows(vault, _rows_in(output, where, kind, by), kind, who, by)


def import_rows(
    vault: Vault, rows_told: Iterator[tuple[int, Mapping[str, Any] | str]], kind: RecordKind, who: Who, by: str
) -> Imported:
    """The same for rows with their lines."""
    done, oldest, held = Imported(), vault.oldest(), 0
    staged: dict[Who, dict[str, Row]] = {}
    for line, told in rows_told:
        try:
            if isinstance(told, str):
                raise RowError(told)
            row = read_row(kind, told)
            person = Who(who.owner, str(told.get(by) or "").strip()) if by else who
            if not person.person:
                raise RowError(f"{by} is empty")
        except RowError as error:
            done.refuse(line, str(error))
            continue
        if row.day < oldest:
            done.old += 1
            continue
        rows = staged.setdefault(person, {})
        held += row.key not in rows
        rows[row.key] = row
        if held >= AT_ONCE:
            _keep(vault, kind, staged, done)
            held = 0
    _keep(vault, kind, staged, done)
    return done


def _keep(vault: Vault, kind: RecordKind, staged: dict[Who, dict[str, Row]], done: Imported) -> None:
    for who, rows in staged.items():
        with vault.writing(who) as database:
            done.kept += put(database, kind, rows.values(), vault.oldest())
        done.people.add(who)
    staged.clear()


def rows_of(path: Path, kind: RecordKind, by: str = "") -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """Each row with its line in the file, counted from 1; a text in place of one that cannot be read says why."""
    with _readable(path):
        with path.open("rb") as raw:
            encoding = _encoding(raw, str(path))
        with path.open(encoding=encoding, newline="") as file:
            if path.suffix.lower() in (".jsonl", ".ndjson"):
                yield from _json_lines(file)
            else:
                yield from _csv(file, str(path), _columns(kind, by))


def _rows_in(output: bytes, where: str, kind: RecordKind, by: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    raw = io.BytesIO(output)
    with io.TextIOWrapper(raw, _encoding(raw, where), newline="") as file:
        file.seek(0)
        if output.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            yield from _json_lines(file)
        else:
            yield from _csv(file, where, _columns(kind, by))


def _columns(kind: RecordKind, by: str) -> list[str]:
    return [*kind.columns.values(), *([by] if by else [])]


def _json_lines(file: IO[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except ValueError as error:
            yield number, f"not JSON: {error}"
            continue
        yield number, told if isinstance(told, dict) else "not a JSON object"


def _csv(file: IO[str], where: str, columns: Sequence[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    first = file.readline()
    delimiter = max(",;\t|", key=first.count)
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    for column in columns:
        if column not in names:
            raise UsageError(
                f"no column {column!r}",
                where=where,
                expected=f"the columns {', '.join(dict.fromkeys(columns))}",
                remedy=f"it has {', '.join(names) or 'none'}",
            )
    reader = csv.reader(file, delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num + 1, str(error)
            continue
        if not any(field.strip() for field in row):
            continue
        if len(row) != len(names):
            yield reader.line_num + 1, f"{len(row)} fields; expected {len(names)}"
            continue
        yield reader.line_num + 1, dict(zip(names, row, strict=True))


def _encoding(file: IO[bytes], where: str) -> str:
    """The encoding of a file: by its mark, else UTF-8 where all of it is, else GB 18030, which GBK is part of."""
    head = file.read(4)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    for encoding in ("utf-8", "gb18030"):
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise MissingError("neither UTF-8 nor GBK", where=where, expected="a text file", remedy="save it as UTF-8")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise MissingError(what, where=str(path), expected="a CSV file, or one of JSON lines (.jsonl)") from error
    except UnicodeDecodeError as error:
        raise MissingError("not all of it is text", where=str(path), expected="a text file") from error
