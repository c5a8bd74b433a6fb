"""Where the server listens: which addresses it tells, and which keys it refuses outside this machine."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from voice.errors import ConfigError
from voice.server.server import bind, network_url, url
from voice.settings.serving import ServeSettings

GOOD = "kitchen:write:9f86d081884c7d659a2feaa0c55ad015"


@pytest.mark.parametrize(
    "keys",
    [
        "alpha",
        "kitchen:write:hunter2",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabcabcabcabcabc",
        f"{GOOD},short",
    ],
)
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_key_that_could_be_guessed_is_refused_on_the_network(keys: str, host: str) -> None:
    with pytest.raises(ConfigError, match="could be guessed") as caught:
        bind(ServeSettings(host=host, port=0, api_keys=keys))
    assert "openssl rand -hex 24" in str(caught.value)
    for key in keys.split(","):
        assert key.rpartition(":")[2] not in str(caught.value)


def test_on_this_machine_any_key_will_do() -> None:
    with bind(ServeSettings(port=0, api_keys="alpha")) as listening:
        assert url(listening) == f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert network_url(listening) == ""


def test_listening_everywhere_tells_an_address_for_here_and_one_for_others() -> None:
    with bind(ServeSettings(host="0.0.0.0", port=0, api_keys=GOOD)) as listening:
        port = listening.getsockname()[1]
        assert url(listening) == f"http://127.0.0.1:{port}", "0.0.0.0 is no address that a page may use a microphone at"
        far = network_url(listening)
        assert far == "" or far.endswith(f":{port}")
        assert "0.0.0.0" not in far
        if far:
            with socket.create_connection((far.removeprefix("http://").partition(":")[0], port), timeout=5):
                pass


def test_an_address_that_was_named_is_told_as_it_is() -> None:
    settings = replace(ServeSettings(port=0), host="127.0.0.2")
    with bind(settings) as listening:
        assert url(listening).startswith("http://127.0.0.2:")
