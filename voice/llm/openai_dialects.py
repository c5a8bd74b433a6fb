"""How OpenAI-compatible servers differ: where they answer, what they may be told, how they count and refuse."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from voice.llm.interface import Message
from voice.text.boundaries import well_formed

KEEP_ALIVE = "30m"  # as long as a session lives without a sign of life

# The address only that server has, and a field its answer has there.
PROBES = (("/props", "default_generation_settings", "llama.cpp"), ("/api/version", "version", "ollama"))

# status: (code, temporary, remedy)
REFUSALS: Mapping[int, tuple[str, bool, str]] = {
    400: ("upstream_bad_request", False, ""),
    401: ("upstream_unauthorized", False, "set VOICE_CHAT_API_KEY to a key this server accepts"),
    403: ("upstream_forbidden", False, "use a key that may use this model"),
    404: ("upstream_not_found", False, "check the address; it usually ends in /v1"),
    408: ("upstream_timeout", True, "try again"),
    409: ("upstream_conflict", True, "try again"),
    413: ("upstream_context_too_long", False, "lower chat.context_tokens"),
    422: ("upstream_bad_request", False, ""),
    429: ("upstream_rate_limited", True, "wait, or use a key with a higher limit"),
}
BOM = b"\xef\xbb\xbf"
TEXT_PARTS = ("text", "output_text")
SERVER_FAULT = ("upstream_error", True, "look at that server's log")


def base_url(url: str) -> str:
    """Return `url` without credentials, query and trailing slash; a bare host gets `/v1`."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/") or "/v1", "", ""))


def same_server(url: str, location: str) -> str:
    """Return where a redirect of `url` leads, if that is on the same server; else nothing."""
    there, here = urlsplit(urljoin(url, location)), urlsplit(url)
    same = location and (there.scheme, there.netloc) == (here.scheme, here.netloc)
    return urlunsplit((there.scheme, there.netloc, there.path, "", "")) if same else ""


def root_url(url: str) -> str:
    """Return the address a server's own API hangs from: the base URL without its `/v1`."""
    return url.removesuffix("/v1")


def known_kind(url: str) -> str:
    """Return the kind of server its host name gives away, or an empty string."""
    return "openai" if urlsplit(url).hostname == "api.openai.com" else ""


def hints(kind: str, key: str) -> dict[str, object]:
    """Return body fields that help this kind of server to keep the session's prefix cached; none for others."""
    if kind == "openai" and key:
        return {"prompt_cache_key": key}
    return {"cache_prompt": True} if kind == "llama.cpp" else {}


def refusal(status: int, error_code: str, message: str) -> tuple[str, bool, str]:
    """Return code, whether a retry may help, and the remedy for an answer with an error status."""
    if error_code == "context_length_exceeded" or "context length" in message or "context size" in message:
        return REFUSALS[413]
    if error_code == "insufficient_quota":
        return "upstream_quota_exhausted", False, "the account of this key has no credit left"
    if status == 404 and (error_code == "model_not_found" or "model" in message.lower()):
        return "upstream_model_not_found", False, "set chat.model to one the server has"
    return REFUSALS.get(status, SERVER_FAULT if status >= 500 else ("upstream_bad_request", False, ""))


def error_text(body: object) -> str:
    """Return the server's own words from an error body of any of the shapes in use, one line, at most 200 long."""
    while isinstance(body, Mapping):
        body = next((body[k] for k in ("message", "error", "detail") if body.get(k)), "")
    return well_formed(" ".join(str(body or "").split())[:200])


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a `Retry-After` header asks to wait, given as seconds, milliseconds or a date."""
    millis, value = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    try:
        if millis or value.replace(".", "", 1).isdigit():
            return max(0.0, float(millis) / 1000 if millis else float(value))
        if value:
            return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):  # a header in no known form asks for nothing
        return None
    return None


def token_counts(chunk: Mapping[str, Any]) -> tuple[int, int, int] | None:
    """Return (input, cached input, output) tokens where the chunk reports them.

    The cached part has three names: `prompt_tokens_details.cached_tokens` (OpenAI, vLLM, LiteLLM),
    `prompt_cache_hit_tokens` (DeepSeek), `timings.cache_n` (llama.cpp).
    """
    usage = chunk.get("usage")
    if not isinstance(usage, Mapping):
        return None
    details, timings = usage.get("prompt_tokens_details"), chunk.get("timings")
    cached = _count(details, "cached_tokens") or _count(usage, "prompt_cache_hit_tokens") or _count(timings, "cache_n")
    return _count(usage, "prompt_tokens"), cached, _count(usage, "completion_tokens")


def _count(told: object, name: str) -> int:
    """The number of this name, 0 where there is none."""
    value = told.get(name) if isinstance(told, Mapping) else None
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0


def message_json(message: Message) -> dict[str, object]:
    """Return a message as chat completions take it."""
    if message.raw is not None:
        return dict(message.raw)
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    told: dict[str, object] = {"role": message.role, "content": message.said}
    if message.calls:
        told["tool_calls"] = [
            {
                "id": call["call_id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": call["arguments"]},
            }
            for call in message.calls
        ]
    return told


def content_text(content: object) -> str:
    """Return what of a delta's content is text: a string, or the parts of type text in a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type", "text") in TEXT_PARTS]
    return "".join(text for text in texts if isinstance(text, str)) if texts else ""


def choices(chunk: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the delta, or the whole message, and the finish reason of each choice in a chunk."""
    found = chunk.get("choices")
    for choice in found if isinstance(found, list) else ():
        if isinstance(choice, Mapping):
            delta = choice.get("delta") or choice.get("message") or {}
            yield delta if isinstance(delta, Mapping) else {}, str(choice.get("finish_reason") or "")


def told_error(chunk: Mapping[str, Any]) -> str:
    """Return the server's words where a chunk tells of an error, in any of the shapes in use; else nothing."""
    if chunk.get("error"):
        return error_text(chunk) or "failed"
    told = "choices" not in chunk and (chunk.get("object") == "error" or chunk.get("type") == "error")
    return error_text(chunk) or "failed" if told else ""


class FunctionCalls:
    """Function calls put together from the pieces a stream brings, and handed on as they grow.

    A piece belongs to the call of its `index`. Servers that give none, null, or 0 to all of them, are understood by the
    `id`: a new one begins a call; so does a name after arguments that are complete. Arguments come in pieces of JSON
    text, or whole as an object.
    """

    def __init__(self) -> None:
        self._calls: list[Gathered] = []
        self._places: dict[int, int] = {}
        self._begun = 0

    def __len__(self) -> int:
        return len(self._calls)

    def take(self, pieces: object) -> list[dict[str, object]]:
        """Take the `tool_calls` of one delta; return what of them is new, as effects of kind CALL_PIECE have it.

        A call begins with its `place`, `call_id` and `name`; what follows has its `place` and more of its `arguments`.
        """
        new = []
        for piece in pieces if isinstance(pieces, list) else ():
            if isinstance(piece, Mapping):
                new += self._new(self._take(piece))
        return new

    def _take(self, piece: Mapping[str, Any]) -> Gathered:
        told = piece.get("function")
        function: Mapping[str, Any] = told if isinstance(told, Mapping) else piece
        arguments = function.get("arguments")
        if isinstance(arguments, Mapping | list):
            arguments = json.dumps(arguments, ensure_ascii=False)
        more = arguments if isinstance(arguments, str) else ""
        id, name = well_formed(str(piece.get("id") or "")), well_formed(str(function.get("name") or ""))
        call = self._call(piece.get("index"), id, name, more)
        call.id, call.name = id or call.id, name or call.name
        text, call.held = join_surrogates(call.held, more)
        call.arguments += text
        return call

    def _call(self, index: object, id: str, name: str, arguments: str) -> Gathered:
        """The call that a piece belongs to; a new one where it begins a call."""
        key = index if isinstance(index, int) and not isinstance(index, bool) else None
        place = self._places.get(key) if key is not None else len(self._calls) - 1
        if place is not None and place >= 0:
            known = self._calls[place]
            another = (id and known.id and id != known.id) or (
                name and known.name and (key is None or (arguments and _is_whole(known.arguments)))
            )
            if not another:
                return known
        self._calls.append(Gathered())
        if key is not None:
            self._places[key] = len(self._calls) - 1
        return self._calls[-1]

    def _new(self, call: Gathered) -> list[dict[str, object]]:
        """What of a call was not handed on yet; nothing before its name is known."""
        if not call.name:
            return []
        head: dict[str, object] = {}
        if call.place is None:
            call.place, self._begun = self._begun, self._begun + 1
            head = {"call_id": call.id or f"call_{call.place}", "name": call.name}
        new, call.told = call.arguments[call.told :], len(call.arguments)
        return [{"place": call.place, **head, "arguments": new}] if head or new else []

    def rest(self) -> list[dict[str, object]]:
        """What is still to be handed on once the reply is complete: the arguments of calls that had none."""
        return [
            {"place": call.place, "arguments": call.whole[call.told :]}
            for call in self._calls
            if call.place is not None and len(call.whole) > call.told
        ]

    def whole(self) -> list[dict[str, object]]:
        """Return the calls, each with `call_id`, `name` and `arguments` as JSON text."""
        return [
            {"call_id": call.id or f"call_{index}", "name": call.name, "arguments": call.whole}
            for index, call in enumerate(self._calls)
            if call.name
        ]


@dataclass(slots=True)
class Gathered:
    """One function call as far as it has come. Its `place` among those handed on, and how much of its arguments was."""

    id: str = ""
    name: str = ""
    arguments: str = ""
    held: str = ""
    """Half a character at the end."""
    place: int | None = None
    told: int = 0

    @property
    def whole(self) -> str:
        """Its arguments once nothing follows."""
        return self.arguments + ("\ufffd" if self.held else "") or "{}"


def _is_whole(arguments: str) -> bool:
    try:
        json.loads(arguments)
    except ValueError:
        return False
    return True


class DataLines:
    """Server-sent events as all of these servers write them: each a line `data: …`; everything else is comment.

    A body that has no such line is one JSON object: a whole reply in place of a stream, or an error.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._started = False
        self._other: list[bytes] | None = []

    def feed(self, raw: bytes) -> list[bytes]:
        """Return the data that `raw` completes."""
        *lines, self._rest = (self._rest + raw).split(b"\n")
        if lines and not self._started:
            self._started = True
            lines[0] = lines[0].removeprefix(BOM)
        found = []
        for line in lines:
            if line.startswith(b"data:"):
                found.append(line[5:].strip())
                self._other = None
            elif line.startswith(b"error:"):  # llama.cpp
                found.append(_wrapped(line[6:].strip()))
                self._other = None
            elif self._other is not None and not line.startswith((b":", b"event:", b"id:", b"retry:")):
                self._other.append(line)
        return found

    def end(self) -> list[bytes]:
        """Return what was begun when the connection ended, or the whole body where it was no stream."""
        found = self.feed(b"\n") if self._rest else []
        body = b"\n".join(self._other or ()).strip()
        return found or ([body] if body else [])


def _wrapped(told: bytes) -> bytes:
    return told if told.startswith(b'{"error"') else b'{"error":' + (told or b'"failed"') + b"}"


def join_surrogates(held: str, piece: str) -> tuple[str, str]:
    """Return (text that can leave, half a character to hold back) of `held` followed by `piece`.

    Servers that cut `\\ud83d\\ude00` between two chunks send each half alone; neither is text by itself.
    """
    text = held + piece
    if text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text):
        return text, ""
    held = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
    return well_formed(text.removesuffix(held)), held


CONTINUING: Mapping[str, Mapping[str, object]] = {
    "off": {},
    "prefill": {},
    "vllm": {"continue_final_message": True, "add_generation_prompt": False},
}
"""What goes into a request that ends in the beginning of a reply, by how the server wants to be asked to go on."""
