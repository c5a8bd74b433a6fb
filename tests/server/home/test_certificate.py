"""HTTPS in a household: what is made is trusted by who trusts its authority, for this household only."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from voice.errors import ConfigError
from voice.server.home.certificate import AUTHORITY, PRIVATE, authority_file, certificate

NOW = datetime.now(UTC).replace(microsecond=0)
HOSTS = ("kitchen.local", "kitchen", "localhost", "127.0.0.1")


def test_a_client_that_trusts_the_authority_trusts_the_server(tmp_path: Path) -> None:
    file = certificate(tmp_path / "tls", HOSTS, NOW)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    trusting = ssl.create_default_context(cadata=authority_file(tmp_path / "tls"))

    async def run() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=serving)
        port = server.sockets[0].getsockname()[1]
        for name in HOSTS:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)
            writer.close()
            await writer.wait_closed()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="example.org")
        server.close()
        await server.wait_closed()

    asyncio.run(run())


def test_it_is_made_again_when_it_is_old_or_for_other_names_by_the_same_authority(tmp_path: Path) -> None:
    file = certificate(tmp_path, HOSTS, NOW)
    first, authority = file.read_bytes(), authority_file(tmp_path)
    assert certificate(tmp_path, HOSTS, NOW + timedelta(days=300)).read_bytes() == first
    assert certificate(tmp_path, HOSTS, NOW + timedelta(days=380)).read_bytes() != first
    other = certificate(tmp_path, (*HOSTS, "192.168.1.7"), NOW).read_bytes()
    assert other != first
    assert authority_file(tmp_path) == authority
    certificate(tmp_path, (*HOSTS, "192.0.2.7"), NOW)
    assert authority_file(tmp_path) != authority  # the first could not speak for an address that is not private
    assert b"PRIVATE KEY" not in authority
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_the_authority_speaks_for_no_place_of_the_web(tmp_path: Path) -> None:
    certificate(tmp_path, HOSTS, NOW)
    made = x509.load_pem_x509_certificate((tmp_path / AUTHORITY).read_bytes())
    constraints = made.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    permitted = {str(place.value) for place in constraints.value.permitted_subtrees or ()}
    assert permitted == {*PRIVATE, "localhost", "local", "kitchen.local", "kitchen"}


def test_a_damaged_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").write_text("x")
    with pytest.raises(ConfigError, match="move this folder away"):
        certificate(tmp_path, HOSTS, NOW)
