"""`voice chat`: chat by text in a session that a server stores."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable

import click

from voice.cli.options import Resolved, configured, setting
from voice.errors import UnavailableError
from voice.llm.interface import Delta, Done
from voice.sessions.interface import ConnectionChanged, ReplyFailed, Session
from voice.settings.schema import ServeSettings


@click.command("chat")
@setting("--server", "chat.server", metavar="URL")
@setting("--session", "chat.session", metavar="NAME")
@setting("--model", "chat.model", metavar="NAME")
@setting("--system", "chat.system", metavar="TEXT")
@configured
def command(resolved: Resolved) -> None:
    """Chat by text in a session of `voice serve`.

    Each line is one turn; only the new text is sent, and the conversation survives a lost connection. --session
    continues a named conversation. The API key comes from VOICE_CHAT_SERVER_KEY. Ends at the end of input or with
    Ctrl-C.
    """
    from voice.cli.group import run

    run(_chat(resolved))


async def _chat(resolved: Resolved) -> None:
    from contextlib import AsyncExitStack

    from voice.cli.terminal import typed_lines
    from voice.wiring.sessions import served

    chat = resolved.settings.chat
    url = chat.server or f"http://{ServeSettings().host}:{ServeSettings().port}"
    async with AsyncExitStack() as stack:
        session = await served(chat, url, stack)
        await converse(session, typed_lines(), click.echo, prompt="> " if sys.stdin.isatty() else "")


async def converse(
    session: Session, lines: AsyncIterator[str], write: Callable[..., object], *, prompt: str = ""
) -> None:
    """Send each line and print its reply as it arrives. Raises UnavailableError for a permanent failure."""
    write(prompt, nl=False)
    async for line in lines:
        if line.strip():
            await _turn(session, line, write)
        write(prompt, nl=False)


async def _turn(session: Session, line: str, write: Callable[..., object]) -> None:
    async for event in session.send(line):
        match event:
            case Delta(text=text):
                write(text, nl=False)
            case Done():
                write("")
            case ConnectionChanged(up=up, reason=reason):
                write("(connected again)" if up else f"(connection lost: {reason}; reconnecting)", err=True)
            case ReplyFailed(message=message, temporary=True):
                write(f"\nerror: {message}; try again", err=True)
            case ReplyFailed(message=message):
                raise UnavailableError(message)
