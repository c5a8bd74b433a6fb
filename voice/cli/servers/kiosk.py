"""`voice kiosk`: a page for public places, served from here and opened full screen."""

from __future__ import annotations

import asyncio
import functools
from contextlib import ExitStack

import click

from voice.cli.options import Resolved, configured, setting
from voice.cli.servers.serve import prepare_process, served
from voice.errors import MissingError


@click.command("kiosk")
@click.option("--no-browser", is_flag=True, help="Serve the page without opening a browser.")
@setting("--host", "serve.host", metavar="ADDRESS")
@setting("--port", "serve.port", metavar="PORT")
@setting("--knowledge", "chat.knowledge", metavar="FOLDER")
@setting("--llm", "chat.llm", metavar="builtin|URL")
@setting("--model", "chat.model", metavar="NAME")
@setting("--title", "kiosk.title", metavar="TEXT")
@functools.partial(configured, profile="kiosk")
def command(resolved: Resolved, no_browser: bool) -> None:
    """Open a full-screen page that visitors can talk to.

    Serves everything that `voice serve` does, and the page, which is opened full screen if there are a browser and a
    display. Suggested questions come from the headings of your Markdown files (--knowledge). See docs/kiosk.md.
    """
    prepare_process()
    asyncio.run(_kiosk(resolved, browser=not no_browser))


async def _kiosk(resolved: Resolved, *, browser: bool) -> None:
    from voice.server.access import own_key
    from voice.server.kiosk_page import PATH, install
    from voice.system.kiosk_browser import opened
    from voice.wiring.kiosk import kiosk_page, unknown_sentences

    settings = resolved.settings
    made = kiosk_page(settings)
    with ExitStack() as stack:

        def ready(url: str) -> None:
            click.echo(f"page: {url}{PATH}")
            if not browser:
                return
            key = own_key(settings.serve.api_keys)
            try:
                stack.enter_context(opened(f"{url}{PATH}" + (f"#key={key}" if key else ""), settings.kiosk.browser))
            except MissingError as error:
                click.echo(f"voice: {error}", err=True)

        await served(
            settings,
            ready,
            lambda app: install(app.http, made, app.service.engine.parts.clock),
            unknown_sentences(settings.kiosk),
        )
