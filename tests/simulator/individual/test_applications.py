"""The card's other applications: every file opens with its PINs and no other; a simulated card is genuine as one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509 import load_der_x509_certificate

from mynacard.apdu.channel import Channel
from mynacard.apdu.pins import PinReference
from mynacard.doors import disk
from mynacard.doors.pki_cache import cached_pki
from mynacard.jpki import DF_NAME, KEY_PAIRS, JpkiSession
from mynacard.jpki.objects import Medium
from mynacard.personal import layout
from mynacard.personal.checking import check_face, check_text
from mynacard.personal.face_session import FaceSession
from mynacard.personal.issuer import IssuerData
from mynacard.personal.layout import CARD_FACE, TEXT, Application, File
from mynacard.personal.report import Conclusion, Subject, Verdict
from mynacard.personal.roots import RootKind
from mynacard.personal.text_session import TextSession
from mynacard.simulator import PERSONAS, Persona, SimulatedCard
from mynacard.simulator.individual.contents import SLOTS

FILES: Final[dict[str, tuple[File, ...]]] = {
    TEXT.name: (
        layout.MY_NUMBER, layout.ATTRIBUTES, layout.TEXT_DIGESTS, layout.TEXT_CERTIFICATE, layout.TEXT_BASIC_DATA,
        layout.SESSION_KEY, layout.TEXT_CARD_KEY,
    ),
    CARD_FACE.name: (
        layout.AGE_RECORD, layout.FACE, layout.FACE_BASIC_DATA, layout.FACE_CERTIFICATE, layout.NUMBER_IMAGE,
    ),
}  # fmt: skip
NONCE: Final = b"a nonce of these tests"


def rules() -> Iterator[object]:
    for application in (TEXT, CARD_FACE):
        for file in FILES[application.name]:
            for pin in (None, *application.pins):
                shown = "nothing" if pin is None else pin.label
                yield pytest.param(application, file, pin, id=f"{application.name} {file.file_id:04X} after {shown}")


def secret_of(card: SimulatedCard, df_name: bytes, pin: PinReference) -> bytes:
    return card.pins[df_name, pin.key].secret.reveal()


def present(card: SimulatedCard, df_name: bytes, pin: PinReference) -> bytes:
    secret = secret_of(card, df_name, pin)
    return card.transmit(bytes((0x00, 0x20, 0x00, 0x80 | pin.key, len(secret))) + secret)


def select(card: SimulatedCard, df_name: bytes) -> None:
    assert card.transmit(b"\x00\xa4\x04\x0c" + bytes((len(df_name),)) + df_name) == b"\x90\x00"


@pytest.mark.parametrize(("application", "file", "pin"), list(rules()))
def test_a_file_opens_with_its_pins_and_no_other(
    card: SimulatedCard, application: Application, file: File, pin: PinReference | None
) -> None:
    select(card, application.df_name)
    if pin is not None:
        assert present(card, application.df_name, pin) == b"\x90\x00"
    answer = card.transmit(bytes((0x00, 0xB0, 0x80 | file.file_id, 0x00, 0x00, 0x00, 0x00)))
    opened = not file.opened_by or pin in file.opened_by
    assert answer[-2:] == (b"\x90\x00" if opened else b"\x69\x82")


def test_the_other_applications_keep_nothing_verified_for_each_other(card: SimulatedCard) -> None:
    select(card, TEXT.df_name)
    assert present(card, TEXT.df_name, layout.TEXT_PIN) == b"\x90\x00"
    select(card, CARD_FACE.df_name)
    select(card, TEXT.df_name)
    assert card.transmit(bytes.fromhex("00B0810000")) == b"\x69\x82"


# --- genuine, as a simulated card --------------------------------------------------------------------


@pytest.mark.parametrize("kind", [RootKind.SIMULATED, RootKind.PRODUCTION, RootKind.TEST])
def test_the_text_application_is_genuine_among_simulated_cards_alone(card: SimulatedCard, kind: RootKind) -> None:
    session = TextSession(Channel(card))
    session.verify(layout.TEXT_PIN, "1234")
    files, presence = session.evidence(NONCE)
    found = check_text(files, presence, wanted=kind, roots=cached_pki().cv.anchors())
    wanted = Conclusion.GENUINE if kind is RootKind.SIMULATED else Conclusion.NOT_GENUINE
    bad = {check.subject for check in found.checks if check.verdict is Verdict.BAD}
    assert bad == (set() if kind is RootKind.SIMULATED else {Subject.CERTIFICATE})
    assert found.conclusion in {wanted, Conclusion.NOT_CHECKED}
    assert (found.conclusion is Conclusion.NOT_GENUINE) == (kind is not RootKind.SIMULATED)


def test_the_card_face_is_genuine_among_simulated_cards(card: SimulatedCard) -> None:
    session = FaceSession(Channel(card))
    for pin in (layout.BIRTH_DATE, layout.FACE_NUMBER_A, layout.FACE_NUMBER_B):
        session.verify(pin, secret_of(card, CARD_FACE.df_name, pin).decode())
    files, presence = session.evidence(NONCE, age_record=True, face=True, number_image=True)
    found = check_face(files, presence, wanted=RootKind.SIMULATED, roots=cached_pki().cv.anchors())
    assert found.conclusion is Conclusion.GENUINE, found


def test_the_issuers_data_say_whose_card_it_is_not(card: SimulatedCard) -> None:
    data = IssuerData(Channel(card))
    assert data.municipality() == "99999"
    assert str(data.issuer_identification()).startswith("9")
    certificate = data.intermediate_certificate()
    assert certificate is not None
    root = next(root for root in cached_pki().cv.anchors() if root.key_id == certificate.issuer)
    assert certificate.signed_by(root.public_key)


# --- personas ----------------------------------------------------------------------------------------

PERSONA: Final = [pytest.param(found, id=name) for name, found in PERSONAS.items()]


@pytest.mark.parametrize("persona", PERSONA)
def test_a_persona_is_what_it_says(persona: Persona) -> None:
    card = disk.new_card(persona=persona)
    session = JpkiSession(Channel(card))
    assert session.token_info().medium is persona.medium
    present_there = session.certificates_present()
    found = {
        pair.name
        for pair, there in zip(
            KEY_PAIRS, (present_there.user_authentication, present_there.digital_signature), strict=True
        )
        if there
    }
    assert found == persona.certificates
    jpki = {key for df_name, key in card.pins if df_name == DF_NAME}
    assert jpki == {pair.pin.key for pair in KEY_PAIRS if pair.name in persona.pins}
    for name in persona.blocked:
        df_name, reference = SLOTS[name]
        assert card.pins[df_name, reference.key].tries_left == 0
    others = {df_name for df_name, _ in card.pins} - {DF_NAME}
    assert bool(others) == (persona.medium is Medium.CARD)


@pytest.mark.parametrize("persona", PERSONA)
def test_a_certificate_is_of_its_generation_and_time(persona: Persona) -> None:
    card = disk.new_card(persona=persona)
    session = JpkiSession(Channel(card))
    pair = KEY_PAIRS[0]
    if persona.medium is Medium.ANDROID_PHONE:
        session.verify(pair, "1234")
    certificate = load_der_x509_certificate(session.certificate_der(pair))
    generations = []
    for generation in (1, 2, 3):
        for ca in cached_pki(generation=generation).ca_certificates():
            try:
                certificate.verify_directly_issued_by(ca)
            except (ValueError, TypeError, InvalidSignature):
                continue
            generations.append(generation)
    assert generations == [persona.generation]
    now = datetime.now(UTC)
    valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    assert valid == (persona.name not in {"expired", "not-yet-valid", "ca-generation-1"})
    if persona.revoked:
        revoked = cached_pki().revocation_list(pair, now)
        assert revoked.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    else:
        listed = cached_pki().revocation_list(pair, now)
        assert listed.get_revoked_certificate_by_serial_number(certificate.serial_number) is None


def test_every_persona_comes_back_from_a_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("personas")
    for name, persona in PERSONAS.items():
        disk.create_file(folder / name, persona=persona)
        with disk.open_file(folder / name) as card:
            fresh = disk.new_card(persona=persona)
            assert card.pins.keys() == fresh.pins.keys()
            assert {pin: memory.tries_left for pin, memory in card.pins.items()} == {
                pin: memory.tries_left for pin, memory in fresh.pins.items()
            }


def test_internal_authenticate_is_answered_by_the_common_application_alone(card: SimulatedCard) -> None:
    command = bytes.fromhex("0088009908") + bytes(8) + b"\x00"
    select(card, layout.COMMON.df_name)
    answer = card.transmit(command)
    assert answer[-2:] == b"\x90\x00"
    key = load_der_private_key(cached_pki().cv.card.authentication, None).public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(answer[:-2], bytes(8), PKCS1v15(), hashes.SHA256())
    for df_name in (TEXT.df_name, DF_NAME):
        select(card, df_name)
        assert card.transmit(command)[-2:] in {b"\x6a\x82", b"\x69\x81", b"\x69\x82"}
