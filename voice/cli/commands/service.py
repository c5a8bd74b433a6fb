"""`voice service`: the assistant as a systemd service, started at boot and restarted if it fails or stops hearing."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from voice.errors import MissingError, UnavailableError, UsageError
from voice.system.systemd import NAME, ServiceUnit, typed

RUNS = ("talk", "serve", "kiosk")
SHOWN = ("ActiveState", "SubState", "StatusText", "Result", "NRestarts", "MemoryCurrent", "ActiveEnterTimestamp")

system_flag = click.option("--system", is_flag=True, help="Use the system manager instead of your own (needs root).")


@click.group("service", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Run the assistant as a systemd service that starts at boot and is restarted if it fails or stops hearing.

    `voice service install` writes a unit for your user's systemd, with --system for the system's. The arguments after
    `--` are the command it runs; default: `talk --profile pi`. `voice service` alone shows the state.
    """
    if ctx.invoked_subcommand is None:
        for system in (False, True):
            manager = "system" if system else "your"
            if _path(system).exists():
                click.echo(f"{manager} service: {_state(system)}  ({_path(system)})")
            else:
                click.echo(f"{manager} service: not installed")


@command.command("install", context_settings={"ignore_unknown_options": True})
@system_flag
@click.option("--user", metavar="NAME", default="", help="With --system: the user that runs it; default: you.")
@click.option(
    "--memory", "memory_mb", type=click.IntRange(128), default=600, show_default=True, help="Memory limit in MiB."
)
@click.option("--print", "only_print", is_flag=True, help="Print the unit file and change nothing.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND…]")
def install(system: bool, user: str, memory_mb: int, only_print: bool, words: tuple[str, ...]) -> None:
    """Write the unit, and start it if systemd is running."""
    unit = ServiceUnit(
        [str(_program()), *_command(words)],
        system,
        str(_data(user if system else "")),
        user=_account(user).pw_name if system else "",
        version=_version(),
        memory_mb=memory_mb,
    )
    if only_print:
        click.echo(unit.text(), nl=False)
        return
    path = _path(system)
    try:
        if system:
            _data(user).mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(unit.text(), "utf-8")
    except OSError as error:
        remedy = "use sudo, or omit --system" if system else ""
        raise MissingError(f"cannot be written: {error.strerror}", where=str(path), remedy=remedy) from error
    click.echo(f"written: {path}")
    steps = [["daemon-reload"], ["enable", NAME], ["restart", NAME]]
    if not _running(system):
        for step in steps:
            click.echo(f"run this where systemd runs: {typed(_systemctl(system, *step))}")
        return
    for step in steps:
        _run(_systemctl(system, *step))
    if not system:
        click.echo("to start it before you log in: loginctl enable-linger")
    click.echo("running; to see its log: journalctl " + ("" if system else "--user ") + f"-u {NAME.split('.')[0]} -f")


@command.command("status")
@system_flag
def status(system: bool) -> None:
    """Show the state of the service. Exits with code 69 if it is not running."""
    path = _path(system)
    if not path.exists():
        raise MissingError("the service is not installed", where=str(path), remedy="voice service install")
    if not _running(system):
        raise UnavailableError("systemd is not running", where="voice service status")
    shown = _run([*_systemctl(system, "show", NAME), "--property", ",".join(SHOWN)])
    values = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    memory = values.get("MemoryCurrent", "")
    size = f", {int(memory) / 2**20:.0f} MiB" if memory.isdigit() and int(memory) < 2**60 else ""
    click.echo(
        f"{values.get('ActiveState')} ({values.get('SubState')}) since {values.get('ActiveEnterTimestamp') or '-'}, "
        f"{values.get('NRestarts', '0')} restarts{size}"
    )
    if values.get("StatusText"):
        click.echo(values["StatusText"])
    if values.get("ActiveState") != "active":
        raise UnavailableError(
            f"the service is {values.get('ActiveState')} ({values.get('Result')})",
            where=NAME,
            remedy="journalctl " + ("" if system else "--user ") + "-u voice-assistant -n 20",
        )


@command.command("uninstall")
@system_flag
def uninstall(system: bool) -> None:
    """Stop the service and remove its unit; conversations and settings are kept."""
    path = _path(system)
    if not path.exists():
        raise MissingError("the service is not installed", where=str(path))
    running = _running(system)
    if running:
        _run(_systemctl(system, "disable", "--now", NAME))
    try:
        path.unlink()
    except OSError as error:
        raise MissingError(f"cannot be removed: {error.strerror}", where=str(path)) from error
    if running:
        _run(_systemctl(system, "daemon-reload"))
    click.echo(f"removed: {path}")


def _state(system: bool) -> str:
    """The state in one word, as systemd says it."""
    if not _running(system):
        return "installed, but systemd is not running here"
    words = _systemctl(system, "is-active", NAME)
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def _command(words: Sequence[str]) -> list[str]:
    """The service's command with absolute paths, since a service starts in another folder."""
    words = list(words) or ["talk", "--profile", "pi"]
    if words[0] not in RUNS:
        raise UsageError(f"cannot run {words[0]!r}", where="voice service install --", expected=" or ".join(RUNS))
    after_flag = {index + 1 for index, word in enumerate(words) if word in ("--config", "--trace", "--record")}
    return [str(Path(word).absolute()) if index in after_flag else word for index, word in enumerate(words)]


def _program() -> Path:
    """The `voice` next to this Python, which uses its environment."""
    beside = Path(sys.executable).parent / "voice"
    found = beside if beside.exists() else Path(shutil.which("voice") or "")
    if not found.is_file():
        raise MissingError("the program is not found", where=str(beside), remedy="install the package first")
    return found.absolute()


def _account(user: str) -> pwd.struct_passwd:
    name = user or os.environ.get("SUDO_USER", "")
    try:
        return pwd.getpwnam(name) if name else pwd.getpwuid(os.getuid())
    except KeyError:
        raise UsageError(f"no user {name!r}", where="--user", expected="a user of this machine") from None


def _data(user: str) -> Path:
    """The data folder of the user that runs the service."""
    from voice.paths import user_data

    return Path(_account(user).pw_dir) / ".local/share/voice-assistant" if user else user_data()


def _path(system: bool) -> Path:
    if system:
        return Path("/etc/systemd/system") / NAME
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd/user" / NAME


def _systemctl(system: bool, *words: str) -> list[str]:
    return ["systemctl", *([] if system else ["--user"]), *words]


def _running(system: bool) -> bool:
    """Whether the service manager is reachable."""
    if shutil.which("systemctl") is None:
        return False
    asked = subprocess.run(_systemctl(system, "is-system-running"), capture_output=True, text=True, check=False)
    return asked.stdout.strip() not in ("", "offline", "unknown")


def _version() -> int:
    """The systemd version here; 252 if there is none, for a unit that is written for another machine."""
    if shutil.which("systemctl") is None:
        return 252
    said = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=False).stdout.split()
    return int(said[1]) if len(said) > 1 and said[1].isdigit() else 252


def _run(words: Sequence[str]) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UnavailableError(said[-1] if said else f"ended with {done.returncode}", where=typed(words))
    return done.stdout
