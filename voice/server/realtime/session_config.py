"""The session of a Realtime connection, which `session.update` changes, in the shape of OpenAI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from voice.server.realtime.client_events import Wrong, is_a, unsupported
from voice.settings.schema import Settings

VOICES = frozenset(("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"))
"""OpenAI's names: any of them is the configured voice."""

EAGERNESS_MS = {"low": 8000, "medium": 4000, "high": 2000}
"""The longest silence of semantic turn detection, as at OpenAI; `auto` takes the configured one."""

FLAT: Mapping[str, str] = {
    "modalities": "output_modalities",
    "voice": "audio.output.voice",
    "speed": "audio.output.speed",
    "input_audio_format": "audio.input.format",
    "output_audio_format": "audio.output.format",
    "input_audio_transcription": "audio.input.transcription",
    "input_audio_noise_reduction": "audio.input.noise_reduction",
    "turn_detection": "audio.input.turn_detection",
    "max_response_output_tokens": "max_output_tokens",
    "temperature": "",
}
"""Fields of the API's older shape, and where their meaning is now."""

FORMATS = {"audio/pcm": 24_000, "audio/pcmu": 8_000, "audio/pcma": 8_000}

LEAST_IDLE_MS, MOST_IDLE_MS = 5000, 30_000

IGNORED = ("tracing", "truncation", "reasoning", "include", "parallel_tool_calls")
MOST_TOOLS, MOST_TEXT = 128, 256 * 1024

_PCM = {"type": "audio/pcm", "rate": 24_000}
_SEMANTIC = {"type": "semantic_vad", "eagerness": "auto", "create_response": True, "interrupt_response": True}
_SERVER = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "create_response": True,
    "interrupt_response": True,
}


def _audio() -> dict[str, Any]:
    return {
        "input": {
            "format": dict(_PCM),
            "noise_reduction": None,
            "transcription": None,
            "turn_detection": dict(_SEMANTIC),
        },
        "output": {"format": dict(_PCM), "voice": "alloy", "speed": 1.0},
    }


@dataclass(slots=True)
class Config:
    """The session as the client sees it. `levels` is our extension: whether levels are sent."""

    kind: str = "realtime"
    model: str = ""
    instructions: str = ""
    output_modalities: list[str] = field(default_factory=lambda: ["audio"])
    audio: dict[str, Any] = field(default_factory=_audio)
    tools: list[dict[str, Any]] = field(default_factory=list)
    tool_choice: Any = "auto"
    max_output_tokens: Any = "inf"
    instructed: bool = False
    levels: bool = False
    echoed: dict[str, Any] = field(default_factory=dict)

    def told(self, sid: str) -> dict[str, Any]:
        """The session object of `session.created` and `session.updated`."""
        if self.kind == "transcription":
            heard = {"input": self.audio["input"]}
            return {"type": "transcription", "object": "realtime.transcription_session", "id": sid, "audio": heard}
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": sid,
            "model": self.model,
            "instructions": self.instructions,
            "output_modalities": self.output_modalities,
            "audio": self.audio,
            "tools": self.tools,
            "tool_choice": self.tool_choice,
            "max_output_tokens": self.max_output_tokens,
            **self.echoed,
        }

    @property
    def detection(self) -> Mapping[str, Any] | None:
        """Turn detection; None where turns are manual."""
        found: Mapping[str, Any] | None = self.audio["input"]["turn_detection"]
        return found

    @property
    def listens_only(self) -> bool:
        """Whether what a person says is only written down, until the client asks for a response."""
        return self.kind == "transcription" or not (self.detection or {}).get("create_response", True)

    @property
    def language(self) -> str:
        return str((self.audio["input"]["transcription"] or {}).get("language") or "")

    def options(self, once: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What a turn is asked with; `once` are this response's own fields."""
        once = once or {}
        found: dict[str, Any] = {}
        if self.instructed or once.get("instructions"):
            found["instructions"] = once.get("instructions") or self.instructions
        tools = once.get("tools", self.tools)
        if tools:
            found["tools"] = [_as_chat(tool) for tool in tools]
            choice = once.get("tool_choice", self.tool_choice)
            if isinstance(choice, Mapping):
                choice = {"type": "function", "function": {"name": choice.get("name", "")}}
            if choice != "auto":
                found["tool_choice"] = choice
        most = once.get("max_output_tokens", self.max_output_tokens)
        if most != "inf":
            found["max_tokens"] = most
        return found

    def settings(self, base: Settings) -> Settings:
        """The settings of this connection's voice loop."""
        detection, output = self.detection or {}, self.audio["output"]
        turn = replace(base.turn, barge_in=bool(detection.get("interrupt_response", True)), filler_s=0.0)
        audio, asr, tts = base.audio, base.asr, base.tts
        if detection.get("type") == "server_vad":
            audio = replace(audio, preroll_ms=min(2000, int(detection["prefix_padding_ms"])))
            silence_ms = min(5000, max(100, int(detection["silence_duration_ms"])))
            turn = replace(turn, endpointing="fixed", silence_ms=silence_ms)
        elif detection.get("eagerness") in EAGERNESS_MS:
            longest = max(turn.min_silence_ms, EAGERNESS_MS[detection["eagerness"]])
            turn = replace(turn, max_silence_ms=longest, silence_ms=min(turn.silence_ms, longest))
        tts = replace(tts, speed=min(1.5, max(0.5, tts.speed * float(output["speed"]))))
        if output["voice"] not in VOICES:
            tts = replace(tts, voice=output["voice"])
        if self.language:
            asr, tts = replace(asr, language=self.language), replace(tts, language=self.language)
        if audio.echo not in ("off", "guard"):  # whether a client cancels its echo is found out
            audio = replace(audio, echo="auto")
        # A client waits for `speech_started`, and controls its own level.
        vad = replace(base.vad, afar=True)
        return replace(base, audio=audio, vad=vad, turn=turn, asr=asr, tts=tts)


def updated(config: Config, change: Mapping[str, Any]) -> Config:
    """The session after `session.update` with these fields. Raises Wrong, and then nothing has changed."""
    kind = change.get("type", config.kind)
    if kind not in ("realtime", "transcription"):
        raise unsupported(f"a session of type {str(kind)[:40]!r}", "session.type", code="unsupported_session")
    for name, now in FLAT.items():
        if name in change:
            raise unsupported(f"the older field {name}", f"session.{name}", instead=f"send {now}" if now else "")
    if change.get("prompt"):
        raise unsupported("a stored prompt", "session.prompt", instead="send instructions")
    new = replace(config, kind=kind, audio=deepcopy(config.audio), echoed=dict(config.echoed))
    if change.get("instructions") is not None:
        new.instructions, new.instructed = text(change["instructions"], "session.instructions"), True
    if change.get("output_modalities") is not None:
        new.output_modalities = modalities(change["output_modalities"], "session.output_modalities")
    if change.get("tools") is not None:
        new.tools = tools(change["tools"], "session.tools")
    if change.get("tool_choice") is not None:
        new.tool_choice = tool_choice(change["tool_choice"], "session.tool_choice")
    if change.get("max_output_tokens") is not None:
        new.max_output_tokens = most_tokens(change["max_output_tokens"], "session.max_output_tokens")
    if isinstance(change.get("x_levels"), bool):
        new.levels = change["x_levels"]
    for name in IGNORED:
        if name in change:
            new.echoed[name] = change[name]
    audio = _object(change.get("audio"), "session.audio")
    _update_input(new.audio["input"], _object(audio.get("input"), "session.audio.input"))
    _update_output(new.audio["output"], _object(audio.get("output"), "session.audio.output"))
    return new


def _update_input(now: dict[str, Any], change: Mapping[str, Any]) -> None:
    where = "session.audio.input"
    if change.get("format") is not None:
        now["format"] = _format(change["format"], f"{where}.format")
    for name in ("noise_reduction", "transcription"):
        if name in change:
            now[name] = None if change[name] is None else dict(_object(change[name], f"{where}.{name}"))
    language = (now["transcription"] or {}).get("language")
    if language is not None and not (isinstance(language, str) and 0 < len(language) <= 20):
        raise Wrong("invalid_value", "language must be a code such as en or zh", f"{where}.transcription.language")
    if "turn_detection" in change:
        now["turn_detection"] = _detection(change["turn_detection"], f"{where}.turn_detection")


def _update_output(now: dict[str, Any], change: Mapping[str, Any]) -> None:
    where = "session.audio.output"
    if change.get("format") is not None:
        now["format"] = _format(change["format"], f"{where}.format")
    if change.get("speed") is not None:
        if not is_a(change["speed"], float) or not 0.25 <= change["speed"] <= 1.5:
            raise Wrong("invalid_value", "speed must be a number from 0.25 to 1.5", f"{where}.speed")
        now["speed"] = float(change["speed"])
    voice = change.get("voice")
    if voice is not None:
        name = voice.get("id") if isinstance(voice, Mapping) else voice
        if not isinstance(name, str) or not 0 < len(name) <= 100 or "/" in name or "\\" in name:
            raise Wrong("unknown_voice", "voice must be the name of a voice", f"{where}.voice")
        now["voice"] = name


def _detection(change: Any, where: str) -> dict[str, Any] | None:
    if change is None:
        return None
    found = _object(change, where)
    base = {"semantic_vad": _SEMANTIC, "server_vad": _SERVER}.get(str(found.get("type")))
    if base is None:
        raise Wrong("invalid_value", "type must be server_vad or semantic_vad", f"{where}.type")
    idle_ms = found.get("idle_timeout_ms")
    if idle_ms is not None and base is not _SERVER:
        raise unsupported("idle_timeout_ms with semantic_vad", f"{where}.idle_timeout_ms", instead="use server_vad")
    if idle_ms is not None and not (is_a(idle_ms, int) and LEAST_IDLE_MS <= idle_ms <= MOST_IDLE_MS):
        expected = f"a whole number from {LEAST_IDLE_MS} to {MOST_IDLE_MS}"
        raise Wrong("invalid_value", f"idle_timeout_ms must be {expected}", f"{where}.idle_timeout_ms")
    new = {**base, **{name: found[name] for name in base if found.get(name) is not None}}
    for name, value in base.items():
        same = is_a(new[name], type(value)) or (isinstance(value, float) and is_a(new[name], int))
        if not same:
            raise Wrong("invalid_value", f"{name} is of the wrong type", f"{where}.{name}")
    if new.get("eagerness", "auto") not in ("low", "medium", "high", "auto"):
        raise Wrong("invalid_value", "eagerness must be low, medium, high or auto", f"{where}.eagerness")
    return new | ({"idle_timeout_ms": idle_ms} if idle_ms is not None else {})


def _format(change: Any, where: str) -> dict[str, Any]:
    kind = _object(change, where).get("type")
    if not isinstance(kind, str) or kind not in FORMATS:
        raise Wrong("invalid_value", f"type must be one of {', '.join(FORMATS)}", f"{where}.type")
    if change.get("rate") not in (None, FORMATS[kind]):
        raise Wrong("invalid_value", f"{kind} has {FORMATS[kind]} Hz here", f"{where}.rate")
    return dict(_PCM) if kind == "audio/pcm" else {"type": kind}


def modalities(value: Any, where: str) -> list[str]:
    """["audio"] or ["text"]; both together mean audio, which has its text with it."""
    if not isinstance(value, list) or not value or not all(one in ("audio", "text") for one in value):
        raise Wrong("invalid_value", 'output_modalities must be ["audio"] or ["text"]', where)
    return ["audio"] if "audio" in value else ["text"]


def tools(value: Any, where: str) -> list[dict[str, Any]]:
    """Function tools with a name each. Raises Wrong."""
    if not isinstance(value, list) or len(value) > MOST_TOOLS:
        raise Wrong("invalid_value", f"tools must be a list of at most {MOST_TOOLS}", where)
    if len(json.dumps(value)) > MOST_TEXT:
        raise Wrong("invalid_value", f"the tools are longer than {MOST_TEXT} bytes", where)
    for index, tool in enumerate(value):
        kind = _object(tool, f"{where}[{index}]").get("type", "function")
        if kind != "function":
            what, instead = (
                f"a tool of type {str(kind)[:40]!r}",
                "send functions; the server's own tools.mcp has MCP servers",
            )
            raise unsupported(what, f"{where}[{index}]", instead=instead, code="unsupported_tool")
        if not isinstance(tool.get("name"), str) or not tool["name"]:
            raise Wrong("missing_field", "a function needs a name", f"{where}[{index}].name")
    return value


def tool_choice(value: Any, where: str) -> Any:
    """auto, none, required, or the function with a name. Raises Wrong."""
    if value in ("auto", "none", "required"):
        return value
    if isinstance(value, Mapping) and value.get("type") == "function" and isinstance(value.get("name"), str):
        return value
    raise Wrong("invalid_value", "tool_choice must be auto, none, required or a function", where)


def most_tokens(value: Any, where: str) -> Any:
    """A number of tokens, or inf. Raises Wrong."""
    if value == "inf" or (is_a(value, int) and value > 0):
        return value
    raise Wrong("invalid_value", 'max_output_tokens must be a number or "inf"', where)


def metadata(value: Any, where: str) -> Mapping[str, Any]:
    """Up to 16 pairs of short strings. Raises Wrong."""
    pairs = _object(value, where)
    if len(pairs) > 16 or not all(isinstance(one, str) and len(one) <= 512 for one in pairs.values()):
        raise Wrong("invalid_value", "metadata must be at most 16 pairs of strings up to 512 characters", where)
    return pairs


def _as_chat(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A function as chat completions describe it."""
    told = {name: tool[name] for name in ("name", "description", "parameters") if tool.get(name) is not None}
    return {"type": "function", "function": told}


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Wrong("invalid_value", "an object is expected", where)
    return value


def text(value: Any, where: str) -> str:
    """Raises Wrong."""
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise Wrong("invalid_value", f"a string of at most {MOST_TEXT} characters is expected", where)
    return value
