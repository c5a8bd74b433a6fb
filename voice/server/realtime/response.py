"""One response as sent to the client: its items, text, audio and calls, each started, continued and ended once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from voice.audio.frames import Pcm
from voice.conversation.reply import SpokenReply
from voice.server.realtime.audio_codec import Outgoing
from voice.server.realtime.items import Item, Items, new_id
from voice.server.realtime.session_config import Config

Say = Callable[..., None]
"""`say(type, **fields)` sends an event."""


class Response:
    """Begins when made. `turn` is the machine's turn it answers; `speaks` is False for text only.

    With `on_track` the client has the audio from a track, and events say when it sounds.
    """

    def __init__(
        self,
        say: Say,
        items: Items,
        config: Config,
        turn: int,
        *,
        speaks: bool,
        metadata: Any = None,
        on_track: bool = False,
    ) -> None:
        self._say, self._items, self._config = say, items, config
        self.turn, self.speaks, self.metadata = turn, speaks, metadata
        self.id = new_id("resp")
        self.message: Item | None = None
        self.status = "in_progress"
        self.cut = False
        """The person interrupted it, perhaps after all of it was sent."""
        self.failure: Mapping[str, Any] | None = None
        self._output: list[Item] = []
        self._text = ""
        self._replied = 0
        self._wire = None if on_track else Outgoing(config.audio["output"]["format"]["type"])
        self.sounding = False
        say("response.created", response=self._told())
        say("rate_limits.updated", rate_limits=[])

    @property
    def ended(self) -> bool:
        return self.status != "in_progress"

    def replied(self, text: str) -> None:
        """The reply's whole text so far."""
        if len(text) > self._replied:
            piece, self._replied = text[self._replied :], len(text)
            self.said(piece)

    def said(self, piece: str) -> None:
        """More text of the response."""
        if self.ended:
            return
        self._begin()
        self._text += piece
        kind = "response.output_audio_transcript.delta" if self.speaks else "response.output_text.delta"
        self._say(kind, **self._place(), delta=piece)

    def sound(self, pcm: Pcm) -> None:
        """More audio."""
        if self.ended:
            return
        self._begin()
        if self._wire is not None:
            self._audio(self._wire.piece(pcm))
        elif not self.sounding:
            self.sounding = True
            self._say("output_audio_buffer.started", response_id=self.id)

    def call(self, data: Mapping[str, Any]) -> None:
        """A function is called."""
        if self.ended:
            return
        told = {"id": new_id("item"), "object": "realtime.item", "type": "function_call", "status": "in_progress"}
        told |= {"call_id": str(data.get("call_id", "")), "name": str(data.get("name", "")), "arguments": ""}
        item, index = self._items.add(Item(told)), len(self._output)
        self._output.append(item)
        before = self._items_before(item)
        self._say("response.output_item.added", response_id=self.id, output_index=index, item=dict(told))
        self._say("conversation.item.added", previous_item_id=before, item=dict(told))
        where = {"response_id": self.id, "item_id": item.id, "output_index": index, "call_id": told["call_id"]}
        arguments = str(data.get("arguments", ""))
        self._say("response.function_call_arguments.delta", **where, delta=arguments)
        self._say("response.function_call_arguments.done", **where, name=told["name"], arguments=arguments)
        told |= {"arguments": arguments, "status": "completed"}
        self._say("response.output_item.done", response_id=self.id, output_index=index, item=dict(told))
        self._say("conversation.item.done", previous_item_id=before, item=dict(told))

    def end(self, status: str, *, reason: str = "", heard: str | None = None, usage: Any = None) -> None:
        """Everything was sent. `reason` says why it was cancelled, `heard` is what is remembered of its text then."""
        if self.ended:
            return
        if self.message is not None:
            self._end_message(self.message, status, heard)
        self.status = status
        details: dict[str, Any] = {"type": status}
        if reason:
            details["reason"] = reason
        if status == "failed":
            details["error"] = self.failure or {"type": "server_error", "code": "failed", "message": ""}
        told = self._told() | {"status_details": details, "usage": _usage(usage)}
        self._say("response.done", response=told)
        if self.sounding:
            self.sounding = False
            what = "cleared" if status == "cancelled" else "stopped"
            self._say(f"output_audio_buffer.{what}", response_id=self.id)

    def _begin(self) -> None:
        if self.message is not None:
            return
        told: dict[str, Any] = {"id": new_id("item"), "object": "realtime.item", "type": "message"}
        told |= {"role": "assistant", "status": "in_progress", "content": []}
        item = self.message = self._items.add(Item(told))
        self._output.append(item)
        self._say("response.output_item.added", response_id=self.id, output_index=self._index, item=dict(told))
        self._say("conversation.item.added", previous_item_id=self._items_before(item), item=dict(told))
        self._say("response.content_part.added", **self._place(), part=self._part(""))

    def _end_message(self, item: Item, status: str, heard: str | None) -> None:
        if self.speaks:
            if self._wire is not None:
                self._audio(self._wire.end())
            self._say("response.output_audio.done", **self._place())
            self._say("response.output_audio_transcript.done", **self._place(), transcript=self._text)
        else:
            self._say("response.output_text.done", **self._place(), text=self._text)
        self._say("response.content_part.done", **self._place(), part=self._part(self._text))
        text = self._text if heard is None else heard
        content = {"type": "output_audio", "transcript": text} if self.speaks else {"type": "output_text", "text": text}
        item.told |= {"status": "completed" if status == "completed" else "incomplete", "content": [content]}
        self._say("response.output_item.done", response_id=self.id, output_index=self._index, item=dict(item.told))
        self._say("conversation.item.done", previous_item_id=self._items_before(item), item=dict(item.told))

    def _audio(self, text: str) -> None:
        if text:
            self._say("response.output_audio.delta", **self._place(), delta=text)

    @property
    def _index(self) -> int:
        return 0 if self.message is None else self._output.index(self.message)

    def _place(self) -> dict[str, Any]:
        assert self.message is not None
        where = {"response_id": self.id, "item_id": self.message.id, "output_index": self._index}
        return where | {"content_index": 0}

    def _part(self, text: str) -> dict[str, Any]:
        return {"type": "audio", "transcript": text} if self.speaks else {"type": "text", "text": text}

    def _items_before(self, item: Item) -> str | None:
        return self._items.before(item)

    def _told(self) -> dict[str, Any]:
        output = self._config.audio["output"]
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": self.status,
            "status_details": None,
            "output": [dict(item.told) for item in self._output],
            "conversation_id": None,
            "output_modalities": ["audio" if self.speaks else "text"],
            "max_output_tokens": self._config.max_output_tokens,
            "audio": {"output": {"format": output["format"], "voice": output["voice"]}},
            "usage": None,
            "metadata": self.metadata,
        }


def _usage(usage: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Token counts in OpenAI's names. All of them are text: the model server sees no audio."""
    if usage is None:
        return None
    told, said, cached = int(usage["input"]), int(usage["output"]), int(usage["cached"])
    inputs = {"text_tokens": told, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": cached}
    return {
        "total_tokens": told + said,
        "input_tokens": told,
        "output_tokens": said,
        "input_token_details": inputs,
        "output_token_details": {"text_tokens": said, "audio_tokens": 0},
    }


def spoken_turn(spoken: SpokenReply | None) -> tuple[int, str] | None:
    """The session's turn a reply tells, and what of that turn's text came before this reply; None for no turn."""
    if spoken is None or spoken.reply is None or not spoken.reply.turn:
        return None
    return spoken.reply.turn, str(getattr(spoken.reply, "before", ""))
