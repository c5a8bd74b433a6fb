"""A recognition or speech server with OpenAI's API: how it is called, and its failures in one line."""

from __future__ import annotations

import contextlib
import json
import weakref
from collections.abc import Iterator
from typing import Any

from voice import proxies
from voice.errors import ConfigError, EngineError

CONNECT_S = 3.0


class AudioServer:
    """An OpenAI-compatible server at `url` (as in `http://pi5.local:8000/v1`), asked from one worker thread.

    `key` names the setting that holds the address, for messages. A request is silent for at most `stall_s` seconds.
    """

    def __init__(self, url: str, api_key: str, key: str, *, stall_s: float = 15.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"cannot reach {url!r}", where=key, expected="a URL such as http://HOST:PORT/v1")
        import httpx2
        import openai  # 0.5 s, so only when needed

        self._transport = httpx2
        self._sdk, self.url, self._key = openai, url.rstrip("/"), key
        self.omit = openai.omit
        with proxies.explained():
            http = openai.DefaultHttpxClient(**proxies.client_options(self.url))
        client = openai.OpenAI(
            base_url=self.url,
            api_key=api_key or "none",  # the package insists on one; local servers ignore it
            max_retries=1,
            timeout=openai.Timeout(stall_s, connect=CONNECT_S),
            http_client=http,
        )
        weakref.finalize(self, client.close)  # its connections are closed before they are lost
        self.audio = client.audio

    @contextlib.contextmanager
    def failures(self) -> Iterator[None]:
        """Whatever a request may raise, as EngineError."""
        try:
            yield
        except self._sdk.APIStatusError as error:
            raise self._failed(f"HTTP {error.status_code}: {_said(error)}", "see that server's log") from error
        except self._sdk.APITimeoutError as error:
            raise self._failed("no answer in time", "check whether it is busy or still loading its model") from error
        except self._sdk.APIConnectionError as error:
            cause = error.__cause__ or error
            what = f"cannot connect ({str(cause) or type(cause).__name__})"
            raise self._failed(what, f"start the server, or correct {self._key}") from error
        except self._transport.HTTPError as error:
            raise self._failed("the connection broke", "see that server's log") from error
        except (self._sdk.OpenAIError, json.JSONDecodeError) as error:
            raise self._failed(f"invalid answer: {error}", "check that the server is OpenAI-compatible") from error

    def _failed(self, what: str, remedy: str) -> EngineError:
        return EngineError(what, where=self.url, remedy=remedy)


def _said(error: Any) -> str:
    body = error.body
    if isinstance(body, dict) and body.get("message"):
        body = body["message"]
    return str(body if isinstance(body, str) and body else error.message)[:200]
