"""Identity numbers of other countries than China, as they are usually written, each with what confirms it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import regex
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.se import personnummer
from stdnum.us import ssn

DIGITS, LETTERS = "0123456789", "abcdefghijklmnopqrstuvwxyz"

_NO_NI_PREFIX = frozenset({"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"})
"""Never given out (HMRC's manual NIM39110)."""


@dataclass(frozen=True, slots=True)
class NationalId:
    """One kind: its shape in folded text, what confirms its compact form, what it may begin with, its longest form."""

    name: str
    pattern: Any
    confirms: Callable[[str], bool]
    begins: str
    longest: int


def is_national_insurance(number: str) -> bool:
    """Whether it can be a British National Insurance number; they have no check digit, but few prefixes."""
    return number[:2] not in _NO_NI_PREFIX


def _kind(name: str, pattern: str, confirms: Callable[[str], bool], begins: str, longest: int) -> NationalId:
    return NationalId(name, regex.compile(pattern), confirms, begins, longest)


NATIONAL_IDS = (
    _kind("US Social Security", r"[0-9]{3}(?:-[0-9]{2}-| [0-9]{2} )[0-9]{4}", ssn.is_valid, DIGITS, 11),
    _kind(
        "UK National Insurance",
        r"[abceghj-prstw-z][abceghj-nprstw-z][ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[a-d](?!\.?m)",
        is_national_insurance,
        LETTERS,
        13,
    ),
    _kind("Canadian SIN", r"[0-9]{3}-[0-9]{3}-[0-9]{3}", sin.is_valid, DIGITS, 11),
    _kind("Brazilian CPF", r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", cpf.is_valid, DIGITS, 14),
    _kind("German tax ID", r"[0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}", idnr.is_valid, DIGITS, 14),
    _kind("Spanish DNI", r"[0-9]{8}[ -]?[a-z]", dni.is_valid, DIGITS, 10),
    _kind("Spanish NIE", r"[xyz][ -]?[0-9]{7}[ -]?[a-z]", nie.is_valid, "xyz", 11),
    _kind(
        "French NIR",
        r"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9ab] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}",
        nir.is_valid,
        "12",
        21,
    ),
    _kind(
        "Italian codice fiscale",
        r"[a-z]{6} ?[0-9]{2}[a-ehlmprst][0-9]{2} ?[a-z][0-9]{3}[a-z]",
        codicefiscale.is_valid,
        LETTERS,
        18,
    ),
    _kind("Indian Aadhaar", r"[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}", aadhaar.is_valid, DIGITS, 14),
    _kind("Swedish personnummer", r"(?:[0-9]{2})?[0-9]{6}[-+][0-9]{4}", personnummer.is_valid, DIGITS, 13),
)
"""Each is specific enough in this form; in bare digits most are not, and telephone numbers look the same."""


def compact(written: str) -> str:
    """The number without spaces, dots and hyphens, in capitals."""
    return re.sub(r"[ .-]", "", written).upper()
