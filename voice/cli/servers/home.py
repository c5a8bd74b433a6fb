"""`voice home`: a page for the people of a household, each with conversations of their own."""

from __future__ import annotations

import asyncio
import getpass
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voice import paths as folders
from voice.cli.options import Resolved, configured, extra, setting
from voice.cli.servers.serve import prepare_process, served

if TYPE_CHECKING:
    from voice.server.app import Application


@click.group("home", invoke_without_command=True)
@click.option("--lan", is_flag=True, help="Serve the phones of this network, over HTTPS by a certificate made here.")
@setting("--host", "serve.host", metavar="ADDRESS")
@setting("--port", "serve.port", metavar="PORT")
@setting("--llm", "chat.llm", metavar="builtin|URL")
@setting("--model", "chat.model", metavar="NAME")
@setting("--title", "home.title", metavar="TEXT")
@click.pass_context
@configured
def command(ctx: click.Context, resolved: Resolved, lan: bool) -> None:
    """Serve a page for daily use: conversations that are kept, for each person of the household.

    A person comes in by a link (`voice home link add NAME`), which can be taken back. See docs/home.md.
    """
    if ctx.invoked_subcommand is None:
        prepare_process()
        asyncio.run(_home(resolved, lan=lan))


@command.group("link")
def link() -> None:
    """Make, list and take back the links by which people come in."""


@link.command("add")
@click.argument("name")
def add(name: str) -> None:
    """Make a link for NAME and print it; an earlier link of theirs opens nothing from now on."""
    from voice.wiring.home import people

    _show(people().add(name))


@link.command("list")
def listed() -> None:
    """Print the names of people who have a link."""
    from voice.wiring.home import people

    for name in people().names():
        click.echo(name)


@link.command("revoke")
@click.argument("name")
def revoke(name: str) -> None:
    """Take the link of NAME back: their browsers are shut out at once. Their conversations stay."""
    from voice.wiring.home import people

    people().revoke(name)
    click.echo(f"{name}: the link opens nothing any longer; their conversations stay")


async def _home(resolved: Resolved, *, lan: bool) -> None:
    with extra("serve", "fastapi uvicorn prometheus-client"):
        from voice.server.home.routes import PATH, install
    from voice.proxies import network_address
    from voice.wiring.home import closed, conversations, for_the_network, home_page, people, timers
    from voice.wiring.kiosk import style
    from voice.wiring.sessions import system_prompt

    settings, household = closed(resolved.settings), people()
    tls, authority = None, b""
    if lan:
        settings, tls, authority = for_the_network(settings)
    page = await asyncio.to_thread(home_page, settings)

    def add_to(app: Application) -> None:
        kept = conversations(settings, app.service.engine)
        look, prompt = style(settings.kiosk), system_prompt(settings.chat)
        install(
            app,
            page,
            household,
            kept,
            system=prompt,
            style=look,
            authority=authority,
            kept_timers=partial(timers, settings),
        )

    def ready(url: str) -> None:
        here = url.replace("127.0.0.1", network_address() or "127.0.0.1") if lan else url
        _address().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _address().write_text(here + PATH, "utf-8")
        click.echo(f"page: {here}{PATH}")
        if lan:
            click.echo(f"a phone warns of the certificate until it trusts {here}{PATH}authority.crt")
        if not household.names():
            click.echo("your own link, shown once; for others: voice home link add NAME")
            _show(household.add(_user()))

    await served(settings, ready, add_to, tls=tls)


def _show(secret: str) -> None:
    """Print a link, to the address where `voice home` was last; in a terminal as a QR code, too."""
    try:
        page = _address().read_text("utf-8")
    except OSError:
        page = "http://127.0.0.1:8970/home/"
    link = f"{page}#link={secret}"
    if sys.stdout.isatty():
        try:
            import segno
        except ModuleNotFoundError:
            click.echo(f"for a QR code here: {sys.executable} -m pip install segno", err=True)
        else:
            segno.make(link, error="l", micro=False).terminal(compact=True)
    click.echo(link)


def _address() -> Path:
    return folders.user_data() / "home" / "address"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "me"
