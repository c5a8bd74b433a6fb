"""Translates a conversation into the Realtime API's events, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from voice.audio.frames import Pcm
from voice.audio.network import NetworkSource, RemotePlayout
from voice.conversation import observer as note
from voice.conversation.conversation import Conversation
from voice.llm.interface import CALL, Effect
from voice.server.realtime.items import Item, Items, new_id
from voice.server.realtime.response import Response, Say, spoken_turn
from voice.server.realtime.session import RealtimeSession
from voice.server.realtime.session_config import Config
from voice.turn import events as ev
from voice.turn.machine import TurnMachine
from voice.turn.state import State


@dataclass(slots=True)
class UserTurn:
    """What a person says in one turn of the machine, as an item."""

    turn: int
    at: float
    item: Item = field(default_factory=lambda: user_item(""))
    end: float = 0.0
    committed: bool = False

    @property
    def wordless(self) -> bool:
        """It is an item whose words are still to be told."""
        return self.committed and self.item.told["status"] == "in_progress"


@dataclass(slots=True, eq=False)
class RunningConversation:
    """What a narrator looks at: the conversation's parts while it runs."""

    conversation: Conversation
    machine: TurnMachine
    playout: RemotePlayout
    source: NetworkSource


INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why a response is incomplete, by the model server's reason to end it."""


class EventWriter:
    """Shown all that happens; says it with `say(type, **fields)`.

    `wake()` is called when a reply may be heard, `rests(idle)` at each change of state.
    """

    def __init__(self, say: Say, items: Items, config: Callable[[], Config], session: RealtimeSession) -> None:
        self._say, self._items, self._config, self._session = say, items, config, session
        self.stage: RunningConversation | None = None
        self.wake: Callable[[], None] = lambda: None
        self.rests: Callable[[bool], None] = lambda idle: None
        self.response: Response | None = None
        self.metadata: Any = None
        self.stopped_by_client = self.on_track = False
        self._user: UserTurn | None = None
        self._over: UserTurn | None = None
        self._words = ""
        self._instead = ""
        self._failures: dict[int, dict[str, Any]] = {}
        self._spoken: tuple[str, int] = ("", -1)

    # What the loop tells

    def watch(self, what: ev.Event | ev.Action, at: float) -> None:
        """Take an event or action of the turn machine."""
        handler = HANDLERS.get(type(what))
        if handler is not None:
            handler(self, what)

    def note(self, event: note.Note) -> None:
        """Handle a note of the conversation."""
        if isinstance(event, note.StateChanged):
            self._say("x.state", state=str(event.state))
            self.rests(event.state is State.IDLE)
        elif isinstance(event, note.ReplySpoken):
            self._reply_is(event.text, len(event.heard))
        elif isinstance(event, note.TranscriptChanged):
            if not event.final and self._user is not None and not self._user.committed:
                self._say("x.partial", item_id=self._user.item.id, text=event.text, stable=event.stable)
        elif isinstance(event, note.Level):
            if self._config().levels:
                self._say("x.level", dbfs=round(event.dbfs, 1))
        elif isinstance(event, note.TurnEnded):
            trace = event.trace
            told = {"turn": trace.turn, "outcome": trace.outcome, "rule": trace.rule}
            spans = [[name, round(ms, 1)] for name, ms in trace.spans()]
            response_ms = trace.response_ms
            self._say(
                "x.latency", **told, response_ms=None if response_ms is None else round(response_ms, 1), spans=spans
            )
        elif isinstance(event, note.Notice):
            self._say("x.notice", text=event.text, level=event.level, **({"code": event.code} if event.code else {}))

    def acts(self, effect: Effect) -> bool:
        """Take an effect of the reply, where it is a function call."""
        if effect.kind != CALL or self.response is None:
            return False
        self.response.call(effect.data)
        return True

    def sound(self, pcm: Pcm) -> None:
        """Audio of the reply on its way to the client."""
        if self.response is not None:
            self.response.sound(pcm)

    def sent_all(self) -> None:
        """All audio of the reply is on its way."""
        if self.response is not None:
            self._end_response("failed" if self.response.failure else "completed")

    # A person speaks

    def _listen(self, action: ev.Listen) -> None:
        stage = self._stage
        user = UserTurn(action.turn, action.at)
        if stage.machine.over is not None and stage.machine.over.number == action.turn:
            self._over = user
        else:
            self._start(user)

    def _start(self, user: UserTurn) -> None:
        self._user, self._over, self._words = user, None, ""
        start_ms = self._stage.source.position_ms(user.at)
        self._say("input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=user.item.id)

    def _grew(self, action: ev.Grew) -> None:
        """They go on: what was said of the turn's end is taken back, and the whole turn will be another item."""
        user = self._user
        if user is None or user.turn != action.turn or not user.committed:
            return
        self._end_response("cancelled", reason="turn_detected", heard="")
        self._items.remove(user.item)
        self._say("conversation.item.deleted", item_id=user.item.id)
        self._start(UserTurn(user.turn, user.at))

    def _decided(self, action: ev.Decided) -> None:
        user = self._user
        if user is None or user.turn != action.turn or user.committed:
            return
        user.committed, user.end = True, action.speech_end
        end_ms = self._stage.source.position_ms(action.speech_end)
        self._say("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=user.item.id)
        self.committed(user.item)

    def committed(self, item: Item) -> None:
        """Audio became a user item, whose words follow."""
        before = self._items.last
        self._items.add(item)
        self._say("input_audio_buffer.committed", item_id=item.id, previous_item_id=before)
        self._say("conversation.item.added", item=dict(item.told), previous_item_id=before)

    def transcribed(self, item: Item, text: str, seconds: float) -> None:
        """The words of a user item are known."""
        item.told |= {"status": "completed", "content": [{"type": "input_audio", "transcript": text}]}
        kind = "conversation.item.input_audio_transcription"
        if text:
            self._say(f"{kind}.delta", item_id=item.id, content_index=0, delta=text)
        usage = {"type": "duration", "seconds": round(max(0.0, seconds), 2)}
        self._say(f"{kind}.completed", item_id=item.id, content_index=0, transcript=text, usage=usage)
        self._say("conversation.item.done", item=dict(item.told), previous_item_id=self._items.before(item))

    def untranscribed(self, item: Item, message: str) -> None:
        """No words could be made of a user item."""
        item.told |= {"status": "incomplete"}
        error = {"type": "server_error", "code": "transcription_failed", "message": message, "param": None}
        kind = "conversation.item.input_audio_transcription.failed"
        self._say(kind, item_id=item.id, content_index=0, error=error)
        self._say("conversation.item.done", item=dict(item.told), previous_item_id=self._items.before(item))

    # We answer

    def _send(self, action: ev.Send) -> None:
        self._words = action.text

    def _discard(self, action: ev.Discard) -> None:
        """What was sent no longer counts, nor does how it failed."""
        self._words = ""
        self._failures.pop(action.turn, None)

    def _release(self, action: ev.Release) -> None:
        user, stage = self._user, self._stage
        if user is not None and user.turn == action.turn and user.wordless:
            if self._words:
                self.transcribed(user.item, self._words, user.end - user.at)
            else:
                self.untranscribed(user.item, "the recognizer failed")
        if self._session.once is None and self._config().listens_only:
            if user is not None and user.turn == action.turn and self._words:
                self._items.wait(user.item, self._words)
            self.wake()
            return
        reply = stage.conversation.reply
        if self.response is None or self.response.ended or self.response.turn != action.turn:
            speaks = reply is None or not reply.silent
            self.response = Response(
                self._say,
                self._items,
                self._config(),
                action.turn,
                speaks=speaks,
                metadata=self.metadata,
                on_track=self.on_track,
            )
            self.metadata = None
            self.response.failure = self._failures.get(action.turn)
        if reply is not None and reply.turn == action.turn:
            self._reply_is(reply.text, reply.heard())
        if self._instead:
            self.response.said(self._instead)
            self._instead = ""
        self.wake()

    def _say_instead(self, action: ev.Say) -> None:
        """Speech of the assistant itself, about a failure or a timer. It is sent once the response has begun."""
        self._instead = action.text

    def _failed(self, event: ev.StageFailed) -> None:
        failure = {"type": "server_error", "code": f"{event.stage}_failed", "message": event.text}
        self._failures = {event.turn: failure}
        if self.response is not None and self.response.turn == event.turn:
            self.response.failure = failure

    def _reply_is(self, text: str, heard: int, *, cut: bool = False) -> None:
        """The reply's text so far, and how much of it was heard; where it is `cut` there, nothing follows."""
        response, stage = self.response, self._stage
        reply = stage.conversation.reply
        if response is None or reply is None or response.turn != reply.turn or response.cut:
            return
        response.cut = cut
        response.replied(text)
        turn = spoken_turn(reply)
        if response.message is None:
            return
        response.message.spoken = reply
        item, (before, most) = response.message.id, self._spoken
        if item == before:
            heard = max(heard, most)  # the estimate by the clock may be ahead of what the client reports then
        if turn is not None and (cut or (item, heard) != self._spoken):
            self._spoken = (item, heard)
            number, begun = turn
            told = {"turn": number, "chars": len(begun) + heard, "text": begun + text}
            self._say("x.spoken", item_id=item, **told, **({"cut": True} if cut else {}))

    def _counts(self, action: ev.Action) -> None:
        if isinstance(action, ev.Truncate) and self._over is not None:
            self._start(self._over)
        self._session.counted()

    def _finish(self, action: ev.Finish) -> None:
        over, user = self._over, self._user
        if over is not None and over.turn == action.turn:
            self._over = None
            return
        self._session.once = None
        if self.response is not None and self.response.turn == action.turn:
            reply = self._stage.conversation.reply
            heard = None if reply is None else reply.text[: reply.heard()]
            if action.outcome is ev.Outcome.INTERRUPTED:
                if reply is not None:
                    self._reply_is(reply.text, reply.heard(), cut=True)
                reason = "client_cancelled" if self.stopped_by_client else "turn_detected"
                self._end_response("cancelled", reason=reason, heard=heard)
            else:
                self._end_response("failed" if action.outcome is ev.Outcome.FAILED else "completed")
        if user is not None and user.turn == action.turn:
            self._user = None
            if user.wordless:
                self.transcribed(user.item, "", user.end - user.at)
        if self._over is not None:  # they began over the end of this reply, and have the floor now
            self._start(self._over)

    def _end_response(self, status: str, *, reason: str = "", heard: str | None = None) -> None:
        response = self.response
        if response is None or response.ended:
            return
        turn = spoken_turn(self._stage.conversation.reply)
        usage: Mapping[str, Any] | None = None if turn is None else self._session.usage(turn[0])
        spoken = self._stage.conversation.reply
        if status == "completed" and spoken is not None and spoken.finish in INCOMPLETE:
            status, reason = "incomplete", INCOMPLETE[spoken.finish]
        response.end(status, reason=reason, heard=heard, usage=usage)

    @property
    def _stage(self) -> RunningConversation:
        assert self.stage is not None, "the narrator is shown a conversation that runs"
        return self.stage


def user_item(transcript: str | None) -> Item:
    """An item of what a person said aloud, whose words are not known yet."""
    told: dict[str, Any] = {"id": new_id("item"), "object": "realtime.item", "type": "message", "role": "user"}
    told |= {"status": "in_progress", "content": [{"type": "input_audio", "transcript": transcript or None}]}
    return Item(told)


N = EventWriter
HANDLERS: dict[type, Callable[..., None]] = {
    ev.Listen: N._listen,
    ev.Grew: N._grew,
    ev.Decided: N._decided,
    ev.Send: N._send,
    ev.Discard: N._discard,
    ev.Release: N._release,
    ev.Say: N._say_instead,
    ev.StageFailed: N._failed,
    ev.Commit: N._counts,
    ev.Truncate: N._counts,
    ev.Finish: N._finish,
}
