"""Flags that many commands share: the sources of settings, and flags for single settings."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from voice import logs, paths
from voice.errors import MissingError, UsageError
from voice.settings.layers import OPTIONS, PROFILES, Given, Resolved, load

_FLAGS = "voice.flags"

Function = Callable[..., Any]


def setting(flag: str, key: str, *, metavar: str = "") -> Callable[[Function], Function]:
    """A flag for the setting `key`; its value reaches the command through `configured`."""
    option = OPTIONS[key]

    def remember(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
        if value is not None:
            ctx.meta.setdefault(_FLAGS, []).append(Given(key, value, flag, text=True))

    return click.option(
        flag,
        callback=remember,
        expose_value=False,
        metavar=metavar or "|".join(option.choices) or option.kind.__name__.upper(),
        shell_complete=lambda ctx, param, begun: [choice for choice in option.choices if choice.startswith(begun)],
        help=f"{option.help} [{key}]",
    )


def configured(command: Function, *, profile: str = "desktop") -> Function:
    """Add --profile, --config and --set, and call the command with the merged settings as `resolved`.

    `profile` is the default if neither the flag nor VOICE_PROFILE names one.
    """

    @click.option(
        "--profile",
        envvar="VOICE_PROFILE",
        default=profile,
        show_default=True,
        metavar="|".join(PROFILES),
        shell_complete=lambda ctx, param, begun: [name for name in PROFILES if name.startswith(begun)],
        help="Preset settings for a kind of machine.",
    )
    @click.option(
        "--config",
        "config",
        envvar="VOICE_CONFIG",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A TOML file of settings; it overrides the profile and what `voice setup` saved.",
    )
    @click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="SECTION.KEY=VALUE",
        shell_complete=lambda ctx, param, begun: [f"{key}=" for key in OPTIONS if key.startswith(begun)],
        help="One setting; `voice config` lists them. May be repeated.",
    )
    @functools.wraps(command)
    def with_settings(*args: Any, profile: str, config: Path | None, assignments: tuple[str, ...], **rest: Any) -> Any:
        flags = [*click.get_current_context().meta.get(_FLAGS, []), *map(_assignment, assignments)]
        resolved = load(
            profile=profile,
            config=config,
            personal=paths.user_config() / "config.toml",
            keys=paths.environment_file(),
            environment=os.environ,
            flags=flags,
        )
        logs.install(_secrets(resolved))
        return command(*args, resolved=resolved, **rest)

    return with_settings


@contextlib.contextmanager
def extra(name: str, packages: str) -> Iterator[None]:
    """Report which `packages` to install if an import from the extra `name` fails."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "voice":
            raise
        remedy = f"install them: {sys.executable} -m pip install {packages}"
        raise MissingError(f"{error.name} is not installed", where=f"the extra [{name}]", remedy=remedy) from error


def _secrets(resolved: Resolved) -> Iterator[str]:
    """Values that must not appear in a log."""
    for key, option in OPTIONS.items():
        if option.secret:
            for item in str(resolved.value(key)).split(","):
                yield item.strip().rpartition(":")[2]


def _assignment(text: str) -> Given:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(
            "no value", where=f"--set {text}", expected="--set SECTION.KEY=VALUE, such as turn.silence_ms=400"
        )
    return Given(key.strip(), value, "--set", text=True)


__all__ = ["Function", "Resolved", "configured", "extra", "setting"]
