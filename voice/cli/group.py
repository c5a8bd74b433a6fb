"""Where failures end: one line on standard error and the exit code that fits, a report file for a defect."""

from __future__ import annotations

import contextlib
import tempfile
import traceback
from collections.abc import Iterator
from typing import NoReturn

import click

from voice.errors import VoiceError
from voice.logs import discreet, kinds

INTERRUPTED = 130
DEFECT = 1


@contextlib.contextmanager
def failures_in_one_line(ctx: click.Context, *, debug: bool) -> Iterator[None]:
    """Turn whatever a command raises into its line and exit code; click's own exceptions pass through."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else ctx.command_path
        _end(ctx, f"{path}: {error.format_message()} `{path} --help` shows what it takes.", error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        ctx.exit(INTERRUPTED)
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - the last resort; it ends in a line and a report
        inner = _inner(error)
        if any(isinstance(each, KeyboardInterrupt) for each in inner):
            ctx.exit(INTERRUPTED)
        for each in inner:
            if isinstance(each, BrokenPipeError):
                raise each from None
        known = next((each for each in inner if isinstance(each, VoiceError)), None)
        if debug:
            click.echo(discreet("".join(traceback.format_exception(error))), err=True)
        if known is not None:
            _end(ctx, f"voice: {known}", known.exit_code)
        _end(ctx, f"voice: {_report(error, debug=debug)}", DEFECT)


def _end(ctx: click.Context, line: str, exit_code: int) -> NoReturn:
    click.echo(" ".join(line.split()), err=True)
    ctx.exit(exit_code)


def _inner(error: BaseException) -> list[BaseException]:
    """What went wrong, out of the groups that tasks wrap it in."""
    if isinstance(error, BaseExceptionGroup):
        return [each for wrapped in error.exceptions for each in _inner(wrapped)]
    return [error]


def _report(error: BaseException, *, debug: bool) -> str:
    if debug:
        return f"a defect, not your fault: {discreet(' '.join(f'{type(error).__name__}: {error}'.split()))}"
    with tempfile.NamedTemporaryFile(
        "w", prefix="voice-defect-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(kinds(error) + "\n")
    return f"a defect, not your fault: {type(error).__name__}; the report to send is {file.name}"
