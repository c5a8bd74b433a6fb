"""The terminal as a screen: past turns scroll up, and below them stand the current turn, the input and the footer."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout

from prompt_toolkit.application import Application, create_app_session
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.layout import ConditionalContainer, Dimension, HSplit, Layout, VerticalAlign, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Style
from rich.console import Console, RenderableType
from rich.text import Text

from voice.cli.terminal.controls import Commander, Controls, parse
from voice.cli.terminal.conversation_view import ConversationView
from voice.cli.terminal.footer import footer
from voice.cli.terminal.guard import TerminalGuard, settings
from voice.cli.terminal.keys import Keys, key_bindings, key_help
from voice.cli.terminal.markdown import THEME, printable
from voice.cli.terminal.typed_history import TypedHistory
from voice.conversation.history import is_farewell
from voice.conversation.observer import Level, Note, Notice, TurnEnded

REDRAW_S = 1 / 30
"""At most so often is the screen drawn; the first change after a pause is drawn at once."""

STEADY_S = 0.15
"""A window that was not resized for so long is drawn again from its top."""

KEPT = 200
"""Pieces kept to draw a resized window again."""

ASCII = str.maketrans(
    dict(zip("○●◌▶⏸•─━│▌…—·›“”‘’", "oo.>|*--||.-->\"\"''", strict=True))
    | dict(zip("▁▂▃▄▅▆▇█", "..::==##", strict=True))
)
"""What stands for the signs of the screen where the terminal has no Unicode."""

STYLE = Style.from_dict({"state": "bold ansiyellow", "keys": "", "engines": ""})


class Screen:
    """An observer that shows a conversation, and the keyboard of it. `hold` runs the conversation on the screen.

    `spoken` says that there is a microphone, whose keys act while nothing is typed. `wake` is what the person says or
    presses to be heard, none: just speak. `history` is None where typed lines are not kept.
    """

    def __init__(
        self,
        *,
        spoken: bool,
        engines: str = "",
        wake: str = "",
        latency: bool = False,
        history: Callable[[Callable[[OSError], None]], History] | None = None,
    ) -> None:
        self._spoken, self._engines, self._wake = spoken, engines, wake
        self._descriptor = sys.stdin.fileno()
        self._before = settings(self._descriptor)
        self._output = Vt100_Output.from_pty(sys.stdout)
        self._output.enable_cpr = False  # its answers would be typed into the shell by a slow line
        self._colours = Console(file=sys.stdout).color_system
        self._unicode = "utf" in (sys.stdout.encoding or "").lower()
        self._past: deque[RenderableType] = deque(maxlen=KEPT)
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._commands: set[asyncio.Task[None]] = set()
        self._waiting: deque[str] = deque()
        self._leaving = self._typing = False
        self._size = self._output.get_size()
        self._steady: asyncio.TimerHandle | None = None
        self._drawn = asyncio.Event()
        self._live: list[str] = []
        self._dirty = True
        self.view = ConversationView(
            self.above,
            spoken=spoken,
            **({"invitation": wake} if wake else {}),
            latency=latency,
            bell=self._output.bell,
        )
        self._commander = Commander(
            self._say,
            keys=key_help(spoken),
            quit=self.quit,
            muted=lambda: self.view.muted,
            forgotten=self._forgotten,
        )
        kept = InMemoryHistory() if history is None else history(self._history_failed)
        self._buffer = Buffer(history=kept, multiline=True)
        self._app = self._application(create_input(sys.stdin))

    # The conversation's side.

    def __call__(self, event: Note) -> None:
        self.view(event)
        self._dirty = True
        if isinstance(event, TurnEnded):
            if event.trace.text and self._waiting:
                self._waiting.popleft()
            if self._leaving and is_farewell(event.trace.text):
                self.quit()
        if not isinstance(event, Level) or not self._typing:
            self._app.invalidate()

    def attach(self, controls: Controls) -> None:
        """The conversation has begun, and can be controlled."""
        self._commander.controls = controls
        self._changed()

    async def lines(self) -> AsyncIterator[str]:
        """What is typed, one turn each, until the person leaves."""
        while (line := await self._lines.get()) is not None:
            yield line

    async def hold(self, work: Awaitable[None]) -> None:
        """Show the screen until the conversation has ended, or until the person leaves, which ends it."""
        holding = asyncio.ensure_future(work)
        with ExitStack() as stack:
            stack.enter_context(redirect_stdout(_Above(self)))
            stack.enter_context(redirect_stderr(_Above(self)))
            showing = asyncio.create_task(
                self._app.run_async(handle_sigint=False, set_exception_handler=False), name="screen"
            )
            showing.add_done_callback(lambda _: self._drawn.set())
            try:
                await self._drawn.wait()
                stack.enter_context(TerminalGuard(self._descriptor, self._before))
                await asyncio.wait({holding, showing}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                holding.cancel()
                await asyncio.gather(holding, *self._commands, return_exceptions=True)
                self.quit()
                await asyncio.gather(showing, return_exceptions=True)
                if self._steady is not None:
                    self._steady.cancel()
        if not showing.cancelled() and (failure := showing.exception()) and not isinstance(failure, EOFError):
            raise failure
        if not holding.cancelled() and (failure := holding.exception()):
            raise failure

    # What the keys do.

    def quit(self) -> None:
        """Leave."""
        if self._app.is_running and not self._app.is_done:
            self._app.exit()

    def accept(self) -> None:
        """Take what was typed as a turn, or as a command."""
        text = self._buffer.text.encode("utf-8", "replace").decode("utf-8").strip()
        self._buffer.reset(append_to_history=bool(text))
        self.type(not self._spoken)
        if (command := parse(text)) is not None:
            self.above(Text(printable(text), style="bold"))
            task = asyncio.get_running_loop().create_task(self._commander.do(*command), name="command")
            self._commands.add(task)
            task.add_done_callback(self._commands.discard)
        elif text:
            self._turn_typed(text)
        self._changed()

    def _turn_typed(self, text: str) -> None:
        """Words of the person: a reply gives way, and a farewell is the last of them."""
        self.hush()
        self._leaving = is_farewell(text)
        self._waiting.append(text)
        self._lines.put_nowait(text)

    def type(self, typing: bool) -> None:
        """Show the input, or put it away where there is a microphone."""
        self._typing = typing or not self._spoken
        self._app.layout.focus(self._input if self._typing else self._turn)

    def hush(self) -> None:
        """Stop a reply that is being made or heard."""
        if self.view.busy and self._commander.controls is not None:
            self._commander.controls.hush()

    def mute(self) -> None:
        """Hear nothing, or hear again."""
        if self._commander.controls is not None:
            self._commander.controls.mute(not self.view.muted)

    def talk(self) -> None:
        """Push to talk."""
        if self._commander.controls is not None:
            self._commander.controls.talk()

    # What is shown.

    def above(self, piece: RenderableType) -> None:
        """Show a piece above the current turn, where it stays."""
        self._past.append(piece)
        if self._app.is_running:
            self._app.renderer.erase(leave_alternate_screen=False)
        self._write(self._ansi([piece]))
        self._changed()

    def _say(self, text: str) -> None:
        self.above(Text(f"  {printable(text)}", style="dim"))

    def _forgotten(self) -> None:
        if isinstance(self._buffer.history, TypedHistory):
            self._buffer.history.erase()

    def _history_failed(self, error: OSError) -> None:
        self.view(Notice(f"typed lines are not kept: {error.filename}: {error.strerror}", "warning"))

    def _changed(self) -> None:
        self._dirty = True
        self._app.invalidate()

    def _write(self, lines: list[str]) -> None:
        self._output.write_raw("".join(f"{line}\r\n" for line in lines))
        self._output.flush()

    def _ansi(self, pieces: list[RenderableType]) -> list[str]:
        """Pieces as lines for the terminal, as wide as it is."""
        console = Console(
            file=io.StringIO(),
            force_terminal=True,
            width=max(12, self._output.get_size().columns),
            color_system=self._colours,  # type: ignore[arg-type]
            theme=THEME,
            highlight=False,
        )
        console.print(*pieces, sep="\n")
        assert isinstance(console.file, io.StringIO)
        text = console.file.getvalue()
        return (text if self._unicode else text.translate(ASCII)).splitlines()

    def _prepare(self, _: object = None) -> None:
        """Before each drawing: make room, and follow the size of the window."""
        size = self._output.get_size()
        if size != self._size:
            self._size, self._dirty = size, True
            if self._steady is not None:
                self._steady.cancel()
            self._steady = asyncio.get_running_loop().call_later(STEADY_S, self._repaint)
        if self._dirty:
            self._dirty = False
            room = max(1, size.rows - 3 - self._input_rows())
            while len(lines := self._ansi(self._shown())) > room and self.view.settle():
                pass
            self._live = lines[-room:] if lines != [""] else []
        drawn = self._app.renderer.last_rendered_screen
        wanted = self._app.layout.container.preferred_height(size.columns, size.rows).preferred
        if drawn is not None and drawn.height > wanted:
            self._app.renderer.erase(leave_alternate_screen=False)

    def _shown(self) -> list[RenderableType]:
        shown = self.view.render()
        waiting = list(self._waiting)[1 if self.view.busy else 0 :]
        return [*shown, *(Text(f"   you  {printable(line)}", style="dim", no_wrap=True) for line in waiting)]

    def _repaint(self) -> None:
        """Draw the window again from its top, since what stood there was wrapped for another width."""
        if not self._app.is_running:
            return
        self._app.renderer.erase(leave_alternate_screen=False)
        lines: list[str] = []
        for piece in reversed(self._past):
            if len(lines) >= self._size.rows:
                break
            lines = self._ansi([piece]) + lines
        below = len(self._live) + self._input_rows() + 1
        self._output.write_raw("\x1b[2J\x1b[H")
        self._write(lines[-max(1, self._size.rows - below) :])
        self._changed()

    def _input_rows(self) -> int:
        return min(self._buffer.document.line_count, self._size.rows // 3 or 1) if self._typing else 0

    def _turn_text(self) -> ANSI:
        return ANSI("\n".join(self._live))

    def _footer_text(self) -> StyleAndTextTuples:
        view = self.view
        starting = self._commander.controls is None
        state = ["starting"] * starting + ["muted"] * view.muted + ["reconnecting"] * view.reconnecting
        if self._wake and not starting and not view.muted:
            state.append(self._wake)
        keys = Keys(self._spoken, self._typing, view.busy, view.muted).names()
        parts = footer(self._size.columns, state, keys, self._engines)
        if not self._unicode:
            parts = parts[0].translate(ASCII), parts[1].translate(ASCII), parts[2].translate(ASCII)
        return [("class:state", parts[0]), ("class:keys", parts[1]), ("class:engines", parts[2])]

    def _application(self, keyboard: Input) -> Application[None]:
        self._typing = not self._spoken
        typing = Condition(lambda: self._typing)
        self._turn = Window(
            FormattedTextControl(self._turn_text, focusable=True, show_cursor=False),
            dont_extend_height=True,
            wrap_lines=False,
        )
        mark = "› " if self._unicode else "> "
        self._input = Window(
            BufferControl(self._buffer),
            dont_extend_height=True,
            wrap_lines=True,
            height=lambda: Dimension(min=1, max=max(1, self._size.rows // 3)),
            get_line_prefix=lambda line, wrapped: mark if not line and not wrapped else "  ",
        )
        rows = [
            ConditionalContainer(self._turn, Condition(lambda: bool(self._live))),
            ConditionalContainer(self._input, typing),
            Window(FormattedTextControl(self._footer_text), height=1, style="class:footer", wrap_lines=False),
        ]
        with create_app_session(keyboard, self._output):
            app: Application[None] = Application(
                Layout(HSplit(rows, align=VerticalAlign.TOP), self._input if self._typing else self._turn),
                key_bindings=key_bindings(self, self._buffer, typing),
                style=STYLE,
                erase_when_done=True,
                min_redraw_interval=REDRAW_S,
                before_render=self._prepare,
                after_render=lambda _: self._drawn.set(),
                input=keyboard,
                output=self._output,
            )
        app.ttimeoutlen = 0.05  # a lone Esc acts at once
        app.timeoutlen = 0.3
        return app


class _Above(io.TextIOBase):
    """Standard output and error while the screen is shown: each line goes above it, also from other threads."""

    def __init__(self, screen: Screen) -> None:
        self._screen, self._rest = screen, ""
        self._loop = asyncio.get_running_loop()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._loop.call_soon_threadsafe(self._screen.above, Text(printable(line)))
        return len(text)


def usable() -> bool:
    """Whether standard input and output are a terminal that can be drawn on."""
    if os.name != "posix" or os.environ.get("TERM", "dumb") == "dumb":
        return False
    return sys.stdin.isatty() and sys.stdout.isatty()
