"""Refusals as HTTP answers: one shape for all of them, with what OpenAI's client looks at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from voice.llm.interface import UpstreamError
from voice.sessions.log import Refused

STATUS = {
    "bad_request": 400,
    "invalid_offer": 400,
    "unsupported_session": 400,
    "key_invalid": 401,
    "token_expired": 401,
    "scope_insufficient": 403,
    "origin_refused": 403,
    "session_unknown": 404,
    "turn_unknown": 404,
    "call_unknown": 404,
    "not_found": 404,
    "model_unknown": 404,
    "participant_unknown": 404,
    "method_not_allowed": 405,
    "turn_in_flight": 409,
    "session_moved": 409,
    "name_taken": 409,
    "turn_gone": 410,
    "body_too_large": 413,
    "input_too_long": 413,
    "media_type": 415,
    "sequence_required": 422,
    "sequence_gap": 422,
    "sequence_conflict": 422,
    "batch_refused": 422,
    "context_too_long": 400,
    "flagged": 400,
    "turn_discarded": 422,
    "turn_committed": 422,
    "rate_limited": 429,
    "session_limit": 429,
    "overloaded": 429,
    "broken": 500,
    "engine_failed": 500,
    "not_installed": 501,
    "upstream_unavailable": 503,
    "unchecked": 503,
    "store_failed": 503,
    "stopping": 503,
    "talks_full": 503,
    "stalled": 504,
}
"""The HTTP status of each code; failures of the model server that are not listed are 502."""

_WAITS = {
    "turn_in_flight": 1.0,
    "session_moved": 1.0,
    "stopping": 2.0,
    "talks_full": 5.0,
    "store_failed": 5.0,
    "session_limit": 60.0,
}


def strange_origin() -> Refused:
    """A web page that may not ask, or may not under this name."""
    return Refused(
        "origin_refused",
        "a web page of another origin, or a host name that is not known to be this server",
        expected="an address, localhost, or an origin in serve.origins",
    )


def told(refused: Refused) -> dict[str, Any]:
    """Code, message, temporary and what was expected, as every error on any wire carries them."""
    error: dict[str, Any] = {"code": refused.code, "message": str(refused), "temporary": refused.temporary}
    if refused.retry_after_s is not None and refused.temporary:
        error["retry_after"] = round(refused.retry_after_s, 1)
    if refused.at:
        error["at"] = refused.at
    if refused.number is not None:
        error["expected"] = refused.number
    elif refused.expected:
        error["expected"] = refused.expected
    return error


def answer(refused: Refused, headers: dict[str, str] | None = None) -> JSONResponse:
    """The HTTP answer that says so."""
    status = STATUS.get(refused.code, 502)
    kind = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}.get(
        status, "invalid_request_error" if status < 500 else "api_error"
    )
    more = {"x-should-retry": "true" if refused.temporary else "false", **(headers or {})}
    wait = refused.retry_after_s if refused.retry_after_s is not None else _WAITS.get(refused.code)
    if refused.temporary and wait is not None:
        more["retry-after"] = str(max(1, math.ceil(wait)))
    return JSONResponse({"error": {**told(refused), "type": kind, "param": refused.param or None}}, status, more)


def from_upstream(error: UpstreamError) -> Refused:
    """A failure of the model server as a refusal."""
    return Refused(error.code, str(error), temporary=error.temporary, retry_after_s=error.retry_after_s)


async def on_refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return answer(error)


async def on_store_error(_: Request, error: Exception) -> JSONResponse:
    return answer(Refused("store_failed", f"the conversation cannot be stored: {error}", temporary=True))


async def on_invalid(_: Request, error: Exception) -> JSONResponse:
    """The first thing wrong with a request's body or parameters."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    param = ".".join(str(part) for part in first["loc"][1:])
    expected = "a request that matches /openapi.json"
    return answer(Refused("bad_request", f"{where}: {first['msg']}", expected=expected, param=param))


async def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """What the router itself refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return answer(nothing_at(request.url.path, list(request.app.openapi()["paths"])))
    codes = {405: "method_not_allowed", 413: "body_too_large"}
    headers = dict(error.headers or {})
    return answer(Refused(codes.get(error.status_code, "bad_request"), str(error.detail)), headers)


def nothing_at(path: str, paths: Sequence[str]) -> Refused:
    """The refusal of a path that is not served; it names the nearest ones, or all whose names need no other."""
    known = sorted(name for name in paths if name.startswith("/v1/"))
    near = get_close_matches(path, known, n=3, cutoff=0.6) or [name for name in known if "{" not in name]
    return Refused("not_found", f"nothing is served at {path}", expected=", ".join(near) or "a path of /openapi.json")
