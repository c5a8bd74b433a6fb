"""When a person takes leave, the conversation is over: what was said is forgotten, and the next words begin anew."""

from __future__ import annotations

import asyncio

from voice.conversation.farewell import is_farewell
from voice.conversation.observer import Note, Notice, Observer, TurnEnded
from voice.errors import VoiceError
from voice.sessions.interface import Session


class LeaveTaking:
    """Watches the turns of a conversation nobody wants kept. `notice` is told what happened."""

    def __init__(self, session: Session, notice: Observer) -> None:
        self._session, self._notice = session, notice
        self._forgetting: asyncio.Task[None] | None = None

    def observe(self, event: Note) -> None:
        """Forget after a farewell, once it was answered."""
        if isinstance(event, TurnEnded) and is_farewell(event.trace.text) and not self._busy:
            self._forgetting = asyncio.create_task(self._forget(), name="forget")

    async def close(self) -> None:
        """Wait until what is being forgotten is gone."""
        if self._forgetting is not None:
            await self._forgetting

    @property
    def _busy(self) -> bool:
        return self._forgetting is not None and not self._forgetting.done()

    async def _forget(self) -> None:
        try:
            await self._session.forget()
        except VoiceError as error:
            self._notice(Notice(f"the conversation could not be forgotten: {error}", "error"))
        else:
            self._notice(Notice("goodbye: what was said is forgotten"))
