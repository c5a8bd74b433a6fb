"""`voice transcribe`: the words of recordings, as text, JSON lines or subtitles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voice.cli.options import Resolved, configured, setting
from voice.errors import MissingError, UsageError, VoiceError

if TYPE_CHECKING:
    from voice.conversation.transcription import Transcription

ENDINGS = {"text": ".txt", "json": ".jsonl", "srt": ".srt", "vtt": ".vtt"}


@click.command("transcribe")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--json", "form", flag_value="json", help="One JSON line per file: text, engine, seconds and more.")
@click.option("--srt", "form", flag_value="srt", help="SubRip subtitles, timed by the word.")
@click.option("--vtt", "form", flag_value="vtt", help="WebVTT subtitles, timed by the word.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE|FOLDER",
    help="Write there, not to standard output; in a folder each recording gets a different file.",
)
@setting("--asr", "asr.engine")
@setting("--model", "asr.model", metavar="NAME")
@setting("--language", "asr.language", metavar="TAG")
@configured
def command(resolved: Resolved, files: tuple[str, ...], form: str | None, output: Path | None) -> None:
    """Print the words of recordings: WAV, MP3, M4A, Ogg, FLAC, WebM, MP4 and other kinds.

    `-` is standard input. A recording that is cut off is read as far as it goes, and ends in an error.
    """
    from voice.cli.interrupt import run

    form = form or "text"
    places = targets(files, form, output)
    failures = run(_transcribed(resolved, files, form, places))
    if failures:
        click.get_current_context().exit(failures[0].exit_code)


def targets(files: Sequence[str], form: str, output: Path | None) -> list[Path | None]:
    """Where the words of each file go; None is standard output. Raises UsageError where that cannot be right."""
    if output is None or not output.is_dir():
        if len(files) > 1 and form in ("srt", "vtt"):
            raise UsageError(
                "subtitles of several recordings need a folder",
                where=f"--{form}",
                expected="an existing folder",
                remedy="add -o FOLDER",
            )
        places: list[Path | None] = [output] * len(files)
    else:
        names = [Path(file).stem if file != "-" else "stdin" for file in files]
        places = [output / (name + ENDINGS[form]) for name in names]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"two recordings are named {name}", where="-o", expected="different names")
    read = {Path(file).resolve() for file in files if file != "-"}
    for place in places:
        if place is not None and place.resolve() in read:
            raise UsageError("this would overwrite a recording", where=f"-o {place}", expected="another file")
    return places


async def _transcribed(
    resolved: Resolved, files: Sequence[str], form: str, places: Sequence[Path | None]
) -> list[VoiceError]:
    """Write the words of each file; returns what went wrong, which is shown as it happens."""
    from functools import partial

    from voice.audio.reader import AudioReader
    from voice.conversation.transcription import PATIENCE_S, transcribe
    from voice.wiring.engines import recognizer
    from voice.worker import Worker

    engine = Worker("recognizer", partial(recognizer, resolved.settings, partials=False), patience_s=PATIENCE_S)
    failures: list[VoiceError] = []
    written: set[Path] = set()
    try:
        for file, place in zip(files, places, strict=True):
            try:
                with AudioReader(file) as reader, progress(reader.name, reader.duration_s) as advance:
                    found = await transcribe(engine, reader, timed=form in ("srt", "vtt"), progress=advance)
                _write(rendered(file, found, form, named=len(files) > 1), place, written)
                if found.truncated:
                    raise MissingError(f"the recording is cut off after {found.seconds:.1f} s", where=reader.name)
            except VoiceError as error:
                failures.append(error)
                click.echo(f"voice: {error}", err=True)
                if isinstance(error, UsageError):
                    break
    finally:
        engine.close()
    return failures


def rendered(file: str, found: Transcription, form: str, *, named: bool) -> str:
    """What is written of one recording; `named` puts its name before its words."""
    from voice.asr.subtitles import cues, srt, vtt

    if form == "json":
        facts = {
            "file": file,
            "text": found.text,
            "engine": found.engine,
            "language": found.language,
            "seconds": round(found.seconds, 2),
            "real_time_factor": round(found.took_s / found.seconds, 3) if found.seconds else 0.0,
            "cut_off": found.truncated,
        }
        return json.dumps(facts, ensure_ascii=False) + "\n"
    if form == "text":
        return f"{file}: {found.text}\n" if named else f"{found.text}\n"
    return (srt if form == "srt" else vtt)(cues(found.words))


def _write(text: str, place: Path | None, written: set[Path]) -> None:
    """Add to standard output or to a file, which is begun by the first that is written there."""
    if place is None:
        click.echo(text, nl=False)
        return
    try:
        with place.open("a" if place in written else "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise MissingError(
            f"cannot be written: {error.strerror}", where=str(place), expected="a writable file with free space"
        ) from error
    written.add(place)


@contextmanager
def progress(name: str, seconds: float | None) -> Iterator[Callable[[float], object]]:
    """Show how far a recording has come, as one bar on standard error; silent where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(Path(name).name, total=seconds)
        yield lambda done: bar.update(task, completed=done)
