"""HTTPS in a household: an authority made on this machine, and the certificate it gives to this machine's names."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from voice.errors import ConfigError

AUTHORITY, CERTIFICATE = "authority.pem", "certificate.pem"
AUTHORITY_DAYS, CERTIFICATE_DAYS, LEFT_DAYS = 3650, 397, 30
"""Browsers take no certificate that lasts longer than 397 days; it is made again when it has 30 left."""

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10")
"""The networks that the authority may speak for, so that a phone that trusts it trusts it for no place of the web."""

Key = ec.EllipticCurvePrivateKey


def certificate(folder: Path, hosts: Sequence[str], now: datetime) -> Path:
    """The file of the certificate and key for these names and addresses, made where it is missing, old or for others.

    `now` is in UTC. Raises ConfigError for files that cannot be read or written.
    """
    file = folder / CERTIFICATE
    try:
        if not _good(file, hosts, now):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            authority, key = _authority(folder / AUTHORITY, hosts, now)
            _write(file, *_signed(authority, key, hosts, now))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"the certificate cannot be made ({error})",
            where=str(folder),
            remedy="move this folder away and start again",
        ) from error
    return file


def authority_file(folder: Path) -> bytes:
    """The authority's certificate, without its key, for a phone that shall trust it."""
    return x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes()).public_bytes(Encoding.DER)


def _good(file: Path, hosts: Sequence[str], now: datetime) -> bool:
    if not file.exists():
        return False
    found = x509.load_pem_x509_certificate(file.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names) == set(_names(hosts)) and found.not_valid_after_utc - now > timedelta(days=LEFT_DAYS)


def _authority(file: Path, hosts: Sequence[str], now: datetime) -> tuple[x509.Certificate, Key]:
    """The one in the file, if it may speak for all of these; else a new one, which phones have to trust again."""
    wanted = _places(hosts)
    if file.exists():
        found = x509.load_pem_x509_certificate(file.read_bytes())
        places = found.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
        if set(wanted) <= set(places) and found.not_valid_after_utc - now > timedelta(days=CERTIFICATE_DAYS):
            key = load_pem_private_key(file.read_bytes(), None)
            assert isinstance(key, ec.EllipticCurvePrivateKey), "it was made here"
            return found, key
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    made = (
        _builder(f"voice home on {hosts[0]}", now, AUTHORITY_DAYS)
        .issuer_name(_name(f"voice home on {hosts[0]}"))
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints(wanted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(file, made, key)
    return made, key


def _places(hosts: Sequence[str]) -> list[x509.GeneralName]:
    """What the authority of these hosts may speak for."""
    private = [ipaddress.ip_network(network) for network in PRIVATE]
    addresses = [ipaddress.ip_address(host) for host in hosts if _is_address(host)]
    others = [ipaddress.ip_network(one) for one in addresses if not any(one in network for network in private)]
    names = dict.fromkeys(name for name in ("localhost", "local", *hosts) if not _is_address(name))
    return [*map(x509.IPAddress, (*private, *others)), *map(x509.DNSName, names)]


def _signed(authority: x509.Certificate, by: Key, hosts: Sequence[str], now: datetime) -> tuple[x509.Certificate, Key]:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    made = (
        _builder(hosts[0], now, CERTIFICATE_DAYS)
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_names(hosts)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .sign(by, hashes.SHA256())
    )
    return made, key


def _builder(name: str, now: datetime, days: int) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(_name(name)).serial_number(x509.random_serial_number())
    return made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=days))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    return [
        x509.IPAddress(ipaddress.ip_address(host)) if _is_address(host) else x509.DNSName(host)
        for host in dict.fromkeys(hosts)
    ]


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


def _write(file: Path, made: x509.Certificate, key: Key) -> None:
    """Certificate and key in one file that only its owner reads."""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(made.public_bytes(Encoding.PEM) + private)
    new.replace(file)
