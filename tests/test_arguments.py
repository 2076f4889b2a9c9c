"""Arguments of the wrong type are the caller's mistake: one UsageError that names the right one, before any byte."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, Final, get_origin, is_typeddict

import anyio
import pytest

import mynacard
from mynacard import (
    DIGITAL_SIGNATURE,
    USER_AUTHENTICATION,
    CardNumber,
    Channel,
    HashAlgorithm,
    JpkiSession,
    Pin,
    ResidenceCard,
    aio,
    apdu,
    arguments,
    doctor,
    errors,
    hashes,
    jpki,
    opening,
    personal,
    portal,
    reader_check,
    readers,
    recordings,
    residence,
    simulator,
    trust,
    webeid,
)
from mynacard.apdu.commands import encode
from mynacard.doors.new_cards import new_card
from mynacard.opening.pins import verified_application
from mynacard.personal import MyNumber, TextFiles, TextSession
from mynacard.signing import cades, cms, pades, rawsig, timestamp
from mynacard.signing.content import of_bytes
from mynacard.signing.judging import judge
from mynacard.signing.making import Format, Making
from mynacard.simulator import Traits
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from mynacard.submission import draft
from mynacard.submission.card_signer import CardSigner
from mynacard.submission.client import AsyncClient, Client
from mynacard.submission.outbox import Outbox
from mynacard.trust import Purpose, load_certificate
from mynacard.webeid import AuthenticationToken
from tests.jpki.cards import NONCE, ORIGIN, card_with, certificate_of, private_key_of
from tests.support import CardThat

NOW: Final = datetime(2026, 11, 30, tzinfo=UTC)
ONE_PAIR: Final = "DIGITAL_SIGNATURE or USER_AUTHENTICATION is wanted, not {}."
ONE_HASH: Final = "HashAlgorithm.SHA256, HashAlgorithm.SHA384 or HashAlgorithm.SHA512 is wanted, not {}."
SHA256: Final = "HashAlgorithm.SHA256 is wanted, not 'sha256'."
LOG_IN: Final = "USER_AUTHENTICATION is wanted, not 'user-authentication'."
CERTIFICATE: Final = "cryptography.x509.Certificate is wanted, not {}."


def wrong(value: object) -> Any:
    """*value*, which type checkers then let pass: it is wrong for them, too."""
    return value


def certificate() -> Any:
    return load_certificate(certificate_of(DIGITAL_SIGNATURE))


def key() -> Any:
    return private_key_of(DIGITAL_SIGNATURE)


def jpki_session(use: Callable[[JpkiSession], object]) -> None:
    card = CardThat(card_with().transmit)
    session = JpkiSession(card)
    with pytest.raises(errors.UsageError) as caught:
        use(session)
    assert len(card.sent) == 1, "only the SELECT"
    raise caught.value


def text_session(use: Callable[[TextSession], object]) -> None:
    use(TextSession(new_card()))


def residence_card(use: Callable[[ResidenceCard], object]) -> None:
    use(ResidenceCard(new_card(persona=RESIDENCE_PERSONAS["residence-1-mid-term"])))


def entered(context: Any) -> None:
    with context:
        pytest.fail("entered")


def entered_in_a_loop(make: Callable[[], Any]) -> None:
    async def main() -> None:
        async with make():
            pytest.fail("entered")

    anyio.run(main)


TABLE: Final[dict[str, list[tuple[Callable[[], object], str]]]] = {
    "Pin": [(lambda: Pin(wrong(7391)), "str or bytes is wanted, not int.")],
    "CardNumber": [(lambda: CardNumber(wrong(7391)), "str or bytes is wanted, not int.")],
    "MyNumber": [(lambda: MyNumber(wrong(123456789012)), "str is wanted, not int.")],
    "Channel": [
        (lambda: Channel(wrong("sim:")), "Card is wanted, not str."),
        (lambda: Channel(card_with(), wrong(True)), "CardProfile is wanted, not bool."),
        (lambda: Channel(card_with()).transmit(wrong("00A4040C")), "bytes is wanted, not str."),
        (lambda: Channel(card_with()).select(wrong("JPKI"), "JPKI"), "bytes is wanted, not str."),
        (lambda: Channel(card_with()).send(wrong(b"\x00\xa4\x04\x00")), "Command is wanted, not bytes."),
    ],
    "JpkiSession": [
        (lambda: JpkiSession(wrong("sim:")), "Card is wanted, not str."),
        (lambda: JpkiSession(card_with(), certificates=wrong({"user-authentication": b""})), LOG_IN),
    ],
    "undamaged": [
        (lambda: jpki.undamaged(wrong({"user-authentication": b""}), ()), LOG_IN),
        (lambda: jpki.undamaged({}, [wrong(b"PEM")]), "cryptography.x509.Certificate is wanted, not bytes."),
    ],
    "JpkiSession.pin_status": [
        (lambda: jpki_session(lambda session: session.pin_status(wrong("user-authentication"))), LOG_IN),
        (lambda: jpki_session(lambda session: session.pin_status(wrong("USER_AUTHENTICATION"))),
         "USER_AUTHENTICATION is wanted, not 'USER_AUTHENTICATION'."),
        (lambda: jpki_session(lambda session: session.pin_status(wrong("auth"))), ONE_PAIR.format("str")),
        (lambda: jpki_session(lambda session: session.pin_status(wrong(None))), ONE_PAIR.format("NoneType")),
    ],
    "JpkiSession.certificate_der": [
        (lambda: jpki_session(lambda session: session.certificate_der(wrong(DIGITAL_SIGNATURE.pin))),
         ONE_PAIR.format("PinReference")),
    ],
    "JpkiSession.ca_certificate_der": [
        (lambda: jpki_session(lambda session: session.ca_certificate_der(wrong(1))), ONE_PAIR.format("int")),
    ],
    "JpkiSession.require": [
        (lambda: jpki_session(lambda session: session.require(wrong("user authentication"))),
         LOG_IN.replace("'user-", "'user ")),
    ],
    "JpkiSession.require_certificate": [
        (lambda: jpki_session(lambda session: session.require_certificate(wrong("user-authentication"))), LOG_IN),
    ],
    "JpkiSession.verify": [
        (lambda: jpki_session(lambda session: session.verify(USER_AUTHENTICATION, wrong(7391))),
         "Pin or AtKeypad is wanted, not int."),
        (lambda: jpki_session(lambda session: session.verify(USER_AUTHENTICATION, wrong(None))),
         "Pin or AtKeypad is wanted, not NoneType."),
        (lambda: jpki_session(lambda session: session.verify(wrong("7391"), wrong(USER_AUTHENTICATION))),
         ONE_PAIR.format("str")),
    ],
    "JpkiSession.change_pin": [
        (lambda: jpki_session(lambda session: session.change_pin(wrong("user-authentication"), "7391", "1937")),
         LOG_IN),
        (lambda: jpki_session(lambda session: session.change_pin(USER_AUTHENTICATION, "7391", wrong(1937))),
         "Pin or AtKeypad is wanted, not int."),
    ],
    "JpkiSession.sign": [
        (lambda: jpki_session(lambda session: session.sign(b"", wrong("sha256"))), SHA256),
        (lambda: jpki_session(lambda session: session.sign(b"", wrong("md5"))), ONE_HASH.format("str")),
        (lambda: jpki_session(lambda session: session.sign(wrong("a document"))), "bytes is wanted, not str."),
    ],
    "JpkiSession.sign_digest_info": [
        (lambda: jpki_session(lambda session: session.sign_digest_info(wrong("3031"))), "bytes is wanted, not str."),
    ],
    "JpkiSession.unsafe_sign_with_user_authentication_key": [
        (lambda: jpki_session(lambda session: session.unsafe_sign_with_user_authentication_key(wrong(1))),
         "bytes is wanted, not int."),
    ],
    "JpkiSession.authenticate": [
        (lambda: jpki_session(lambda session: session.authenticate(wrong(b"https://example.jp"), NONCE)),
         "str is wanted, not bytes."),
        (lambda: jpki_session(lambda session: session.authenticate(ORIGIN, wrong(bytes(44)))),
         "str is wanted, not bytes."),
    ],
    "HashAlgorithm": [
        (lambda: HashAlgorithm("SHA-256"), "HashAlgorithm.SHA256 is wanted, not 'SHA-256'."),
        (lambda: HashAlgorithm("md5"), ONE_HASH.format("str")),
        (lambda: HashAlgorithm.SHA256.digest(wrong("text")), "bytes is wanted, not str."),
    ],
    "CommandApdu": [(lambda: apdu.CommandApdu.parse(wrong("00A4040C")), "bytes is wanted, not str.")],
    "ResponseApdu": [(lambda: apdu.ResponseApdu.parse(wrong("9000")), "bytes is wanted, not str.")],
    "digest_info": [
        (lambda: hashes.digest_info(wrong("SHA-256"), bytes(32)), "HashAlgorithm.SHA256 is wanted, not 'SHA-256'."),
        (lambda: hashes.digest_info(HashAlgorithm.SHA256, wrong("00" * 16)), "bytes is wanted, not str."),
    ],
    "hashed_info": [(lambda: hashes.hashed_info(wrong("sha256"), b""), SHA256)],
    "parse_digest_info": [(lambda: hashes.parse_digest_info(wrong("3031")), "bytes is wanted, not str.")],
    "CertificatesPresent": [(lambda: jpki.CertificatesPresent(True, True).of(wrong("user-authentication")), LOG_IN)],
    "pin_status": [
        (lambda: apdu.pin_status(wrong(card_with()), DIGITAL_SIGNATURE.pin), "Channel is wanted, not SimulatedCard."),
        (lambda: apdu.pin_status(Channel(card_with()), wrong(DIGITAL_SIGNATURE)),
         "PinReference is wanted, not KeyPair."),
    ],
    "verify": [
        (lambda: apdu.verify(Channel(card_with()), wrong("pin"), Pin("7391")), "PinReference is wanted, not str."),
        (lambda: apdu.verify(Channel(card_with()), USER_AUTHENTICATION.pin, wrong("7391")),
         "Pin or AtKeypad is wanted, not str."),
        (lambda: apdu.verify(wrong("sim:"), USER_AUTHENTICATION.pin, Pin("7391")), "Channel is wanted, not str."),
    ],
    "encode": [(lambda: encode(wrong("SELECT")), "Command is wanted, not str.")],
    "open_card": [
        (lambda: entered(mynacard.open_card(wrong(1))), "str or None is wanted, not int."),
        (lambda: entered(mynacard.open_card(wrong(b"sim:"))), "str or None is wanted, not bytes."),
        (lambda: entered_in_a_loop(lambda: aio.open_card(wrong(1))), "str or None is wanted, not int."),
    ],
    "connect_card": [
        (lambda: entered(mynacard.connect_card("sim:", deadlines=wrong(5))), "Deadlines is wanted, not int."),
        (lambda: entered(mynacard.connect_card("sim:", wait_s=wrong("5"))), "float or int is wanted, not str."),
        (lambda: entered(mynacard.connect_card("sim:", around=wrong("trace"))),
         "Callable[[Card], Card] is wanted, not str."),
    ],
    "card_name": [(lambda: opening.card_name(wrong(1)), "str or None is wanted, not int.")],
    "verified_session": [
        (lambda: entered(mynacard.verified_session(wrong("user-authentication"), Pin("7391"))), LOG_IN),
        (lambda: entered(mynacard.verified_session(USER_AUTHENTICATION, wrong(7391))),
         "Pin, AtKeypad or PinProvider is wanted, not int."),
        (lambda: entered_in_a_loop(lambda: aio.verified_session(wrong("user-authentication"), Pin("7391"))), LOG_IN),
        (lambda: entered_in_a_loop(lambda: aio.verified_session(USER_AUTHENTICATION, wrong(7391))),
         "Pin, AtKeypad or PinProvider is wanted, not int."),
    ],
    "verified_application": [
        (lambda: entered(verified_application(TextSession, wrong("text"), Pin("7391"))),
         "PinReference is wanted, not str."),
    ],
    "opened_residence_card": [
        (lambda: entered(mynacard.opened_residence_card(wrong(12345678))),
         "CardNumber or NumberProvider is wanted, not int."),
    ],
    "unlocked_residence_card": [
        (lambda: mynacard.unlocked_residence_card(wrong("sim:"), CardNumber("AB12345678CD")),
         "Card is wanted, not str."),
        (lambda: mynacard.unlocked_residence_card(
            new_card(persona=RESIDENCE_PERSONAS["residence-1-mid-term"]), wrong(12345678)
         ), "CardNumber is wanted, not int."),
    ],
    "ResidenceCard": [
        (lambda: ResidenceCard(wrong("sim:")), "Card is wanted, not str."),
        (lambda: residence_card(lambda card: card.authenticate(wrong(12345678), bytes(24))),
         "CardNumber is wanted, not int."),
        (lambda: residence_card(lambda card: card.authenticate(CardNumber("AB12345678CD"), wrong("0" * 24))),
         "bytes is wanted, not str."),
    ],
    "TextSession": [
        (lambda: TextSession(wrong("sim:")), "Card is wanted, not str."),
        (lambda: text_session(lambda session: session.pin_status(wrong("text"))), "PinReference is wanted, not str."),
        (lambda: text_session(lambda session: session.verify(personal.TEXT_PIN, wrong(7391))),
         "Pin or AtKeypad is wanted, not int."),
        (lambda: text_session(lambda session: session.answer(wrong("a nonce of sixteen"))),
         "bytes is wanted, not str."),
    ],
    "FaceSession": [(lambda: personal.FaceSession(wrong("sim:")), "Card is wanted, not str.")],
    "CommonSession": [(lambda: personal.CommonSession(wrong("sim:")), "Card is wanted, not str.")],
    "RegisterSession": [(lambda: personal.RegisterSession(wrong("sim:")), "Card is wanted, not str.")],
    "IssuerData": [(lambda: personal.IssuerData(wrong("sim:")), "Card is wanted, not str.")],
    "pin_states": [(lambda: personal.pin_states(wrong("sim:")), "Card is wanted, not str.")],
    "resident_register_pin_status": [
        (lambda: personal.resident_register_pin_status(wrong("sim:")), "Card is wanted, not str."),
    ],
    "change_resident_register_pin": [
        (lambda: personal.change_resident_register_pin(wrong("sim:"), "7391", "1937"), "Card is wanted, not str."),
        (lambda: personal.change_resident_register_pin(new_card(), wrong(7391), "1937"),
         "Pin or AtKeypad is wanted, not int."),
    ],
    "birth_date_pin": [
        (lambda: personal.birth_date_pin(wrong("1990-04-01")), "date is wanted, not str."),
        (lambda: personal.birth_date_pin(date(1990, 4, 1), calendar=wrong("western")),
         "Calendar.WESTERN is wanted, not 'western'."),
    ],
    "verification_number_a": [
        (lambda: personal.verification_number_a(wrong("123456789012")), "MyNumber is wanted, not str."),
    ],
    "verification_number_b": [
        (lambda: personal.verification_number_b(date(1990, 4, 1), wrong("2035"), "7391"), "int is wanted, not str."),
        (lambda: personal.verification_number_b(date(1990, 4, 1), 2035, wrong(7391)), "str is wanted, not int."),
        (lambda: personal.verification_number_b(wrong("1990"), 2035, "7391"), "date is wanted, not str."),
    ],
    "check_text": [
        (lambda: personal.check_text(wrong(b"")), "TextFiles is wanted, not bytes."),
        (lambda: personal.check_text(TextFiles(b""), wanted=wrong("test")), "RootKind.TEST is wanted, not 'test'."),
    ],
    "check_face": [(lambda: personal.check_face(wrong(TextFiles(b""))), "FaceFiles is wanted, not TextFiles.")],
    "residence.check": [
        (lambda: residence.check(wrong({}), at=NOW), "CardFiles is wanted, not dict."),
        (lambda: residence.check(residence.CardFiles(residence.CardType.RESIDENCE_CARD, {}), at=wrong("now")),
         "datetime is wanted, not str."),
    ],
    "contents_of": [(lambda: residence.contents_of(wrong({})), "CardFiles is wanted, not dict.")],
    "signed_data": [(lambda: residence.signed_data(wrong({})), "CardFiles is wanted, not dict.")],
    "published": [(lambda: residence.published(wrong(b"0")), "Certificate is wanted, not bytes.")],
    "residence.Anchor": [(lambda: residence.Anchor.load(wrong("-----BEGIN")), "bytes is wanted, not str.")],
    "read_recording": [(lambda: recordings.read_recording(wrong("a.recording")), "Path is wanted, not str.")],
    "recording_to": [(lambda: entered(recordings.recording_to(wrong("a.recording"), ())), "Path is wanted, not str.")],
    "Replay": [(lambda: recordings.Replay(wrong("a.recording")), "Recording is wanted, not str.")],
    "load_profiles": [(lambda: readers.load_profiles(wrong("a.json")), "Path is wanted, not str.")],
    "profile_of": [(lambda: readers.profile_of(wrong(1)), "str is wanted, not int.")],
    "model": [(lambda: readers.model(wrong(1)), "str is wanted, not int.")],
    "public_name": [(lambda: readers.public_name(wrong(1)), "str is wanted, not int.")],
    "watch": [(lambda: next(readers.watch(wrong("1"))), "float or None is wanted, not str.")],
    "wait_for_card": [
        (lambda: readers.wait_for_card(wrong(1)), "str is wanted, not int."),
        (lambda: readers.wait_for_card("", wrong("1")), "float or None is wanted, not str."),
    ],
    "wait_for_removal": [(lambda: readers.wait_for_removal(wrong(1)), "str is wanted, not int.")],
    "ReaderCard": [
        (lambda: readers.ReaderCard(wrong(1)), "str is wanted, not int."),
        (lambda: readers.ReaderCard("", deadlines=wrong(5)), "Deadlines is wanted, not int."),
    ],
    "assemble": [(lambda: simulator.assemble(wrong("under-15")), "CardContents is wanted, not str.")],
    "ask_http": [(lambda: timestamp.ask_http(wrong(b"http://tsa.example")), "str is wanted, not bytes.")],
    "cms.parse": [(lambda: cms.parse(wrong("text")), "bytes is wanted, not str.")],
    "rawsig.verify": [
        (lambda: rawsig.verify(wrong("text"), certificate(), of_bytes(b"")), "bytes is wanted, not str."),
        (lambda: rawsig.verify(b"", certificate(), of_bytes(b""), wrong("sha256")), SHA256),
        (lambda: rawsig.verify(b"", certificate(), of_bytes(wrong("text"))), "bytes is wanted, not str."),
    ],
    "Anchor": [(lambda: trust.Anchor(wrong(b"0")), CERTIFICATE.format("bytes"))],
    "check": [
        (lambda: trust.check(wrong(b"0"), (), at=NOW, purpose=Purpose.DOCUMENT), CERTIFICATE.format("bytes")),
        (lambda: trust.check(certificate(), wrong([certificate()]), at=NOW, purpose=Purpose.DOCUMENT),
         "Anchor is wanted, not Certificate."),
        (lambda: trust.check(certificate(), wrong(1), at=NOW, purpose=Purpose.DOCUMENT),
         "Iterable[Anchor] is wanted, not int."),
        (lambda: trust.check(certificate(), (), at=wrong("2026-11-30"), purpose=Purpose.DOCUMENT),
         "datetime is wanted, not str."),
        (lambda: trust.check(certificate(), (), at=NOW, purpose=wrong(DIGITAL_SIGNATURE)),
         "Purpose.DOCUMENT or Purpose.AUTHENTICATION is wanted, not KeyPair."),
    ],
    "load_certificate": [(lambda: load_certificate(wrong("-----BEGIN")), "bytes is wanted, not str.")],
    "EvidenceSource": [
        (lambda: trust.EvidenceSource(trust.RevocationEvidence, wrong(3600)), "timedelta is wanted, not int."),
    ],
    "is_simulated": [(lambda: trust.is_simulated(wrong(b"0")), CERTIFICATE.format("bytes"))],
    "NonceMemory": [(lambda: webeid.NonceMemory(wrong("9")), "int is wanted, not str.")],
    "account_id": [
        (lambda: webeid.account_id(wrong(b"0"), certificate(), bytes(32)), CERTIFICATE.format("bytes")),
        (lambda: webeid.account_id(certificate(), wrong(b"0"), bytes(32)), CERTIFICATE.format("bytes")),
        (lambda: webeid.account_id(certificate(), certificate(), wrong("key")), "bytes is wanted, not str."),
    ],
    "parse": [(lambda: webeid.parse(wrong({})), "str is wanted, not dict.")],
    "report": [(lambda: webeid.report(wrong({}), ORIGIN, NONCE, (), at=NOW), "str is wanted, not dict.")],
    "validate": [(lambda: webeid.validate(wrong(b"{}"), ORIGIN, NONCE, (), at=NOW), "str is wanted, not bytes.")],
    "verify_signature": [
        (lambda: webeid.verify_signature(wrong("{}"), ORIGIN, NONCE), "AuthenticationToken is wanted, not str."),
        (lambda: webeid.verify_signature(AuthenticationToken(b"", "RS256", b""), wrong(1), NONCE),
         "str is wanted, not int."),
    ],
    "cms.sign": [
        (lambda: cms.sign(wrong("text"), certificate(), key()), "bytes is wanted, not str."),
        (lambda: cms.sign(b"", wrong(certificate_of(DIGITAL_SIGNATURE)), key()), CERTIFICATE.format("bytes")),
        (lambda: cms.sign(b"", certificate(), key(), wrong("sha256")), SHA256),
    ],
    "cades.sign": [
        (lambda: cades.sign(wrong("text"), certificate(), key()), "bytes is wanted, not str."),
        (lambda: cades.sign(b"", certificate(), key(), wrong("sha256")), SHA256),
    ],
    "pades.sign": [
        (lambda: pades.sign(wrong("text"), certificate(), key()), "bytes is wanted, not str."),
        (lambda: pades.sign(b"", certificate(), key(), wrong("sha256")), SHA256),
    ],
    "judge": [
        (lambda: judge(wrong("text"), b"", anchors=(), at=NOW), "bytes or a binary stream is wanted, not str."),
        (lambda: judge(b"", wrong("text"), anchors=(), at=NOW), "bytes or None is wanted, not str."),
        (lambda: judge(b"", b"", anchors=wrong([certificate()]), at=NOW), "Anchor is wanted, not Certificate."),
        (lambda: judge(b"", b"", anchors=(), at=wrong(0.0)), "datetime is wanted, not float."),
        (lambda: judge(b"", b"", anchors=(), at=NOW, hash_=wrong("sha256")), SHA256),
    ],
    "Making": [
        (lambda: Making(wrong("cades")), "Format.CADES is wanted, not 'cades'."),
        (lambda: Making(Format.CMS, wrong("sha256")), SHA256),
    ],
    "Client": [
        (lambda: Client(wrong(1), wrong(None)), "str is wanted, not int."),
        (lambda: Client("https://a.example", wrong("outbox")), "Outbox is wanted, not str."),
        (lambda: AsyncClient(wrong(b"https://a.example"), wrong(None)), "str is wanted, not bytes."),
    ],
    "Outbox": [(lambda: Outbox(wrong("outbox")), "Path is wanted, not str.")],
    "CardSigner": [
        (lambda: CardSigner.with_pins(wrong(7391), "ABC123"), "Pin, AtKeypad or PinProvider is wanted, not int."),
        (lambda: CardSigner.with_pins("7391", wrong(None)), "Pin, AtKeypad or PinProvider is wanted, not NoneType."),
    ],
    "draft": [
        (lambda: draft.read(wrong("draft.json")), "Path is wanted, not str."),
        (lambda: draft.begin(wrong("extension")), "Kind.EXTENSION is wanted, not 'extension'."),
    ],
    "Store": [(lambda: portal.Store(wrong("folder")), "Path or None is wanted, not str.")],
    "served": [(lambda: entered(portal.served(wrong("receiver"))), "Receiver is wanted, not str.")],
    "serve": [(lambda: portal.serve(wrong(None), 8080), "Receiver is wanted, not NoneType.")],
    "examine": [(lambda: next(iter(doctor.examine(wrong(1)))), "str or None is wanted, not int.")],
    "doctor.report": [(lambda: doctor.report(wrong(["text"])), "Finding is wanted, not str.")],
    "run": [
        (lambda: reader_check.run(wrong(1)), "str is wanted, not int."),
        (lambda: reader_check.run("reader", wrong(30)), "Options is wanted, not int."),
    ],
    "reader_to_check": [(lambda: reader_check.reader_to_check(wrong(1)), "str is wanted, not int.")],
    "read_report": [(lambda: reader_check.read_report(wrong("a.json")), "Path is wanted, not str.")],
    "write_report": [(lambda: reader_check.write_report(wrong({}), Path("none")), "Report is wanted, not dict.")],
    "fold": [(lambda: reader_check.fold(wrong(["a.json"])), "Report is wanted, not str.")],
    "learned": [(lambda: reader_check.learned(wrong("a.json")), "Report is wanted, not str.")],
    "add": [(lambda: reader_check.add(wrong({}), Path("none")), "ReaderProfile is wanted, not dict.")],
    "new_card": [
        (lambda: new_card(wrong("observed")), "Traits is wanted, not str."),
        (lambda: new_card(Traits(), persona=wrong("under-15")), "Persona or ResidencePersona is wanted, not str."),
    ],
}  # fmt: skip

ROWS: Final = [
    pytest.param(call, said, id=f"{name}-{number}")
    for name, rows in TABLE.items()
    for number, (call, said) in enumerate(rows, 1)
]


@pytest.mark.parametrize(("call", "said"), ROWS)
def test_a_wrong_argument_is_a_usage_error_that_names_the_right_one(call: Callable[[], object], said: str) -> None:
    with pytest.raises(errors.UsageError) as caught:
        call()
    assert (type(caught.value), caught.value.code, str(caught.value)) == (errors.UsageError, "usage", said)
    assert isinstance(caught.value, ValueError)


NO_CARD_OR_KEY: Final = {
    "AtKeypad": "its timeout_s is checked where it is used",
    "CardConnection": "connect_card makes it",
    "CardPrivateKey": "JpkiSession.private_key makes it, and it refuses what cryptography's keys refuse",
    **dict.fromkeys(("First", "Free", "Second"), "has names of files, and is not called"),
    "Recorder": "recording_to makes it",
    "choose_reader": "takes what list_readers returns",
    **dict.fromkeys(
        ("counts", "incidents", "markdown", "page_of", "web_page", "write_page"), "takes what run or fold returns"
    ),
    "explain": "takes what a check returns",
    "rebinding": "takes what holder_of returns",
    "this_desk": "takes nothing",
    "name_text": "takes a name out of a certificate",
}
"""Public callables that a caller does not call with an enum, bytes or a key of their own, with the reason."""
ROOMS: Final = (
    mynacard, apdu, doctor, hashes, jpki, opening, personal, portal, reader_check, recordings, residence, trust, webeid,
)  # fmt: skip


def is_value(public: object) -> bool:
    """Whether this is a class of plain values, a protocol or an alias, which checks nothing when it is made."""
    if not inspect.isclass(public):
        return not callable(public) or get_origin(public) is not None
    return bool(
        is_dataclass(public)
        or is_typeddict(public)
        or issubclass(public, Enum | BaseException | int)
        or getattr(public, "_is_protocol", False)
    )


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.__name__)
def test_every_public_callable_is_in_the_table(room: ModuleType) -> None:
    public = {name: getattr(room, name) for name in getattr(room, "__all__")}  # noqa: B009  # a module has any name
    callables = {name for name, value in public.items() if not is_value(value)}
    assert callables - TABLE.keys() - NO_CARD_OR_KEY.keys() == set()


def test_every_method_of_the_session_that_takes_an_argument_is_in_the_table() -> None:
    methods = {
        f"JpkiSession.{name}"
        for name, method in inspect.getmembers(JpkiSession, inspect.isfunction)
        if not name.startswith("_") and len(inspect.signature(method).parameters) > 1
    }
    assert methods - TABLE.keys() == set()


@pytest.mark.parametrize("make", [Pin, CardNumber, MyNumber], ids=lambda make: make.__name__)
def test_a_number_in_place_of_a_secret_is_in_no_frame_and_no_message(make: Callable[[Any], object]) -> None:
    with pytest.raises(errors.UsageError) as caught:
        make(7391)
    assert "7391" not in str(caught.value)
    frames = []
    traceback = caught.value.__traceback__
    while traceback is not None:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    assert not any(7391 in frame.f_locals.values() for frame in frames)


def test_a_text_that_spells_no_member_is_not_shown() -> None:
    with pytest.raises(errors.UsageError) as caught:
        arguments.check_member("7391", HashAlgorithm)
    assert str(caught.value) == ONE_HASH.format("str")
