"""The contents of a simulated residence card. Sans-IO: keys, certificates and times are passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, decode_dss_signature

from mynacard._dataclasses import dataclass
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.residence.contents import CardFiles
from mynacard.residence.forms import build
from mynacard.residence.layout import LAYOUTS, CardType, File, First, Free, Second
from mynacard.residence.number import CardNumber
from mynacard.residence.report import SignatureForm
from mynacard.residence.signature import signed_data
from mynacard.simulator.choices import chosen
from mynacard.simulator.residence import images
from mynacard.simulator.residence.persona import SIMULATED_CARD_NUMBER, Fault, ResidencePersona
from mynacard.simulator.residence.pki import PrivateKey
from mynacard.simulator.traits import Traits

__all__ = ["ATR", "ResidenceContents", "Signer", "issue"]

ATR: Final = chosen(
    bytes.fromhex("3B8880010000000033818100 3A"),
    "answer to reset",
    "by PC/SC's rule for type B, its last five bytes made up",
    "D, ?",
)
"""By the rule of PC/SC part 3 §3.1.3.2.3 for type B: the card's protocol bytes are not known. TCK is right."""
VERSIONS: Final = {1: "0001", 2: chosen("0002", "second generation: version", "'0002'")}
"""The version of the specification, by generation."""
_COORDINATE: Final = 48


@dataclass(frozen=True, slots=True)
class ResidenceContents:
    """Everything on a simulated residence card.

    Attributes:
        type: the type of card.
        number: the number that opens it.
        files: the files' contents, filler included.
        traits: how it behaves.
    """

    type: CardType
    number: CardNumber
    files: Mapping[File, bytes] = field(repr=False)
    traits: Traits = Traits(atr=ATR)


@dataclass(frozen=True, slots=True)
class Signer:
    """The signer of a card: a key, and its certificate."""

    key: PrivateKey = field(repr=False)
    certificate_der: bytes


def issue(persona: ResidencePersona, signer: Signer, traits: Traits) -> ResidenceContents:
    """The card of *persona*, signed by *signer*, whose certificate has the persona's fault, if any.

    Raises:
        UsageError: a value of the persona is longer than its data object can be.
    """
    values = _first(persona) if persona.type.generation == 1 else _second(persona)
    values |= {
        Free.COMMON: {0xC0: VERSIONS[persona.type.generation].encode()},
        Free.TYPE_1: {0xC1: persona.type.encode()},
        Free.TYPE_2: {0xC1: persona.type.encode()},
    }
    files = {file: build(file, values.get(file, {})) for file in LAYOUTS[persona.type]}
    _sign(persona, signer, files)
    return ResidenceContents(persona.type, CardNumber(SIMULATED_CARD_NUMBER), files, traits)


Values = dict[File, dict[int, bytes]]


def _first(persona: ResidencePersona) -> Values:
    added, municipality, text = persona.address or ("", "", "")
    return {
        First.FRONT: {0xD0: persona.front},
        First.FACE: {0xD1: _face(persona)},
        First.ADDRESS: {0xD2: added.encode(), 0xD3: municipality.encode(), 0xD4: text.encode()}
        if persona.address
        else chosen({}, "address never added", "all '00'"),
        First.COMPREHENSIVE_PERMISSION: _permission(0xD5, persona.comprehensive),
        First.INDIVIDUAL_PERMISSION: _permission(0xD6, persona.individual),
        First.EXTENSION: {0xD7: b"1" if persona.extension_pending else b"0"},
    }  # fmt: skip


def _permission(tag: int, text: str) -> dict[int, bytes]:
    return {tag: text.encode()} if text else chosen({}, "permission never given", "all '00', like one taken back")


def _face(persona: ResidencePersona) -> bytes:
    if persona.has_face:
        return images.FACE
    return chosen(
        b"", "photo of a holder under 16, or under one year", "'D100', then '00'", "? (the text contradicts itself)"
    )


def _second(persona: ResidencePersona) -> Values:
    entries = {tag: text.encode() for tag, text in persona.entries}
    return {
        Second.NUMBER: {0xC2: SIMULATED_CARD_NUMBER.encode()},
        Second.ENTRIES: entries,
        Second.ENTRIES_OF_SPECIAL: entries,
        Second.IMAGES: {0xD0: images.NAME, 0xD1: _face(persona)},
        Second.ADDRESS: {0xDFD1: images.ADDRESS},
        Second.PERMISSIONS: {
            0xD5: chosen(
                persona.comprehensive.encode().ljust(7, b"\x00"),
                "second generation: permission D5",
                "one byte in an object of seven",
            ),
            0xD6: persona.permission_expires.encode() or bytes(8),
            0xD7: persona.individual.encode(),
        },
        Second.EXTENSION: {0xD8: b"1" if persona.extension_pending else b"0"},
        Second.OTHER: {0xD9: b"0", 0xDE: bytes(200)},
    }  # fmt: skip


# --- signatures ------------------------------------------------------------------------------------------------

_FACES: Final = {1: (First.FACE, First.SIGNATURE), 2: (Second.IMAGES, Second.SIGNATURE)}


def _sign(persona: ResidencePersona, signer: Signer, files: dict[File, bytes]) -> None:
    """Add the signature over *files* to them, then do to them what the persona's fault says."""
    face, signature = _FACES[persona.type.generation]
    first, second = (object_.tag for object_ in signature.objects)
    if not persona.signed:
        files[signature] = build(signature, {first: b"", second: b""})  # 'DA 00 DB 00' in the first generation
        return
    data = signed_data(CardFiles(persona.type, files))
    if data is None:
        raise TypeError  # no persona has a signature and no photo
    value = _signature(signer.key, persona.form, data)
    files[signature] = build(signature, {first: value, second: signer.certificate_der})
    if persona.fault is Fault.BROKEN:
        files[face] = _changed(files[face], images.FACE)


def _signature(key: PrivateKey, form: SignatureForm, data: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        digest = HashAlgorithm.SHA256.digest(data)
        block = digest if form is SignatureForm.BARE_DIGEST else digest_info(HashAlgorithm.SHA256, digest)
        return key.sign(block, padding.PKCS1v15(), NoDigestInfo())
    der = key.sign(data, ec.ECDSA(hashes.SHA256()))
    if form is SignatureForm.DER:
        return der
    r, s = decode_dss_signature(der)
    return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")


def _changed(file: bytes, image: bytes) -> bytes:
    """*file* with one bit of *image* flipped, near its end: it still decodes."""
    at = file.index(image) + len(image) - 3
    return file[:at] + bytes((file[at] ^ 0x10,)) + file[at + 1 :]
