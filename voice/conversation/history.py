"""What stays of a conversation: only what was heard of a reply; and the farewell after which all is forgotten."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from voice.conversation.observer import Note, Notice, Observer, TurnEnded
from voice.errors import VoiceError
from voice.sessions.interface import Session
from voice.text.patterns import pattern_of

_LEADS = r"(?:ok|okay|alright|all right|well|so|and|no|yes|great|thanks|thank you(?: very much| so much)?|danke|gut)"
_LEAVES = (
    r"(?:good ?bye|bye(?: bye)?|farewell|good night|so long|see (?:you|ya)|talk to you (?:later|soon)|until next time"
    r"|tschüss|tschüß|ciao|auf wiedersehen|auf wiederhören|gute nacht|bis (?:bald|morgen|später|dann))"
)
_TRAILS = (
    r"(?:then|now|for now|later|soon|tomorrow|again|everyone|everybody|all|my friend|and thanks|and thank you|thanks"
    r"|thank you|danke|und danke|voice|assistant|computer)"
)
_WORDS = pattern_of(rf"(?:{_LEADS} )*{_LEAVES}(?: {_TRAILS})*")
_HAN = pattern_of(
    r"(?:好的?|那|那么|嗯|行|谢谢(?:你|您)?|多谢|我走了|没事了)*"
    r"(?:再见|拜拜|拜|再会|回头见|下次见|明天见|晚点见|一会儿见|晚安)+(?:了|啦|吧|哦|呀|谢谢(?:你|您)?)*"
)


ENDS = "ends"
"""The note of a turn in which the model ended the conversation, as the person wanted."""


def is_farewell(words: str) -> bool:
    """Whether the whole utterance is a farewell in English, Chinese or German, and nothing besides."""
    plain = " ".join(re.sub(r"[^\w\s]", " ", words.lower()).split())
    return bool(_WORDS.fullmatch(plain) or _HAN.fullmatch(plain.replace(" ", "")))


class History:
    """Commits, discards and truncations on their way to the session, so that the event loop need not wait for them."""

    def __init__(self, failed: Callable[[VoiceError], None]) -> None:
        self._failed = failed
        self._work: asyncio.Queue[Awaitable[None]] = asyncio.Queue()

    def do(self, work: Awaitable[None]) -> None:
        """Carry this out after what was decided before."""
        self._work.put_nowait(work)

    async def settled(self, within_s: float | None = None) -> None:
        """Wait until the history is as decided, or until `within_s` seconds have passed."""
        settled = asyncio.ensure_future(self._work.join())
        await asyncio.wait({settled}, timeout=within_s)
        settled.cancel()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            work = await self._work.get()
            try:
                await work
            except VoiceError as error:
                self._failed(error)
            finally:
                self._work.task_done()


class FarewellWatcher:
    """Watches the turns of a conversation that is not to be stored. `notice` receives messages."""

    def __init__(self, session: Session, notice: Observer) -> None:
        self._session, self._notice = session, notice
        self._forgetting: asyncio.Task[None] | None = None

    def observe(self, event: Note) -> None:
        """Forget after a farewell, once it was answered."""
        if not isinstance(event, TurnEnded) or self._busy:
            return
        if ENDS in event.trace.notes or is_farewell(event.trace.text):
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
            self._notice(Notice(f"the conversation could not be deleted: {error}", "error", "undeleted"))
        else:
            self._notice(Notice("goodbye: the conversation was deleted", code="deleted"))
