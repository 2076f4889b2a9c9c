"""Assembles a simulated card: the contents written onto it, under the rules of the applications' layouts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from mynacard.apdu.commands import ChangeReferenceData
from mynacard.apdu.pins import PinReference
from mynacard.apdu.status import StatusWord
from mynacard.arguments import check_type
from mynacard.jpki.layout import (
    CERTIFICATES_PRESENT,
    DF_NAME,
    DIGITAL_SIGNATURE,
    KEY_PAIRS,
    TOKEN_INFO,
    USER_AUTHENTICATION,
    KeyPair,
)
from mynacard.jpki.objects import CertificatesPresent, Medium, TokenInfo
from mynacard.personal import layout
from mynacard.personal.layout import (
    CARD_FACE,
    COMMON,
    COMMON_PIN,
    ISSUER,
    RESIDENT_REGISTER,
    RESIDENT_REGISTER_PIN,
    TEXT,
    TEXT_PIN,
)
from mynacard.personal.objects import Attributes
from mynacard.simulator.choices import chosen
from mynacard.simulator.files import (
    Application,
    AuthenticationKeyFile,
    File,
    KeyFile,
    PinFile,
    RecordFile,
    SoftKey,
    TransparentFile,
    UnknownKeyFile,
)
from mynacard.simulator.individual.card import SimulatedCard
from mynacard.simulator.individual.contents import SLOTS, CardContents
from mynacard.simulator.individual.issuing import ApplicationContents, soft_keys

__all__ = ["RESIDENCE", "assemble"]

RESIDENCE: Final = "residence"
"""The name of a specified card's residence application in a card's file."""


def assemble(
    contents: CardContents,
    remember: Callable[[], None] = lambda: None,
    random_bytes: Callable[[int], bytes] = bytes,
) -> SimulatedCard:
    """The card that has *contents*; *remember* is called whenever a PIN or its counter changes.

    Raises:
        CardDataError: a trait wants a file in another form, and the file does not have any.
    """
    check_type(contents, CardContents)
    written = _written(contents)
    applications = [_jpki(contents)]
    applications += [
        build(written[name], soft_keys(written[name])) for name, build in _BUILDERS.items() if name in written
    ]
    pins = {(SLOTS[name][0], SLOTS[name][1].key): memory for name, memory in contents.pins.items()}
    issuer = contents.applications.get(ISSUER.name, ApplicationContents())
    return SimulatedCard(applications, pins, contents.traits, remember, random_bytes, issuer.objects)


def _written(contents: CardContents) -> Mapping[str, ApplicationContents]:
    """What is written into the other applications, in the form that the card's traits give it.

    Raises:
        CardDataError: the file of the attributes does not hold any.
    """
    text, file_id = contents.applications.get(TEXT.name), layout.ATTRIBUTES.file_id
    if text is None or not contents.traits.wide_attributes:
        return contents.applications
    attributes = Attributes.parse(text.files[file_id]).stored(wide=True)
    return {**contents.applications, TEXT.name: replace(text, files={**text.files, file_id: attributes})}


def _jpki(contents: CardContents) -> Application:
    files: dict[int, File] = {
        _CLOSED: TransparentFile(_FILLER, (_NO_PIN,)),
        _TERMINAL_CA: UnknownKeyFile(),
        _UNKNOWN_OF_JPKI: UnknownKeyFile(),
        TOKEN_INFO: TransparentFile(bytes(replace(_TOKEN_INFO, label=contents.medium.value))),
        CERTIFICATES_PRESENT: TransparentFile(bytes(CertificatesPresent(
            digital_signature=DIGITAL_SIGNATURE.name in contents.keys,
            user_authentication=USER_AUTHENTICATION.name in contents.keys,
        ))),
    }  # fmt: skip
    for pair in KEY_PAIRS:
        if chosen(
            pair.name in contents.pins,
            "a card without PINs",
            "its PINs' files are not there: '6A82'",
            "? ('6984' or '63C0' are possible)",
        ):
            files[pair.pin.key] = PinFile(pair.pin.tries, pair.pin.form)
        if chosen(
            pair.name in contents.keys,
            "a certificate that is not on the card",
            "its EF is not there: '6A82'",
            "? (may be empty)",
        ):
            private = pair.certificate_is_private or contents.medium is Medium.ANDROID_PHONE  # seen on such phones
            files |= _files_of(pair, contents, (pair.pin.key,) if private else ())
    return Application(DF_NAME, files, change=ChangeReferenceData)


def _files_of(pair: KeyPair, contents: CardContents, guards: tuple[int, ...]) -> dict[int, File]:
    material, size = contents.keys[pair.name], contents.traits.ef_size or 0
    return {
        pair.certificate: TransparentFile(material.certificate_der.ljust(size, b"\xff"), guards),
        pair.ca_certificate: TransparentFile(material.ca_certificate_der.ljust(size, b"\xff")),
        pair.key: KeyFile(SoftKey.of(material.private_key_der), pair.pin.key),
    }


_CLOSED: Final = 0x0009
"""An EF of JPKI that no PIN opens."""
_TERMINAL_CA: Final = 0x0016
_UNKNOWN_OF_JPKI: Final = 0x0010
_UNKNOWN_OF_FACE: Final = (0x0014, 0x0015)
_UNKNOWN_OF_COMMON: Final = 0x001E
"""Keys that a program asks for on cards, so they exist (vectors/simulator/evidence.json); what for is not known."""
_NO_PIN: Final = 0
_FILLER: Final = b"\xff" * 16


# --- the other applications: their contents, under the rules of their layout -------------------------------

_UNKNOWN_OF_TEXT: Final = 0x0012
"""A PIN of the text application that is blocked on every card."""
_FILLER_OF_TEXT: Final = 0x0008
_FILLER_OF_FACE: Final = 0x0006
"""Files that hold sixteen 'FF' and nothing else."""


def _opened(contents: ApplicationContents, *files: layout.File) -> dict[int, File]:
    return {
        file.file_id: TransparentFile(contents.files[file.file_id], tuple(pin.key for pin in file.opened_by))
        for file in files
        if file.file_id in contents.files
    }


def _pins_of(application: layout.Application, *changed: PinReference) -> dict[int, File]:
    return {pin.key: PinFile(pin.tries, pin.form if pin in changed else None) for pin in application.pins}


def _text(contents: ApplicationContents, keys: Mapping[str, SoftKey]) -> Application:
    files = _pins_of(TEXT, TEXT_PIN) | _opened(
        contents,
        layout.MY_NUMBER,
        layout.ATTRIBUTES,
        layout.TEXT_DIGESTS,
        layout.TEXT_CERTIFICATE,
        layout.TEXT_BASIC_DATA,
        layout.SESSION_KEY,
        layout.TEXT_CARD_KEY,
    )
    files[layout.TEXT_SIGNING_KEY] = KeyFile(keys["own"])
    files[_UNKNOWN_OF_TEXT] = PinFile(tries=0)
    openers = chosen(TEXT.pins, "who opens EF 0008 of text input support, sixteen 'FF'", "each of its three PINs")
    files[_FILLER_OF_TEXT] = TransparentFile(_FILLER, tuple(pin.key for pin in openers))
    return Application(
        TEXT.df_name,
        files,
        own_key=keys["own"],
        session_key=keys["session"],
        session_guard=TEXT_PIN.key,
        change=TEXT.change,
    )


def _card_face(contents: ApplicationContents, keys: Mapping[str, SoftKey]) -> Application:
    files = chosen(_pins_of(CARD_FACE), "tries of the birth date", "10") | _opened(
        contents, layout.AGE_RECORD, layout.FACE, layout.FACE_BASIC_DATA, layout.FACE_CERTIFICATE, layout.NUMBER_IMAGE
    )
    files |= {file_id: UnknownKeyFile() for file_id in _UNKNOWN_OF_FACE}
    files[_FILLER_OF_FACE] = TransparentFile(_FILLER, tuple(pin.key for pin in layout.FACE.opened_by))
    return Application(CARD_FACE.df_name, files, own_key=keys["own"], session_refusal=_NO_ENVIRONMENT)


def _common(contents: ApplicationContents, keys: Mapping[str, SoftKey]) -> Application:
    files = _pins_of(COMMON, COMMON_PIN) | _records(contents)
    files[_UNKNOWN_OF_COMMON] = UnknownKeyFile()
    files[layout.COMMON_AUTHENTICATION_KEY] = AuthenticationKeyFile(keys["authentication"])
    return Application(COMMON.df_name, files, session_refusal=_NO_ENVIRONMENT, change=COMMON.change)


def _register(contents: ApplicationContents, _: Mapping[str, SoftKey]) -> Application:
    files = _pins_of(RESIDENT_REGISTER, RESIDENT_REGISTER_PIN) | _records(contents)
    return Application(RESIDENT_REGISTER.df_name, files, change=RESIDENT_REGISTER.change)


def _residence(_: ApplicationContents, __: Mapping[str, SoftKey]) -> Application:
    """The residence application of a specified card. Its contents, and how they are opened, are not published."""
    from mynacard.residence.layout import RESIDENCE_APPLICATION  # noqa: PLC0415  # few cards need it

    return Application(RESIDENCE_APPLICATION)


def _records(contents: ApplicationContents) -> dict[int, File]:
    return {file_id: RecordFile(records) for file_id, records in contents.records.items()}


_NO_ENVIRONMENT: Final = StatusWord.SECURITY_ENVIRONMENT_ERROR
_BUILDERS: Final[Mapping[str, Callable[[ApplicationContents, Mapping[str, SoftKey]], Application]]] = {
    TEXT.name: _text,
    CARD_FACE.name: _card_face,
    COMMON.name: _common,
    RESIDENCE: _residence,
    RESIDENT_REGISTER.name: _register,
}


_TOKEN_INFO: Final = TokenInfo(  # in the form of a card's; manufacturer, model and serial number are made up
    label=Medium.CARD.value,
    manufacturer=chosen("JPKI-SIM", "manufacturer, model and serial number in EF 0006", "made up", ""),
    model="SIMULATED",
    serial_number="0000000000000000",
    flags=0x0000040D,
    max_sessions=1,
    sessions=0,
    max_rw_sessions=1,
    rw_sessions=0,
    max_pin_length=16,
    min_pin_length=6,
    memory=b"\xff" * 16,
    hardware_version="00",
    firmware_version="00",
    utc_time="9" * 16,
)
