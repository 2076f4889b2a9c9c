"""Which account a certificate belongs to, and whether the holder of a new one is the person of an old one.

A user-authentication certificate has one identifier of its holder, the common name. It is another one on each
certificate, so it changes with every renewal, at the latest after five years, and with every new card or phone. Nothing
in the new certificate names the old one: the portal has to bind it to the account anew, by its own procedure.
"""

from __future__ import annotations

import hmac
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeVar
from unicodedata import normalize

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from mynacard._dataclasses import dataclass
from mynacard.arguments import BYTES, check_class, check_type
from mynacard.errors import CertificateFileError, UsageError
from mynacard.texts import N_
from mynacard.verdict import Undecided

if TYPE_CHECKING:
    from mynacard.trust.holder import BirthDate, HolderAttributes, Text

__all__ = ["KEY_LENGTH", "Match", "Rebinding", "account_id", "check_key", "rebinding"]

KEY_LENGTH: Final = 32
"""The fewest bytes of a portal's key for account ids."""

_PURPOSE: Final = b"mynacard account id 1\0"
_T = TypeVar("_T")


def check_key(key: bytes) -> None:
    """Check that *key* can be a portal's key for account ids.

    Raises:
        UsageError: it is not bytes, or it has fewer than :data:`KEY_LENGTH`.
    """
    check_class(type(key), *BYTES, wanted="bytes")
    if len(key) < KEY_LENGTH:
        raise UsageError(N_("The key of account ids needs at least {least} random bytes."), least=KEY_LENGTH)


def account_id(certificate: x509.Certificate, authority: x509.Certificate, key: bytes) -> str:
    """The portal's name for the holder of *certificate*, which *authority* issued: 64 hexadecimal digits.

    It is an HMAC under the portal's *key* over the authority's public key and the certificate's common name. Without
    the key, it cannot be compared with those of other portals, nor with certificates. With another key, all accounts
    have other ids. A common name is unique only within one authority; so those of another one, such as the authority of
    simulated cards, never lead into the same account. That costs nothing, since the common name changes anyway when a
    later generation of authorities issues a new certificate.

    Raises:
        UsageError: as :func:`check_key`, or an argument is not a certificate.
        CertificateFileError: *certificate* does not have exactly one common name.

    Source: RFC 2104 (HMAC) with SHA-256.
    """
    check_key(key)
    for argument in (certificate, authority):
        check_type(argument, x509.Certificate, wanted="cryptography.x509.Certificate")
    names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(names) != 1 or not names[0]:
        raise CertificateFileError(N_("This certificate does not have exactly one common name."))
    issuer = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hmac.digest(key, _PURPOSE + sha256(issuer).digest() + names[0].encode(), "sha256").hex()


class Match(Undecided, StrEnum):
    """Whether two things are the same. ``CANNOT_TELL`` is neither of the others: a person has to decide."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True, slots=True)
class Rebinding(Undecided):
    """How the holders of two signing certificates compare.

    Attributes:
        name: CANNOT_TELL also if characters were replaced in one of them that were not in the other.
        birth_date: compared by its day, in whichever calendar.
        sex: as the certificates have it.
    """

    name: Match
    birth_date: Match
    sex: Match

    @property
    def person(self) -> Match:
        """SAME if all three are; DIFFERENT if the birth date is; else CANNOT_TELL: names and sexes can change.

        Two people can have all three in common. So SAME is one condition for opening an existing account to a new
        certificate, and the account's owner has to meet another one: an address, a code by post, a visit.
        """
        if self.birth_date is Match.DIFFERENT:
            return Match.DIFFERENT
        all_same = {self.name, self.birth_date, self.sex} == {Match.SAME}
        return Match.SAME if all_same else Match.CANNOT_TELL


def rebinding(old: HolderAttributes | None, new: HolderAttributes | None) -> Rebinding:
    """How the holders compare whose attributes *old* and *new* signing certificates have (``trust.holder.holder_of``).

    Both certificates must be good, and the portal must have seen signatures by both: this compares only what they say.
    """
    if old is None or new is None:
        return Rebinding(Match.CANNOT_TELL, Match.CANNOT_TELL, Match.CANNOT_TELL)
    return Rebinding(
        _names(old.name, new.name), _birth_dates(old.birth_date, new.birth_date), _compared(old.sex, new.sex)
    )


def _compared(old: _T | None, new: _T | None) -> Match:
    if old is None or new is None:
        return Match.CANNOT_TELL
    return Match.SAME if old == new else Match.DIFFERENT


def _names(old: Text | None, new: Text | None) -> Match:
    """Names in which width and number of spaces do not count."""
    if old is None or new is None:
        return Match.CANNOT_TELL
    if _plain(old.value) != _plain(new.value):
        one_is_replaced = any(old.replaced or ()) or any(new.replaced or ())
        return Match.CANNOT_TELL if one_is_replaced else Match.DIFFERENT
    return Match.SAME if old.replaced == new.replaced else Match.CANNOT_TELL


def _plain(name: str) -> str:
    return " ".join(normalize("NFKC", name).split())


def _birth_dates(old: BirthDate | None, new: BirthDate | None) -> Match:
    """Birth dates; those without a day, being known only in part, can only be the same as they are written."""
    if old is None or new is None:
        return Match.CANNOT_TELL
    if old.date is None or new.date is None:
        return Match.SAME if old.raw == new.raw else Match.CANNOT_TELL
    return _compared(old.date, new.date)
