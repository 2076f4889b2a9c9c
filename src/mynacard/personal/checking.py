"""Checks whether a card is genuine. Every step is good, bad or not checked, and says why.

A card is genuine if its data about the holder is signed under a root of the wanted kind, and if it signs a fresh
challenge with a key that is signed in the same way. Either one without the other can be copied or borrowed. Whatever no
step can check is reported as not checked, each time; :class:`Subject` lists it.

Nothing here talks to a card. Pass the files that were read, byte for byte as stored, and the answer to a challenge
(:func:`challenge_input`).

Source: soltia48/myna-card and hebingchang/pymyna; what the steps do not prove is our own reading of what they sign.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from typing import Final, TypeVar

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_member, check_type
from mynacard.errors import CardDataError
from mynacard.hashes import HashAlgorithm
from mynacard.personal.cv import CvCertificate
from mynacard.personal.keys import PublicKeyObject
from mynacard.personal.objects import AgeRecord, Attributes, CardKey, Face, NumberFile, NumberImage, TextDigests
from mynacard.personal.report import Check, Conclusion, Genuineness, Subject, Verdict
from mynacard.personal.roots import PRODUCTION, TEST, Origin, Purpose, Root, RootKind
from mynacard.personal.signatures import challenge_input, is_signed, signed_challenge, signed_face
from mynacard.texts import N_
from mynacard.verdict import Step, bad, good, not_checked

__all__ = [
    "Check",
    "Conclusion",
    "FaceFiles",
    "Genuineness",
    "Presence",
    "Subject",
    "TextFiles",
    "Verdict",
    "challenge_input",
    "check_face",
    "check_text",
    "not_checkable",
]

_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Presence:
    """A challenge and its answer.

    Attributes:
        nonce: the bytes that were made for this one challenge.
        answer: the card's answer to :func:`challenge_input` of *nonce*.
    """

    nonce: bytes = field(repr=False)
    answer: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TextFiles:
    """Files of the text input support application, as stored; None for those that were not read."""

    certificate: bytes = field(repr=False)
    digests: bytes | None = field(default=None, repr=False)
    card_key: bytes | None = field(default=None, repr=False)
    number: bytes | None = field(default=None, repr=False)
    attributes: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FaceFiles:
    """Files of the card face application, as stored; None for those that were not read."""

    certificate: bytes = field(repr=False)
    age_record: bytes | None = field(default=None, repr=False)
    face: bytes | None = field(default=None, repr=False)
    number_image: bytes | None = field(default=None, repr=False)


def check_text(
    files: TextFiles,
    presence: Presence | None = None,
    *,
    wanted: RootKind = RootKind.PRODUCTION,
    roots: Sequence[Root] = PRODUCTION + TEST,
) -> Genuineness:
    """Whether a card with these *files* of the text input support application is genuine.

    The number and the attributes are signed in one place, and the card's key in another. Nothing says that they belong
    to one card, so that is not checked here. The card face application can show it.

    Args:
        files: what was read. A number or attributes without the digests file are not checked.
        presence: a challenge and the card's answer; None if there was no challenge.
        wanted: the kind of root to which the certificate must lead.
        roots: the known roots; add a simulated one to them.

    Raises:
        UsageError: the nonce has fewer than 16 bytes.
    """
    check_type(files, TextFiles)
    check_member(wanted, RootKind)
    _check_nonce(presence)
    certified, issuer, root = _certificate(files.certificate, Purpose.TEXT, wanted, roots)
    digests, signed = _digests(files.digests, issuer)
    card_key, key = _card_key(files.card_key, issuer)
    return Genuineness(
        wanted,
        root,
        (
            Check(Subject.CERTIFICATE, certified),
            Check(Subject.DIGESTS, digests),
            Check(Subject.NUMBER, _number(files.number, signed)),
            Check(Subject.ATTRIBUTES, _attributes(files.attributes, signed)),
            Check(Subject.CARD_KEY, card_key),
            Check(Subject.PRESENCE, _presence(presence, (key,) if key else ())),
            Check(Subject.SAME_CARD, _NOT_LINKED),
            Check(Subject.VALIDITY, _VALIDITY),
        ),
    )


def check_face(
    files: FaceFiles,
    presence: Presence | None = None,
    *,
    wanted: RootKind = RootKind.PRODUCTION,
    roots: Sequence[Root] = PRODUCTION + TEST,
) -> Genuineness:
    """Whether a card with these *files* of the card face application is genuine.

    Every record has the card's key in it, signed together with its data.

    Args:
        files: what was read.
        presence: a challenge and the card's answer; None if there was no challenge.
        wanted: the kind of root to which the certificate must lead.
        roots: the known roots; add a simulated one to them.

    Raises:
        UsageError: the nonce has fewer than 16 bytes.
    """
    check_type(files, FaceFiles)
    check_member(wanted, RootKind)
    _check_nonce(presence)
    certified, issuer, root = _certificate(files.certificate, Purpose.CARD_FACE, wanted, roots)
    age, age_key = _record(files.age_record, issuer, AgeRecord)
    face, face_key = _face(files.face, issuer)
    image, image_key = _record(files.number_image, issuer, NumberImage)
    keys = tuple({key for key in (age_key, face_key, image_key) if key})
    return Genuineness(
        wanted,
        root,
        (
            Check(Subject.CERTIFICATE, certified),
            Check(Subject.AGE_RECORD, age),
            Check(Subject.FACE, face),
            Check(Subject.NUMBER_IMAGE, image),
            Check(Subject.PRESENCE, _presence(presence, keys)),
            Check(Subject.SAME_CARD, _same_card(keys, presence)),
            Check(Subject.UNSIGNED, _unsigned(files.face)),
            Check(Subject.VALIDITY, _VALIDITY),
        ),
    )


def not_checkable(wanted: RootKind = RootKind.PRODUCTION) -> Genuineness:
    """The report on the common or the resident register application: no known key signs anything in them."""
    why = not_checked(
        "application/nothing-to-check", N_("Nothing in this application can show whether the card is genuine.")
    )
    return Genuineness(wanted, None, (Check(Subject.APPLICATION, why),))


_VALIDITY: Final = not_checked(
    "validity/no-dates",
    N_("Whether the card is still valid was not checked: these certificates have no dates and no revocation."),
)
_NOT_LINKED: Final = not_checked(
    "same-card/not-linked",
    N_("Nothing in this application says that its data and the key that answered belong to one card."),
)
_UNREAD: Final = not_checked("file/not-read", N_("The file was not read."))


def _check_nonce(presence: Presence | None) -> None:
    if presence is not None:
        challenge_input(presence.nonce)


def _malformed(why: CardDataError) -> Step:
    return bad("file/malformed", N_("{why}"), why=why)


def _certificate(
    content: bytes, purpose: Purpose, wanted: RootKind, roots: Iterable[Root]
) -> tuple[Step, PublicKeyObject | None, Root | None]:
    """The step, the certified key and its root; no key, and no root, if none of *roots* certifies it."""
    try:
        certificate = CvCertificate.parse(content)
    except CardDataError as e:
        return _malformed(e), None, None
    named = [root for root in roots if root.key_id == certificate.issuer and root.purpose is purpose]
    if not named and wanted is not RootKind.SIMULATED and certificate.issuer.simulated:
        why = N_("The certificate names the simulated root {issuer}: it proves nothing outside of tests.")
        return bad("issuer/simulated", why, issuer=str(certificate.issuer)), None, None
    if not named:
        why = N_("None of the known roots issued this certificate; it names {issuer}.")
        return bad("issuer/unknown", why, issuer=str(certificate.issuer)), None, None
    signers = [root for root in named if certificate.signed_by(root.public_key)]
    if not signers:
        why = N_("The certificate names the root {issuer}, which did not sign it.")
        return bad("issuer/other-key", why, issuer=str(certificate.issuer)), None, None
    root = next((root for root in signers if root.kind is wanted), signers[0])
    return _of_kind(root, wanted), certificate.public_key, root


def _of_kind(root: Root, wanted: RootKind) -> Step:
    details = {"root": str(root.key_id), "kind": root.kind.value, "wanted": wanted.value}
    if root.kind is not wanted:
        why = N_("The certificate leads to the {kind} root {root}; one of kind {wanted} was asked for.")
        return bad("issuer/other-kind", why, **details)
    if root.kind is RootKind.SIMULATED:
        why = N_("The certificate leads to the simulated root {root}: it proves nothing outside of tests.")
    elif root.origin is Origin.COMMUNITY:
        why = N_("The certificate leads to the {kind} root {root}, as other programs know it; J-LIS publishes none.")
    else:
        why = N_("The certificate leads to the {kind} root {root}, which was supplied.")
    return good("issuer/good", why, **details)


_BAD_SIGNATURE: Final = N_("The certified key did not sign these bytes.")
_GOOD_SIGNATURE: Final = N_("The certified key signed it.")
_NO_KEY: Final = N_("There is no key to check it with: the certificate does not lead to a known root.")


def _signature(issuer: PublicKeyObject | None, check: Callable[[PublicKeyObject], bool]) -> Step:
    if issuer is None:
        return not_checked("signature/no-key", _NO_KEY)
    return good("signature/good", _GOOD_SIGNATURE) if check(issuer) else bad("signature/forged", _BAD_SIGNATURE)


def _value(step: Step, value: _V) -> tuple[Step, _V | None]:
    """*step*, and *value* only if the step is good: nothing else uses a value that is not signed."""
    return step, value if step.verdict is Verdict.GOOD else None


# --- text input support --------------------------------------------------------------------------------


def _digests(content: bytes | None, issuer: PublicKeyObject | None) -> tuple[Step, TextDigests | None]:
    if content is None:
        return _UNREAD, None
    try:
        value, signed = TextDigests.parse(content), TextDigests.signed_part(content)
    except CardDataError as e:
        return _malformed(e), None
    return _value(_signature(issuer, lambda key: is_signed(key, value.signature, signed)), value)


def _card_key(content: bytes | None, issuer: PublicKeyObject | None) -> tuple[Step, PublicKeyObject | None]:
    if content is None:
        return _UNREAD, None
    try:
        value, signed = CardKey.parse(content), CardKey.signed_part(content)
    except CardDataError as e:
        return _malformed(e), None
    step = _signature(issuer, lambda key: is_signed(key, value.signature, signed))
    return _value(step, value.public_key)


def _number(content: bytes | None, signed: TextDigests | None) -> Step:
    if content is None:
        return _UNREAD
    try:
        NumberFile.parse(content)
    except CardDataError as e:
        return _malformed(e)
    return _digest(content, signed.number if signed else None)


def _attributes(content: bytes | None, signed: TextDigests | None) -> Step:
    if content is None:
        return _UNREAD
    try:
        Attributes.parse(content)
        part = Attributes.signed_part(content)
    except CardDataError as e:
        return _malformed(e)
    return _digest(part, signed.attributes if signed else None)


def _digest(content: bytes, signed: bytes | None) -> Step:
    if signed is None:
        return not_checked("digest/not-signed", N_("There is no signed digest to compare it with."))
    if hmac.compare_digest(HashAlgorithm.SHA256.digest(content), signed):
        return good("digest/same", N_("It has the digest that was signed."))
    return bad("digest/other", N_("It does not have the digest that was signed."))


# --- card face -----------------------------------------------------------------------------------------


def _record(
    content: bytes | None, issuer: PublicKeyObject | None, kind: type[AgeRecord] | type[NumberImage]
) -> tuple[Step, PublicKeyObject | None]:
    if content is None:
        return _UNREAD, None
    try:
        value, signed = kind.parse(content), kind.signed_part(content)
    except CardDataError as e:
        return _malformed(e), None
    return _value(_signature(issuer, lambda key: is_signed(key, value.signature, signed)), value.public_key)


def _face(content: bytes | None, issuer: PublicKeyObject | None) -> tuple[Step, PublicKeyObject | None]:
    if content is None:
        return _UNREAD, None
    try:
        value, digests = Face.parse(content), Face.digests_of(content)
    except CardDataError as e:
        return _malformed(e), None
    step = _signature(issuer, lambda key: signed_face(key, value.signature, digests))
    return _value(step, value.public_key)


def _same_card(keys: tuple[PublicKeyObject, ...], presence: Presence | None) -> Step:
    if len(keys) > 1:
        return bad("same-card/other-keys", N_("The records name different keys: they come from different cards."))
    if not keys or presence is None:
        return not_checked("same-card/not-compared", N_("No key of the card was compared with an answer."))
    return good("same-card/same-key", N_("All records that were read name the key that was challenged."))


def _unsigned(face: bytes | None) -> Step:
    if face is None:
        return not_checked("unsigned/not-read", N_("No unsigned data were read."))
    why = N_("The expiry date and the image of the security code are not signed.")
    return not_checked("unsigned/not-signed", why)


# --- both ------------------------------------------------------------------------------------------------


def _presence(presence: Presence | None, keys: Sequence[PublicKeyObject]) -> Step:
    if presence is None:
        return not_checked("presence/not-asked", N_("The card was not asked to sign anything: it may be a copy."))
    if not keys:
        return not_checked("presence/no-key", N_("There is no signed key of the card to check its answer with."))
    if all(signed_challenge(key, presence.answer, presence.nonce) for key in keys):
        return good("presence/answered", N_("The card signed a fresh challenge with its signed key."))
    return bad("presence/other-key", N_("The card's answer to the challenge was not made with its signed key."))
