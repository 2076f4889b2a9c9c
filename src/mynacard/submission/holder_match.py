"""Whether the form is about the signer: compares it with the signing certificate.

Sex and birth date must be the same. Names are compared as far as possible: a certificate may have an alias or
substitute characters, and how it writes a foreign resident's name is not known for certain. So a name or an address
that differs only gives a warning, and nothing is corrected.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from enum import StrEnum

from cryptography import x509

from mynacard.errors import CertificateFileError
from mynacard.personal.fields import Sex as CardSex
from mynacard.submission.application import Person, Sex
from mynacard.submission.messages import Violation, error, warning
from mynacard.trust.holder import HolderAttributes, holder_of

__all__ = ["SEXES", "Match", "compare", "compare_texts", "fingerprint"]


class Match(StrEnum):
    """How two texts compare."""

    SAME = "match"
    AFTER_NORMALISATION = "match_after_normalisation"
    DIFFERS = "differs"


SEXES = {CardSex.MALE: Sex.MALE, CardSex.FEMALE: Sex.FEMALE}


def compare_texts(first: str, second: str) -> Match:
    """Whether the texts are the same, the same except for width, case and spaces, or different."""
    if first == second:
        return Match.SAME
    return Match.AFTER_NORMALISATION if _normal(first) == _normal(second) else Match.DIFFERS


def compare(person: Person, certificate: x509.Certificate) -> list[Violation]:
    """The differences between *person* and *certificate*, a signing certificate."""
    try:
        holder = holder_of(certificate)
    except CertificateFileError:
        holder = None
    if holder is None:
        return [warning("holder/unknown", "/person")]
    return [*_exact(person, holder), *_texts(person, holder)]


def fingerprint(certificate: x509.Certificate) -> str:
    """Identifies the holder by name, sex and birth date, without revealing them to a reader who does not know them."""
    try:
        holder = holder_of(certificate)
    except CertificateFileError:
        holder = None
    if holder is None:
        return hashlib.sha256(certificate.subject.public_bytes()).hexdigest()
    name = _normal(holder.name.value) if holder.name is not None else ""
    born = holder.birth_date.raw if holder.birth_date is not None else ""
    return hashlib.sha256("\n".join((name, born, holder.sex or "")).encode()).hexdigest()


def _exact(person: Person, holder: HolderAttributes) -> list[Violation]:
    violations = list[Violation]()
    if holder.birth_date is not None and holder.birth_date.date is not None:
        if holder.birth_date.date != person.birth_date:
            violations.append(error("holder/birth-date-differs", "/person/birth_date"))
    else:
        violations.append(warning("holder/unknown", "/person/birth_date"))
    sex = None if holder.sex is None else SEXES.get(holder.sex)
    if sex is not None:
        if sex is not person.sex:
            violations.append(error("holder/sex-differs", "/person/sex"))
    else:
        violations.append(warning("holder/unknown", "/person/sex"))
    return violations


def _texts(person: Person, holder: HolderAttributes) -> list[Violation]:
    violations = list[Violation]()
    if holder.name is None or compare_texts(holder.name.value, person.name) is Match.DIFFERS:
        violations.append(warning("holder/name-differs", "/person/name"))
    if person.address is not None and (
        holder.address is None or compare_texts(holder.address.value, person.address.text) is Match.DIFFERS
    ):
        violations.append(warning("holder/address-differs", "/person/address/text"))
    return violations


def _normal(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().upper()
