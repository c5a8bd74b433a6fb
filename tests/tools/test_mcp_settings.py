"""The tables of MCP servers: read from a file, and refused in one line where they cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voice.errors import ConfigError
from voice.settings.layers import load
from voice.tools.mcp_settings import McpServer, servers


def test_a_table_for_each_server_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        '[tools]\nnetwork = true\n[tools.mcp.house]\ncommand = ["house", "--quiet"]\nallow = ["lamp"]\n'
        '[tools.mcp.far]\nurl = "https://far.example/mcp"\ntoken_env = "FAR_TOKEN"\ntimeout_s = 5\n'
    )
    settings = load(config=path).settings
    assert settings.tools.network
    assert servers(settings.tools.mcp) == [
        McpServer("house", ("house", "--quiet"), allow=("lamp",)),
        McpServer("far", url="https://far.example/mcp", token_env="FAR_TOKEN", timeout_s=5.0),
    ]


def test_none_are_none() -> None:
    assert servers("") == []


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "one of command and url"),
        ({"command": ["x"], "url": "http://x"}, "one of command and url"),
        ({"command": "x"}, "not a list"),
        ({"command": [1]}, "not a list"),
        ({"url": "x"}, "a URL"),
        ({"url": 3}, "not text"),
        ({"url": "http://x", "token_env": "a secret!"}, "variable"),
        ({"url": "http://x", "token": "s3cret"}, "unknown setting"),
        ({"url": "http://x", "timeout_s": 0}, "seconds"),
        ({"url": "http://x", "timeout_s": True}, "seconds"),
    ],
)
def test_what_cannot_be_used_is_refused(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        servers(json.dumps({"house": table}))
    assert str(refused.value).startswith("tools.mcp.house")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("told", ["[]", "nonsense", '{"house": 3}', '{"a house": {"url": "http://x"}}'])
def test_what_is_no_table_is_refused(told: str) -> None:
    with pytest.raises(ConfigError, match=r"tools\.mcp"):
        servers(told)
