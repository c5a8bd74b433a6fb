"""`voice chat`: chat by text in a session that a server stores."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable

import click

from voice.cli.options import Resolved, configured, setting
from voice.clock import Alarms
from voice.conversation.audio_input import TIMER_PATIENCE_S
from voice.conversation.observer import Note, Notice
from voice.conversation.timers import TimerRinger
from voice.errors import UnavailableError
from voice.llm.builtin.timer_list import Timer, Timers
from voice.llm.interface import Delta, Done, Effect
from voice.sessions.interface import ConnectionChanged, ReplyFailed, Session
from voice.settings.serving import ServeSettings
from voice.text.phrases import phrase
from voice.text.speakable import language_of


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
    from voice.cli.interrupt import run

    run(_chat(resolved))


async def _chat(resolved: Resolved) -> None:
    from contextlib import AsyncExitStack

    from voice.cli.terminal import typed_lines
    from voice.wiring.sessions import served

    chat = resolved.settings.chat
    url = chat.server or f"http://{ServeSettings().host}:{ServeSettings().port}"
    async with AsyncExitStack() as stack:
        session = await served(chat, url, stack)
        session.options = {"effects": ["timer"]}
        await converse(session, typed_lines(), click.echo, prompt="> " if sys.stdin.isatty() else "")


async def converse(
    session: Session, lines: AsyncIterator[str], write: Callable[..., object], *, prompt: str = ""
) -> None:
    """Send each line and write its reply as it comes; timers ring here, and soon ones are waited for at the end.

    Raises UnavailableError for a failure that will not pass.
    """
    loop = asyncio.get_running_loop()
    timers, alarms = Timers(), Alarms(loop)
    language = "en"

    def rings(timer: Timer) -> None:
        text = phrase("timer_named" if timer.label else "timer", language, label=timer.label)
        write(f"\a\n{text}\n{prompt}", nl=False)

    def notice(event: Note) -> None:
        if isinstance(event, Notice):
            write(f"({event.text})", err=True)

    ringing = TimerRinger(timers, alarms, notice, rings)
    try:
        write(prompt, nl=False)
        async for line in lines:
            if line.strip():
                language = language_of(line) or language
                await _turn(session, line, write, ringing)
            write(prompt, nl=False)
        until = loop.time() + TIMER_PATIENCE_S
        while (due := timers.due()) is not None and due <= until:  # noqa: ASYNC110  it is rung by its alarm meanwhile
            await asyncio.sleep(max(0.0, due - loop.time()) + 0.01)
        if timers.due() is not None:
            write("(a timer is still running; it will no longer ring)", err=True)
    finally:
        alarms.cancel()


async def _turn(session: Session, line: str, write: Callable[..., object], ringing: TimerRinger) -> None:
    async for event in session.send(line):
        match event:
            case Effect():
                ringing.act(event, asyncio.get_running_loop().time())
            case Delta(text=text):
                write(text, nl=False)
            case Done(finish="length"):
                write("\n(cut at the model server's limit of tokens)")
            case Done():
                write("")
            case ConnectionChanged(up=up, reason=reason):
                write("(connected again)" if up else f"(connection lost: {reason}; reconnecting)", err=True)
            case ReplyFailed(message=message, temporary=True):
                write(f"\nerror: {message}; try again", err=True)
            case ReplyFailed(message=message):
                raise UnavailableError(message)
