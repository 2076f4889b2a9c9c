"""Whether the contents of a residence card were signed, by whom, and are unchanged.

The signature covers the pictures and, in the second generation, the printed entries; not the address, permissions, type
or version. It does not show that the chip is the one that was issued: a copy on another chip is as good.

Source: the specification (layout.py names it) §3.4.3, figure 3-4, §3.3.4.9; for the second generation
eringoio/zairyu-card-reader. RFC 8017 §8.2.2, §9.2; RFC 5280 §6.1. vectors/residence/signatures.json.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from mynacard.arguments import check_member, check_type
from mynacard.errors import CertificateFileError, UsageError
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.residence.anchors import Anchor, AnchorKind, names_simulated
from mynacard.residence.certificates import Certificate
from mynacard.residence.contents import CardFiles, entries_row, stored_certificate
from mynacard.residence.layout import First, Second
from mynacard.residence.report import Report, SignatureForm
from mynacard.texts import N_, moment
from mynacard.verdict import Step, bad, good, not_checked

__all__ = ["check", "signed_data"]

RSA_BITS: Final = 2048
ENTRIES_LENGTH: Final = 53
"""Bytes of the printed entries' values; those of a special permanent resident certificate are padded to this."""
_COORDINATE: Final = 48
_PROCESSED: Final = frozenset({
    x509.BasicConstraints.oid, x509.KeyUsage.oid, x509.CertificatePolicies.oid, x509.SubjectAlternativeName.oid,
})  # fmt: skip
"""Critical extensions that are understood, or do not matter here."""

_NO_SIGNATURE: Final = N_(
    "The card has no signature. Cards of holders under 16 have none; a forged card may have none either."
)


def check(
    files: CardFiles, anchors: Iterable[Anchor] = (), *, at: datetime, wanted: AnchorKind = AnchorKind.PRODUCTION
) -> Report:
    """Whether *files* are genuine, judged under *anchors*.

    Args:
        files: as read.
        anchors: the CA certificates that the caller trusts.
        at: the time that matters, with its zone. How to treat an expired CA is not published; here what it signed is
            bad at that time, and may be good at an earlier one.
        wanted: which cards the caller expects: real ones, those of the agency's test CA, or simulated ones.

    Raises:
        CardDataError: a signed file does not have the known form, or is missing.
        UsageError: *at* has no time zone.
    """
    check_type(files, CardFiles)
    check_type(at, datetime)
    check_member(wanted, AnchorKind)
    if at.tzinfo is None:
        raise UsageError(N_("The time of the check needs a time zone."))
    read, verify = _GENERATIONS[files.type.generation]
    value, stored = read(files)
    if value is None:
        absent = not_checked("signature/absent", _NO_SIGNATURE)
        return Report(files.type, wanted, None, None, False, absent, absent, absent)
    certificate = _certificate(stored)
    if certificate is None:
        signature = bad(
            "signature/no-certificate", N_("The card has a signature, but the signer's certificate cannot be read.")
        )
        unknown = not_checked("issuer/no-certificate", N_("There is no certificate."))
        return Report(files.type, wanted, None, None, True, signature, unknown, unknown)
    data = signed_data(files)
    form = None if data is None else verify(certificate.public_key, value, data)
    anchor, issuer = _issuer(certificate, tuple(anchors), wanted)
    return Report(
        files.type,
        wanted,
        anchor,
        form,
        True,
        good("signature/good", N_("The signed fields are unchanged.")) if form else _changed(data),
        issuer,
        _validity(at, certificate, anchor),
    )


def signed_data(files: CardFiles) -> bytes | None:
    """The signed bytes, filler included; None where some are missing.

    First generation: front and face image, 10,000 bytes. Second: the values of the printed entries, face image, name
    image, 5,553 bytes.

    Raises:
        CardDataError: a signed file does not have the known form, or is missing.
    """
    check_type(files, CardFiles)
    if files.type.generation == 1:
        parts = [files.needed(First.FRONT).values.get(0xD0), files.needed(First.FACE).values.get(0xD1)]
    else:
        images = files.needed(Second.IMAGES).values
        entries = b"".join(entries_row(files).values.values()).ljust(ENTRIES_LENGTH, b"\x00")
        parts = [entries, images.get(0xD1), images.get(0xD0)]
    present = [part for part in parts if part is not None]
    return b"".join(present) if len(present) == len(parts) else None


# --- the two generations ---------------------------------------------------------------------------------------

Stored = tuple[bytes | None, bytes | None]
"""The signature and the certificate; None where the card has none."""


def _first(files: CardFiles) -> Stored:
    row = files.needed(First.SIGNATURE)
    return _filled(row.values.get(0xDA)), stored_certificate(row, 0xDB)


def _second(files: CardFiles) -> Stored:
    row = files.needed(Second.SIGNATURE)
    return _filled(row.values.get(0xDC)), stored_certificate(row, 0xDD)


def _filled(value: bytes | None) -> bytes | None:
    """*value*, if it is more than filler."""
    return value if value is not None and value.strip(b"\x00") else None


def _verify_rsa(key: CertificatePublicKeyTypes | None, value: bytes, data: bytes) -> SignatureForm | None:
    """The form in which *value* is a signature of *data*; each possible block is compared whole."""
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != RSA_BITS:
        return None
    try:
        recovered = key.recover_data_from_signature(value, padding.PKCS1v15(), None)
    except (InvalidSignature, ValueError):
        return None
    digest = HashAlgorithm.SHA256.digest(data)
    expected = {
        SignatureForm.BARE_DIGEST: digest,
        SignatureForm.DIGEST_INFO: digest_info(HashAlgorithm.SHA256, digest),
    }
    return next((form for form, block in expected.items() if hmac.compare_digest(recovered, block)), None)


def _verify_ecdsa(key: CertificatePublicKeyTypes | None, value: bytes, data: bytes) -> SignatureForm | None:
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        return None
    form, der = SignatureForm.DER, value
    if len(value) == 2 * _COORDINATE:
        r, s = (int.from_bytes(half, "big") for half in (value[:_COORDINATE], value[_COORDINATE:]))
        form, der = SignatureForm.RAW, encode_dss_signature(r, s)
    try:
        key.verify(der, data, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return None
    return form


_GENERATIONS: Final[
    dict[
        int,
        tuple[
            Callable[[CardFiles], Stored],
            Callable[[CertificatePublicKeyTypes | None, bytes, bytes], SignatureForm | None],
        ],
    ]
] = {1: (_first, _verify_rsa), 2: (_second, _verify_ecdsa)}


def _changed(data: bytes | None) -> Step:
    if data is None:
        return bad("signature/incomplete", N_("The card has a signature, but not everything that it should cover."))
    return bad("signature/changed", N_("The signed fields are not what the certificate's key signed."))


# --- the certificate -------------------------------------------------------------------------------------------


def _certificate(stored: bytes | None) -> Certificate | None:
    """The certificate that a card has stored, if it is one."""
    try:
        return None if stored is None else Certificate.load(stored)
    except CertificateFileError:
        return None


_SIMULATED: Final = N_("The CA is simulated: it proves nothing outside of tests.")


def _issuer(certificate: Certificate, anchors: tuple[Anchor, ...], wanted: AnchorKind) -> tuple[Anchor | None, Step]:
    """The anchor that issued *certificate*, by signature (four published CAs share a name), and the verdict on it."""
    issuers = [anchor for anchor in anchors if certificate.issued_by(anchor.certificate)]
    anchor = next((issuer for issuer in issuers if issuer.kind is wanted), next(iter(issuers), None))
    if anchor is None:
        if wanted is not AnchorKind.SIMULATED and names_simulated(certificate.parsed.issuer):
            return None, (bad if anchors else not_checked)("issuer/simulated", _SIMULATED)
        if not anchors:
            return None, not_checked("issuer/no-anchor", N_("No CA certificate was given: the signer is unknown."))
        return None, bad("issuer/unknown", N_("None of the given CA certificates issued the signer's certificate."))
    if anchor.says_simulated and not anchor.simulated:
        return anchor, bad("issuer/simulated", _SIMULATED)
    if anchor.kind is not wanted:
        return anchor, bad(
            "issuer/other-kind",
            N_("The CA signs {kind} cards, but {wanted} ones are wanted."),
            kind=anchor.kind.value,
            wanted=wanted.value,
        )
    problem = _profile(certificate, anchor.certificate)
    if problem:
        return anchor, bad("issuer/profile", problem)
    return anchor, good("issuer/good", N_("Signed under the {kind} CA that was given."), kind=anchor.kind.value)


def _profile(certificate: Certificate, authority: Certificate) -> str | None:
    """The problem with these two certificates; None without one. No source says what a signer's must contain."""
    if not authority.is_ca or not (authority.usage is None or authority.usage.key_cert_sign):
        return N_("The given certificate is not a CA certificate.")
    if certificate.is_ca:
        return N_("The signer's certificate is a CA certificate.")
    usage = certificate.usage
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return N_("The signer's certificate is not for signing data.")
    if any(extension.critical and extension.oid not in _PROCESSED for extension in certificate.parsed.extensions):
        return N_("The signer's certificate has a critical extension that is unknown here.")
    return None


def _validity(at: datetime, signer: Certificate, anchor: Anchor | None) -> Step:
    certificate = signer.parsed
    if at < certificate.not_valid_before_utc:
        return bad(
            "validity/not-yet",
            N_("The signer's certificate is valid from {start}."),
            start=moment(certificate.not_valid_before_utc),
        )
    if at > certificate.not_valid_after_utc:
        return bad(
            "validity/expired",
            N_("The signer's certificate expired on {end}."),
            end=moment(certificate.not_valid_after_utc),
        )
    if anchor is None:
        return good("validity/good", N_("The signer's certificate is valid on {time}."), time=moment(at))
    authority = anchor.certificate.parsed
    if at < authority.not_valid_before_utc:
        return bad(
            "validity/ca-not-yet",
            N_("The CA certificate is not valid before {start}."),
            start=moment(authority.not_valid_before_utc),
        )
    if at > authority.not_valid_after_utc:
        return bad(
            "validity/ca-expired", N_("The CA certificate expired on {end}."), end=moment(authority.not_valid_after_utc)
        )
    return good("validity/good", N_("Both certificates are valid on {time}."), time=moment(at))
