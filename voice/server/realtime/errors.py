"""What is said to a client whose event was refused: OpenAI's error shape with our codes."""

from __future__ import annotations

from typing import Any


class Wrong(Exception):
    """A client event is refused; the connection stays open. `param` names the field."""

    def __init__(
        self, code: str, message: str, param: str | None = None, *, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.param, self.kind = code, message, param, kind

    def told(self, event_id: str | None) -> dict[str, Any]:
        """The object `error` of an error event; `event_id` is that of the event refused."""
        return {
            "type": self.kind,
            "code": self.code,
            "message": self.message,
            "param": self.param,
            "event_id": event_id,
        }


def unsupported(what: str, param: str, *, instead: str = "", code: str = "unsupported_field") -> Wrong:
    """A refusal of what the Realtime API has and this server has not."""
    return Wrong(code, f"{what} is not supported here" + (f"; {instead}" if instead else ""), param)
