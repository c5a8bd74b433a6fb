"""What each of the client's events does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from voice.audio.frames import Pcm
from voice.errors import VoiceError
from voice.server.realtime import session_config as fields
from voice.server.realtime.audio_codec import SPOKEN_RATE, Incoming
from voice.server.realtime.client_events import Wrong, unsupported
from voice.server.realtime.connection import FULL, EventHandler, RealtimeConnection
from voice.server.realtime.events import user_item
from voice.server.realtime.items import Item
from voice.server.realtime.voice_session import Dictation
from voice.turn.state import State

Event = dict[str, Any]
LEAST_COMMIT_S = 0.1
HEARING = (State.LISTENING, State.ENDING)
SPEAKING = (State.THINKING, State.SPEAKING, State.PAUSED)


async def append(to: RealtimeConnection, event: Event) -> None:
    pcm: Pcm = to.incoming.take(event["audio"])
    if not to.talk.add_audio(pcm, manual=to.config.detection is None):
        raise Wrong(*FULL)
    await asyncio.sleep(0)  # a client that sends a recording at once leaves the others their turn


async def commit(to: RealtimeConnection, event: Event) -> None:
    dictation, stage = to.talk.dictation, to.talk.stage
    if to.config.detection is not None:
        if stage.machine.state not in HEARING:
            raise Wrong("input_audio_buffer_commit_empty", "no uncommitted speech")
        stage.conversation.microphone_lost()
        return
    assert dictation is not None
    seconds = dictation.seconds
    if seconds < LEAST_COMMIT_S:
        raise Wrong(
            "input_audio_buffer_commit_empty", f"the buffer has {seconds * 1000:.0f} ms; at least 100 are needed"
        )
    item = user_item(None)
    to.narrator.committed(item)
    try:
        text = await dictation.commit()
    except VoiceError as error:
        to.narrator.untranscribed(item, str(error))
        return
    to.narrator.transcribed(item, text, seconds)
    if text:
        to.items.wait(item, text)


async def clear(to: RealtimeConnection, event: Event) -> None:
    stage = to.talk.stage
    stage.source.clear()
    if stage.machine.state in HEARING:
        stage.conversation.drop()
    if to.talk.dictation is not None:
        await to.talk.dictation.clear()
    to.say("input_audio_buffer.cleared")


async def create_item(to: RealtimeConnection, event: Event) -> None:
    before = to.items.last
    wanted: dict[str, Any] = event["item"]
    parts = wanted["content"] if isinstance(wanted.get("content"), list) else []
    read = [await _in_words(to, part, f"item.content[{place}]") for place, part in enumerate(parts)]
    item = to.items.created({**wanted, "content": read} if parts else wanted)
    if read != parts:
        words = [one["text"] for one in read]
        told = zip(parts, read, words, strict=True)
        item.told["content"] = [
            {"type": "input_audio", "transcript": text} if part is not one else part for part, one, text in told
        ]
    for what in ("added", "done"):
        to.say(f"conversation.item.{what}", item=dict(item.told), previous_item_id=before)


async def _in_words(to: RealtimeConnection, part: Any, where: str) -> Any:
    """A part of a message; of audio, what is said in it. Raises Wrong or VoiceError."""
    if not isinstance(part, Mapping) or part.get("type") != "input_audio":
        return part
    if not isinstance(part.get("audio"), str):
        raise Wrong("missing_field", "audio needs its samples", f"{where}.audio")
    dictation = Dictation(to.talk.recognizer)
    if not dictation.add(Incoming(to.config.audio["input"]["format"]["type"]).take(part["audio"])):
        raise Wrong("buffer_full", "an item may have 60 s of audio", f"{where}.audio")
    try:
        return {"type": "input_text", "text": await dictation.commit()}
    finally:
        await dictation.close()


async def retrieve_item(to: RealtimeConnection, event: Event) -> None:
    to.say("conversation.item.retrieved", item=dict(to.items.find(event["item_id"]).told))


async def delete_item(to: RealtimeConnection, event: Event) -> None:
    item = to.items.find(event["item_id"])
    if item not in to.items.waiting:
        if item.spoken is None:
            what = "deleting an item that a response was based on"
            raise unsupported(what, "item_id", code="unsupported_delete")
        await _cut(to, item, 0)
    to.items.remove(item)
    to.say("conversation.item.deleted", item_id=item.id)


async def truncate_item(to: RealtimeConnection, event: Event) -> None:
    """Cut a reply to what was heard of it; the loop's own, nearer knowledge of that is never widened."""
    item = to.items.find(event["item_id"])
    if item.spoken is None:
        raise Wrong("invalid_value", "only a reply can be truncated", "item_id")
    await _cut(to, item, event["audio_end_ms"] * SPOKEN_RATE // 1000)
    to.say(
        "conversation.item.truncated",
        item_id=item.id,
        content_index=event["content_index"],
        audio_end_ms=event["audio_end_ms"],
    )


async def _cut(to: RealtimeConnection, item: Item, samples: int) -> None:
    spoken, stage = item.spoken, to.talk.stage
    assert spoken is not None
    if stage.conversation.reply is spoken:
        stage.playout.report(samples)
        to.talk.stop_reply()
        return
    heard = spoken.text[: spoken.heard_after(samples)]
    if spoken.reply is not None:
        await spoken.reply.truncate(len(heard))
    for part in item.told["content"]:
        name = "transcript" if "transcript" in part else "text"
        part[name] = part[name][: len(heard)]


async def create_response(to: RealtimeConnection, event: Event) -> None:
    wanted: Mapping[str, Any] = event.get("response") or {}
    if to.config.kind == "transcription":
        raise Wrong("invalid_value", "a transcription session has no responses", "type")
    once = _once(wanted)
    if wanted.get("conversation") == "none":
        if once.pop("output_modalities", to.config.output_modalities) != ["text"]:
            what = "speech outside the conversation"
            raise unsupported(what, "response.output_modalities", instead='send output_modalities: ["text"]')
        to.asides.begin(to.config, once, wanted.get("input"), once.pop("metadata", None))
        return
    response, stage = to.narrator.response, to.talk.stage
    if response is not None and not response.ended:
        code = "conversation_already_has_active_response"
        raise Wrong(code, f"{response.id} is not done; cancel it or wait for response.done")
    modalities = once.pop("output_modalities", to.config.output_modalities)
    to.narrator.metadata = once.pop("metadata", None)
    to.session.once = once
    conversation = stage.conversation
    usual, conversation.speaks = conversation.speaks, modalities == ["audio"]
    conversation.type(to.items.take_words())
    conversation.speaks = usual


def _once(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of this one response, checked. Raises Wrong."""
    if wanted.get("conversation") not in (None, "auto", "none"):
        raise Wrong("invalid_value", "conversation must be auto or none", "response.conversation")
    if wanted.get("input") is not None and wanted.get("conversation") != "none":
        raise unsupported("input of a response in the conversation", "response.input", instead="create items first")
    if wanted.get("prompt") is not None:
        raise unsupported("a stored prompt", "response.prompt", instead="send instructions")
    checks: dict[str, Callable[[Any, str], Any]] = {
        "instructions": fields.text,
        "output_modalities": fields.modalities,
        "tools": fields.tools,
        "tool_choice": fields.tool_choice,
        "max_output_tokens": fields.most_tokens,
        "metadata": fields.metadata,
    }
    given = {name: wanted[name] for name in checks if wanted.get(name) is not None}
    return {name: checks[name](value, f"response.{name}") for name, value in given.items()}


async def cancel_response(to: RealtimeConnection, event: Event) -> None:
    if to.asides.cancel(event.get("response_id") or ""):
        return
    if to.talk.stage.machine.state not in SPEAKING:
        raise Wrong("response_cancel_not_active", "no response to cancel")
    to.talk.stop_reply()


async def clear_output(to: RealtimeConnection, event: Event) -> None:
    response = to.narrator.response
    tells = response is not None and response.sounding
    to.talk.stop_reply()
    if not tells:
        to.say("output_audio_buffer.cleared", response_id=response.id if response is not None else "")


async def played(to: RealtimeConnection, event: Event) -> None:
    response = to.narrator.response
    if response is not None and response.message is not None and response.message.id == event["item_id"]:
        to.talk.stage.playout.report(round(event["ms"] * SPOKEN_RATE / 1000))


async def cancel_timer(to: RealtimeConnection, event: Event) -> None:
    to.talk.stage.conversation.cancel_timer(event["number"])


HANDLERS: Mapping[str, EventHandler] = {
    "session.update": RealtimeConnection.change,
    "input_audio_buffer.append": append,
    "input_audio_buffer.commit": commit,
    "input_audio_buffer.clear": clear,
    "conversation.item.create": create_item,
    "conversation.item.retrieve": retrieve_item,
    "conversation.item.delete": delete_item,
    "conversation.item.truncate": truncate_item,
    "response.create": create_response,
    "response.cancel": cancel_response,
    "output_audio_buffer.clear": clear_output,
    "x.played": played,
    "x.timer.cancel": cancel_timer,
}
