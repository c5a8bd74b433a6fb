"""Command-line infrastructure: commands loaded on demand, failures as one line with an exit code."""

from __future__ import annotations

import contextlib
import importlib
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from voice.errors import VoiceError
from voice.logs import discreet, kinds

INTERRUPTED = 130
DEFECT = 1


@contextlib.contextmanager
def failures_in_one_line(ctx: click.Context, *, debug: bool) -> Iterator[None]:
    """Turn any exception of a command into one line and an exit code; click's own exceptions pass through."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else ctx.command_path
        _end(ctx, f"{path}: {error.format_message()} `{path} --help` shows its options.", error.exit_code)
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
    """The original exception inside the exception groups of tasks."""
    if isinstance(error, BaseExceptionGroup):
        return [each for wrapped in error.exceptions for each in _inner(wrapped)]
    return [error]


def _report(error: BaseException, *, debug: bool) -> str:
    if debug:
        return f"internal error: {discreet(' '.join(f'{type(error).__name__}: {error}'.split()))}"
    with tempfile.NamedTemporaryFile(
        "w", prefix="voice-defect-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(kinds(error) + "\n")
    return f"internal error: {type(error).__name__}; please report it with {file.name}"


class LazyGroup(click.Group):
    """A group over modules: `table` maps names to help lines, and the module `package.NAME` defines `command`."""

    def __init__(self, *args: Any, package: str, table: Mapping[str, str], **rest: Any) -> None:
        super().__init__(*args, **rest)
        self._package, self._table = package, table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._table:
            return None
        command: click.Command = self.module(cmd_name).command
        return command

    def module(self, name: str) -> ModuleType:
        """The module that defines a command of the table."""
        return importlib.import_module(f"{self._package}.{name}")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, without loading the commands for their help."""
        named = [CompletionItem(name, help=text) for name, text in self._table.items() if name.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and args[0] not in self._table:
            raise click.NoSuchCommand(args[0], possibilities=self._table, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._table.items()))
