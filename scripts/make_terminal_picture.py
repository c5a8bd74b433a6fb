#!/usr/bin/env python3
"""Draws docs/terminal.svg: the real terminal face over the recorded conversation, stopped in the middle of a reply."""

from __future__ import annotations

import asyncio
import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from voice.cli.terminal.conversation_view import ConversationView
from voice.cli.terminal.markdown import THEME
from voice.conversation.observer import Note, ReplySpoken, TurnEnded
from voice.settings.layers import Given, load
from voice.wiring.conversation import converse

ROOT = Path(__file__).parent.parent
TURNS = 3
"""Turns shown as finished; the picture is taken in the reply of the next."""


def main() -> None:
    """Converse, keep every event, and show them again to a screen that records."""
    events: list[Note] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Given("chat.store", f"sqlite:///{folder}/sessions.sqlite", "picture")
        settings = load(flags=[store]).settings
        recording = ROOT / "voice" / "demo" / "conversation.wav"
        asyncio.run(converse(settings, source=recording, observer=events.append))  # at real time
    console = Console(width=86, record=True, force_terminal=True, file=io.StringIO(), theme=THEME)
    view = ConversationView(console.print, spoken=True)
    ended = 0
    for event in events:
        view(event)
        ended += isinstance(event, TurnEnded) and bool(event.trace.text)
        if ended == TURNS and isinstance(event, ReplySpoken) and len(event.heard) > 12:
            break
    console.print(*view.render(), sep="\n")
    picture = console.export_svg(title="voice talk", theme=MONOKAI)
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)  # a picture fetches nothing from afar
    (ROOT / "docs" / "terminal.svg").write_text(picture, "utf-8")


if __name__ == "__main__":
    main()
