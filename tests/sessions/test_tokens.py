"""What opens a session and what does not."""

from __future__ import annotations

import math

import pytest

from voice.logs import short
from voice.sessions.tokens import ends_at, granted, new_session_id, new_token, scoped_token, token_hash


def test_ids_and_tokens_are_long_and_new_each_time() -> None:
    assert len({new_session_id() for _ in range(50)}) == len({new_token() for _ in range(50)}) == 50
    assert len(new_token()) >= 43
    assert len(short(new_session_id())) == 8


def test_only_its_own_token_opens_a_session() -> None:
    token = new_token()
    stored = token_hash(token)
    assert granted(stored, "s_1", token, 0.0) == "write"
    for other in (new_token(), "", token[:-1], token + "x", "vs_write.99999999999.", "vs_", "\N{SNOWMAN}", "vs_a.b.ü"):
        assert granted(stored, "s_1", other, 0.0) is None
    assert granted(None, "s_1", token, 0.0) is None


@pytest.mark.parametrize("scope", ["read", "write"])
def test_a_scoped_token_is_good_for_its_session_scope_and_time_only(scope: str) -> None:
    stored = token_hash(new_token())
    token = scoped_token(stored, "s_1", scope, 1000.0)  # type: ignore[arg-type]
    assert granted(stored, "s_1", token, 999.0) == scope
    assert granted(stored, "s_1", token, 1000.0) is None
    assert (ends_at(token), ends_at(new_token())) == (1000.0, math.inf)
    assert granted(stored, "s_2", token, 999.0) is None
    assert granted(token_hash(new_token()), "s_1", token, 999.0) is None
    changed = {"read": "write", "write": "read"}[scope]
    assert granted(stored, "s_1", token.replace(scope, changed), 999.0) is None
    assert granted(stored, "s_1", token.replace("1000", "9000"), 999.0) is None
