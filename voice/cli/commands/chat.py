"""`voice chat`: chat by text in a session that a server stores."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import click

from voice.cli.options import Resolved, configured, setting
from voice.client.session import RemoteSession
from voice.clock import Alarms
from voice.conversation.audio_input import TIMER_PATIENCE_S
from voice.conversation.observer import (
    Notice,
    Observer,
    ReplySpoken,
    StateChanged,
    TimerRang,
    TranscriptChanged,
    TurnEnded,
    remarks,
)
from voice.conversation.timers import TimerRinger
from voice.errors import UnavailableError, UsageError
from voice.llm.builtin.timer_list import Timer, Timers
from voice.llm.interface import Delta, Done, Effect
from voice.sessions.interface import ConnectionChanged, Reply, ReplyEvent, ReplyFailed, Session
from voice.settings.serving import ServeSettings
from voice.text.german.words import question_language
from voice.text.phrases import phrase
from voice.trace import TurnTrace
from voice.wiring.conversation_controls import SessionControls


@click.command("chat")
@setting("--server", "chat.server", metavar="URL")
@setting("--session", "chat.session", metavar="NAME")
@setting("--model", "chat.model", metavar="NAME")
@setting("--system", "chat.system", metavar="TEXT")
@configured
def command(resolved: Resolved) -> None:
    """Chat by text in a session of `voice serve`.

    Each line is one turn; only the new text is sent, and the conversation survives a lost connection. --session
    continues a named conversation. The API key comes from VOICE_CHAT_SERVER_KEY. In a terminal, /help lists what can be
    typed besides, and Ctrl-D leaves; elsewhere it ends at the end of input.
    """
    from voice.cli.interrupt import run

    run(_chat(resolved))


async def _chat(resolved: Resolved) -> None:
    from contextlib import AsyncExitStack

    from voice.cli.terminal.face import screen
    from voice.cli.terminal.plain import PlainChat
    from voice.wiring.sessions import served

    chat = resolved.settings.chat
    url = chat.server or f"http://{ServeSettings().host}:{ServeSettings().port}"
    async with AsyncExitStack() as stack:
        session = await served(resolved.settings, url, stack)
        session.options = {"effects": ["timer", "conversation", "announce"]}
        face = screen(resolved.settings, spoken=False, engines=url) or PlainChat("> " if sys.stdin.isatty() else "")
        talk = TextConversation(session, face)
        face.attach(ChatControls(resolved, session, talk))
        await face.hold(talk.run(face.lines()))


class TextConversation:
    """A conversation by text: each line is a turn. It tells its observer what a spoken one does, without the sound."""

    def __init__(self, session: Session, observer: Observer) -> None:
        self._session, self._observer = session, observer
        self._reply: Reply | None = None
        self._text = ""
        self._ended = False
        self._said: list[str] = []
        """What is to be said once no reply is on its way."""

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Send each line and show its reply as it comes; timers ring here, and soon ones are waited for at the end.

        Raises UnavailableError for a failure that will not pass.
        """
        loop = asyncio.get_running_loop()
        timers, alarms = Timers(), Alarms(loop)
        language = "en"

        def tell(text: str) -> None:
            self._said.append(text)
            if self._reply is None:
                self._say()

        def rings(timer: Timer) -> None:
            text = phrase("timer_named" if timer.label else "timer", language, label=timer.label)
            self._observer(TimerRang(timer.label))
            tell(text)

        self._session.announce_to(tell)
        ringing = TimerRinger(timers, alarms, self._observer, rings)
        ringing.begin(loop.time())
        try:
            async for line in lines:
                if line.strip():
                    language = question_language(line) or language
                    await self._turn(line, ringing)
                else:
                    self._observer(TurnEnded(TurnTrace(0, outcome="empty")))
                if self._ended:
                    break
            until = loop.time() + TIMER_PATIENCE_S
            while (due := timers.due()) is not None and due <= until:  # noqa: ASYNC110  its alarm rings it meanwhile
                await asyncio.sleep(max(0.0, due - loop.time()) + 0.01)
            if timers.due() is not None:
                self._observer(Notice("a timer is still running; it will no longer ring", "warning"))
        finally:
            alarms.cancel()

    def hush(self) -> None:
        """Stop the reply; what was read of it stays."""
        if self._reply is not None:
            asyncio.get_running_loop().create_task(self._reply.truncate(len(self._text)))

    async def _turn(self, line: str, ringing: TimerRinger) -> None:
        trace = TurnTrace(0, self._session.id, text=line, outcome="answered")
        self._observer(TranscriptChanged(line, True, len(line)))
        self._observer(StateChanged("thinking"))
        self._reply, self._text = self._session.send(line), ""
        try:
            async for event in self._reply:
                self._take(event, trace, ringing)
        finally:
            trace.reply = trace.heard = self._text
            self._reply = None
            self._observer(TurnEnded(trace))
            self._observer(StateChanged("idle"))
            self._say()

    def _take(self, event: ReplyEvent, trace: TurnTrace, ringing: TimerRinger) -> None:
        match event:
            case Effect(kind="conversation.end"):
                self._ended = True
            case Effect():
                ringing.act(event, asyncio.get_running_loop().time())
            case Delta(text=text):
                self._text += text
                self._observer(ReplySpoken(self._text, self._text))
            case Done():
                if event.finish == "length":
                    trace.notes["cut"] = True
                for notice in remarks(event):
                    self._observer(notice)
            case ConnectionChanged():
                self._observer(event)
            case ReplyFailed(message=message, temporary=temporary):
                trace.outcome = "failed"
                if not temporary:
                    raise UnavailableError(message)
                self._observer(Notice(f"{message}; try again", "error"))

    def _say(self) -> None:
        for text in self._said:
            self._observer(TurnEnded(TurnTrace(0, self._session.id, outcome="answered", notes={"said": text})))
        self._said.clear()


class ChatControls(SessionControls):
    """Controls of a conversation by text, which has neither voice nor microphone."""

    def __init__(self, resolved: Resolved, session: RemoteSession, talk: TextConversation) -> None:
        super().__init__(resolved.settings, session)
        self._talk = talk

    def mute(self, muted: bool) -> None:
        """There is nothing to mute."""
        raise UsageError("a chat by text has no microphone", remedy="voice talk has one")

    def talk(self) -> None:
        """There is nothing to talk into."""
        self.mute(False)

    def hush(self) -> None:
        """Stop the reply."""
        self._talk.hush()

    async def use_voice(self, name: str) -> str:
        """There is no voice."""
        raise UsageError("a chat by text has no voice", remedy="voice talk has one")
