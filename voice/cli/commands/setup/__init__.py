"""`voice setup`: questions about this machine and its person, tried and kept for every command."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voice import paths
from voice.cli.commands.setup.questions import STEPS, system_language
from voice.cli.options import Resolved, configured, setting
from voice.errors import MissingError, UsageError
from voice.settings.layers import environment_name
from voice.settings.schema import Settings

if TYPE_CHECKING:
    from voice.cli.commands.setup.prompts import Prompts
    from voice.cli.commands.setup.wizard import Wizard

FLAGS = "--language, --input, --output, --voice, --echo, --llm, --model, --name, --wake, --home, --set, --yes"
FILE = click.Path(path_type=Path, allow_dash=True)


@click.command("setup")
@click.argument("steps", nargs=-1, type=click.Choice(tuple(STEPS)), metavar="[STEP]…")
@setting("--language", "asr.language", metavar="TAG")
@setting("--input", "audio.input", metavar="NAME")
@setting("--output", "audio.output", metavar="NAME")
@setting("--voice", "tts.voice", metavar="NAME")
@setting("--echo", "audio.echo")
@setting("--llm", "chat.llm", metavar="builtin|URL")
@setting("--model", "chat.model", metavar="NAME")
@setting("--name", "chat.name", metavar="NAME")
@setting("--wake", "wake.mode")
@setting("--wake-words", "wake.words", metavar="WORDS")
@setting("--home", "tools.home_url", metavar="URL")
@click.option("--key-file", type=FILE, metavar="FILE", help="A file with the key of the model server; - reads it.")
@click.option("--home-token-file", type=FILE, metavar="FILE", help="A file with the token of Home Assistant.")
@click.option("--yes", is_flag=True, help="Take the first answer to every question; nothing is asked.")
@click.option("--offline", is_flag=True, help="Fetch no models.")
@configured
def command(
    resolved: Resolved,
    steps: tuple[str, ...],
    key_file: Path | None,
    home_token_file: Path | None,
    yes: bool,
    offline: bool,
) -> None:
    """Set up the assistant: language, models, microphone, voice, echo, language model, name, people, wake word, home.

    STEP asks only that one. A flag keeps its value and asks nothing. Answers go to config.toml in your configuration
    folder, which every command reads; keys go to the environment file beside it, which only you can read.
    """
    given = {key: resolved.value(key) for key, origin in resolved.origins.items() if origin.startswith("--")}
    secrets = _secrets(resolved, key_file, home_token_file)
    if (given or secrets) and not (steps or yes):
        _keep(given, secrets)
        if "asr.language" in given:
            click.echo("to fetch models for this language: voice setup models --yes")
        return
    if not (yes or _in_terminal()):
        raise UsageError("questions need a terminal", where="voice setup", expected=f"one of {FLAGS}")
    from voice.cli.commands.setup.prompts import KeyPrompts, RecommendedAnswers

    wizard = _wizard(resolved.settings, RecommendedAnswers() if yes else KeyPrompts(), offline=offline)
    try:
        if steps:
            for step in steps:
                wizard.ask(step)
        elif _file().exists() and not yes:
            wizard.change()
        else:
            wizard.first(_decided(resolved))
    except KeyboardInterrupt:
        _keep_answers(wizard, given, secrets)
        raise
    if steps:
        _keep_answers(wizard, given, secrets)
    else:
        _keep({**given, **wizard.kept.settings}, {**secrets, **wizard.kept.secrets})


def _keep_answers(wizard: Wizard, given: Mapping[str, object], secrets: Mapping[str, str]) -> None:
    """Save what was answered and given, if anything was: of one step, or before the person left."""
    values, keys = {**given, **wizard.kept.settings}, {**secrets, **wizard.kept.secrets}
    if values or keys:
        _keep(values, keys)


def ask_once(resolved: Resolved, *, offline: bool) -> Settings:
    """Put the questions of a first start where someone can answer and never did; return the settings that follow."""
    if _file().exists() or not _in_terminal():
        return resolved.settings
    from voice.cli.commands.setup.prompts import KeyPrompts

    wizard = _wizard(resolved.settings, KeyPrompts(), offline=offline)
    try:
        wizard.first(_decided(resolved))
    except KeyboardInterrupt:
        _keep_answers(wizard, {}, {})
        raise
    try:
        _keep(wizard.kept.settings, wizard.kept.secrets)
    except MissingError as error:
        click.echo(f"voice: {error}", err=True)  # a start needs no answers
    return wizard.settings


def _wizard(settings: Settings, prompts: Prompts, *, offline: bool) -> Wizard:
    from voice.cli.commands.setup.machine import Machine
    from voice.cli.commands.setup.wizard import Wizard

    return Wizard(settings, Machine(offline=offline), prompts, system_language(os.environ))


def _in_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _file() -> Path:
    return paths.user_config() / "config.toml"


def _decided(resolved: Resolved) -> Sequence[str]:
    """The settings that a flag or the environment decides whatever is answered."""
    return [key for key, origin in resolved.origins.items() if origin.startswith(("--", "VOICE_"))]


def _keep(values: Mapping[str, object], secrets: Mapping[str, str]) -> None:
    """Save the answers and say where; what equals the default too, since a profile may say otherwise."""
    from voice.settings.personal import save_key, save_settings

    for name, key in secrets.items():
        save_key(paths.environment_file(), name, key)
        click.echo(f"{name}: kept in {paths.environment_file()}, which only you can read")
    save_settings(_file(), values)
    click.echo(f"saved: {_file()}" + (f" ({', '.join(values)})" if values else ""))


def _secrets(resolved: Resolved, key_file: Path | None, home_token_file: Path | None) -> dict[str, str]:
    """The keys that are given in files, by their variables."""
    given = {"chat.api_key": key_file, "tools.home_token": home_token_file}
    found = {environment_name(key): _first_line(path) for key, path in given.items() if path is not None}
    home, origin = resolved.settings.tools, resolved.origins["tools.home_url"]
    if origin.startswith("--") and home.home_url and not (home.home_token or home_token_file):
        raise UsageError("Home Assistant needs a token", where=origin, expected="--home-token-file FILE")
    return found


def _first_line(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.readline().strip()
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise MissingError("cannot be read", where=str(path), expected="a file with the key") from error
