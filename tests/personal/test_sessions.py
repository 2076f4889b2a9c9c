"""The sessions of the card's other applications, on a simulated card and on cards that say anything at all."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu import Channel, TriesLeft
from mynacard.apdu.channel import CardProfile
from mynacard.apdu.commands import LOG_OUT
from mynacard.apdu.pins import Blocked, PinStatus, TriesUnknown
from mynacard.apdu.status import StatusWord
from mynacard.jpki import JpkiSession
from mynacard.personal import (
    BIRTH_DATE,
    COMMON,
    COMMON_PIN,
    FACE_NUMBER_A,
    FACE_NUMBER_B,
    RESIDENT_REGISTER,
    RESIDENT_REGISTER_PIN,
    TEXT_NUMBER_A,
    TEXT_NUMBER_B,
    TEXT_PIN,
    CommonSession,
    FaceSession,
    IssuerData,
    RegisterSession,
    RootKind,
    TextSession,
    Verdict,
    change_resident_register_pin,
    check_face,
    check_text,
    pin_states,
    resident_register_pin_status,
)
from mynacard.personal.layout import Application
from mynacard.personal.session import ApplicationSession, SigningSession
from mynacard.pin import Pin
from mynacard.simulator import MIHON, PERSONAS
from mynacard.simulator.individual.issuing import MUNICIPALITY
from tests.extent import examples
from tests.personal.cards import (
    BIRTH,
    EXTENDED,
    NONCE,
    NUMBER_A,
    NUMBER_B,
    PIN,
    SEED,
    SHORT,
    UNKNOWN,
    card,
    counted,
    roots,
)
from tests.support import CANARY, Answer, CardThat, leaks

PROFILES = pytest.mark.parametrize("profile", [EXTENDED, UNKNOWN, SHORT], ids=["extended", "unknown", "short"])

# --- what is read is what was written ---------------------------------------------------------------------


@PROFILES
def test_the_text_application_says_who_the_holder_is(profile: CardProfile) -> None:
    session = TextSession(counted(profile)[1])
    session.verify(TEXT_PIN, PIN)
    assert session.my_number().reveal() == MIHON.my_number
    attributes = session.attributes()
    assert (attributes.name, attributes.address) == (MIHON.name, MIHON.address)
    assert (attributes.birth_date, attributes.sex.value) == (MIHON.birth_date, MIHON.sex)
    assert session.basic_data().version.extended_length == 3
    assert session.certificate().public_key


@PROFILES
def test_the_face_application_has_what_is_printed(profile: CardProfile) -> None:
    session = FaceSession(counted(profile)[1])
    session.verify(FACE_NUMBER_A, NUMBER_A)
    face = session.face()
    assert (face.birth_date, face.expiry) == (MIHON.birth_date, MIHON.expiry)
    assert all(image.sound for image in face.images)
    assert session.number_image().images[0].sound
    assert session.basic_data().municipality == MUNICIPALITY
    session.verify(BIRTH_DATE, BIRTH)
    assert session.age_record().birth_date == MIHON.birth_date


def test_common_register_and_issuer_say_the_same_of_the_card() -> None:
    _, channel = counted()
    common = CommonSession(channel)
    information, key_id = common.information(), common.key_id()
    assert (information.municipality, information.expiry) == (MUNICIPALITY, MIHON.expiry)
    assert RegisterSession(channel).key_id() == key_id
    issuer = IssuerData(channel)
    assert (issuer.municipality(), issuer.expiry()) == (MUNICIPALITY, MIHON.expiry)
    assert issuer.card_identification()
    certificate = issuer.intermediate_certificate()
    assert certificate is not None
    assert (certificate.issuer, certificate.subject) == (issuer.issuer_identification(), issuer.intermediate_key_id())
    below = issuer.card_certificate()
    assert below is not None
    assert below.issuer == certificate.subject
    assert below.signed_by(certificate.public_key)
    assert issuer.get(0x0001) is None


def test_a_long_object_of_the_issuer_is_refused_where_extended_length_does_not_pass() -> None:
    found, channel = counted(SHORT)
    with pytest.raises(errors.WrongLength):
        IssuerData(channel).intermediate_certificate()
    assert len(found.sent) == 2


def test_the_card_key_answers_a_challenge() -> None:
    session = TextSession(counted()[1])
    session.verify(TEXT_PIN, PIN)
    presence = session.answer(NONCE)
    session.card_key().public_key.key().verify(presence.answer, NONCE, PKCS1v15(), hashes.SHA256())


def test_internal_authenticate_answers_without_a_pin() -> None:
    found, channel = counted()
    assert len(CommonSession(channel).authenticate(b"challenge")) == 256
    assert found.verifies == []


@pytest.mark.parametrize("challenge", [b"", bytes(256)])
def test_a_challenge_of_another_length_is_not_sent(challenge: bytes) -> None:
    found, channel = counted()
    session = CommonSession(channel)
    with pytest.raises(errors.UsageError):
        session.authenticate(challenge)
    assert len(found.sent) == 1


# --- which number opens what, and what is checked with it --------------------------------------------------


@pytest.mark.parametrize("number", [True, False], ids=["number-a", "number-b"])
def test_each_number_opens_its_half_and_that_is_checked(number: bool) -> None:
    session = TextSession(counted()[1])
    session.certificate()
    session.verify(*((TEXT_NUMBER_A, NUMBER_A) if number else (TEXT_NUMBER_B, NUMBER_B)))
    with pytest.raises(errors.SecurityStatusNotSatisfied):
        (session.attributes if number else session.my_number)()
    files, presence = session.evidence(NONCE, number=number, attributes=not number)
    report = check_text(files, presence, wanted=RootKind.SIMULATED, roots=roots())
    assert report.genuine
    assert not report.subjects(Verdict.BAD)


def test_what_no_pin_opened_stays_shut() -> None:
    session = TextSession(counted()[1])
    for read in (session.my_number, session.attributes, session.digests, session.session_key, session.card_key):
        with pytest.raises(errors.SecurityStatusNotSatisfied):
            read()


def test_without_a_check_nobody_asks_whose_root_it_is() -> None:
    session = FaceSession(counted()[1])
    session.verify(FACE_NUMBER_B, NUMBER_B)
    files, presence = session.evidence(NONCE, face=True)
    assert not check_face(files, presence).genuine, "a simulated card is no card of production"


@pytest.mark.parametrize("nonce", [b"", bytes(15)])
def test_a_short_nonce_is_not_sent(nonce: bytes) -> None:
    found, channel = counted()
    session = TextSession(channel)
    with pytest.raises(errors.UsageError):
        session.answer(nonce)
    assert len(found.sent) == 1


def test_a_pin_of_another_application_is_not_sent() -> None:
    found, channel = counted()
    session = TextSession(channel)
    for call in (lambda: session.verify(FACE_NUMBER_A, NUMBER_A), lambda: session.pin_status(COMMON_PIN)):
        with pytest.raises(errors.UsageError):
            call()
    assert len(found.sent) == 1


def test_a_western_calendar_opens_what_it_should() -> None:
    persona = PERSONAS["western-calendar"]
    session = FaceSession(counted(UNKNOWN, persona)[1])
    session.verify(FACE_NUMBER_B, persona.holder.number_b)
    assert session.face().birth_date == persona.holder.birth_date


@pytest.mark.parametrize("name", ["android-phone", "iphone"])
def test_a_phone_has_none_of_them_and_no_states_of_them(name: str) -> None:
    _, channel = counted(UNKNOWN, PERSONAS[name])
    for kind in (TextSession, FaceSession, CommonSession, RegisterSession):
        with pytest.raises(errors.ApplicationNotFound):
            kind(channel)
    assert pin_states(channel) == ()


# --- states ------------------------------------------------------------------------------------------------


def test_states_are_those_of_the_chip() -> None:
    inner = card()
    found = CardThat(inner.transmit)
    session = CommonSession(found)
    with pytest.raises(errors.PinIncorrect):
        session.verify(COMMON_PIN, "9999")
    states = {(state.application, state.pin.label): state.status for state in pin_states(found)}
    assert states["common", COMMON_PIN.label] == TriesLeft(2)
    assert states["resident-register", RESIDENT_REGISTER_PIN.label] == TriesLeft(3)
    assert states["text", TEXT_NUMBER_A.label] == TriesLeft(10)
    assert len(states) == 8
    assert len(found.verifies) == 1


def test_a_pin_that_the_card_does_not_tell_of_is_told_so() -> None:
    states = pin_states(CardThat(lambda command: "9000" if command[1:3] == b"\xa4\x04" else "6A82"))
    assert len(states) == 8
    assert all(isinstance(state.status, errors.FileNotFound) for state in states)


# --- changes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [TextSession, CommonSession, RegisterSession])
def test_a_changed_pin_is_the_new_one(kind: type[TextSession] | type[CommonSession] | type[RegisterSession]) -> None:
    channel = Channel(card())
    kind(channel).change_pin(PIN, CANARY)
    reference = kind.application.pins[0]
    channel.send(LOG_OUT)
    with pytest.raises(errors.PinIncorrect):
        kind(channel).verify(reference, PIN)
    kind(channel).verify(reference, CANARY)


def test_the_pins_of_jpki_change_too() -> None:
    from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION

    channel = Channel(card())
    JpkiSession(channel).change_pin(USER_AUTHENTICATION, PIN, CANARY)
    JpkiSession(channel).change_pin(DIGITAL_SIGNATURE, "abc123", "neu123", upper_case=True)
    channel.send(LOG_OUT)
    session = JpkiSession(channel)
    session.verify(USER_AUTHENTICATION, CANARY)
    session.verify(DIGITAL_SIGNATURE, "NEU123")


def values(channel: Channel) -> tuple[bool, bool]:
    """Whether the new value is right, for the resident register and the common application."""
    found: list[bool] = []
    for kind, reference in ((RegisterSession, RESIDENT_REGISTER_PIN), (CommonSession, COMMON_PIN)):
        channel.send(LOG_OUT)
        try:
            kind(channel).verify(reference, CANARY)
        except errors.PinIncorrect:
            kind(channel).verify(reference, PIN)
            found.append(False)
        else:
            found.append(True)
    return found[0], found[1]


def test_the_resident_register_pin_changes_in_both_applications() -> None:
    channel = Channel(card())
    change_resident_register_pin(channel, PIN, CANARY)
    assert values(channel) == (True, True)


@pytest.mark.parametrize("at", range(13))
@pytest.mark.parametrize("lost", ["before", "after"])
def test_wherever_the_card_goes_away_it_is_told_which_is_which(at: int, lost: str) -> None:
    inner = card()
    count = -1

    def answer(command: bytes) -> Answer:
        nonlocal count
        count += 1
        if count == at:
            if lost == "after":
                inner.transmit(command)
            return errors.CardRemovedError("The card was removed.")
        return inner.transmit(command)

    with pytest.raises(errors.MynacardError) as caught:
        change_resident_register_pin(CardThat(answer), PIN, CANARY)
    new = values(Channel(inner))
    assert leaks(caught.value) == []
    match caught.value:
        case errors.HalfChangedError() as error:
            assert new[0]
            assert (error.changed, error.unchanged) == (RESIDENT_REGISTER_PIN.label, COMMON_PIN.label)
            assert new[1] is (at == 12 and lost == "after")
            assert ("not known" in str(error)) is (at == 12)
        case errors.ChangeOutcomeUnknownError():
            assert at == 7
            assert new == (lost == "after", False)
        case _:
            assert new == (False, False)


def test_a_wrong_old_pin_changes_neither() -> None:
    inner = card()
    inner.pins[CommonSession.application.df_name, COMMON_PIN.key].secret = Pin("5555")
    with pytest.raises(errors.PinIncorrect) as caught:
        change_resident_register_pin(inner, PIN, CANARY)
    assert caught.value.pin == COMMON_PIN.label
    RegisterSession(inner).verify(RESIDENT_REGISTER_PIN, PIN)


@pytest.mark.parametrize("limits", [COMMON, RESIDENT_REGISTER], ids=lambda application: application.name)
@pytest.mark.parametrize(
    ("answer", "expected"), [("63C1", TriesLeft(1)), ("6983", Blocked(StatusWord(0x6983))), ("6300", TriesUnknown())]
)
def test_the_key_with_fewer_tries_limits_the_resident_register_pin(
    limits: Application, answer: str, expected: PinStatus
) -> None:
    inner = card()

    def said(command: bytes) -> Answer:
        return answer if command[1] == 0x20 and limits.df_name in limited.sent[-2] else inner.transmit(command)

    limited = CardThat(said)
    assert resident_register_pin_status(limited) == expected
    assert limited.verifies == []


def test_the_resident_register_pin_has_three_tries() -> None:
    assert resident_register_pin_status(card()) == TriesLeft(3)


def test_a_half_changed_pin_is_mended_alone() -> None:
    channel = Channel(card())
    RegisterSession(channel).change_pin(PIN, CANARY)
    CommonSession(channel).change_pin(PIN, CANARY)
    assert values(channel) == (True, True)


# --- secure messaging --------------------------------------------------------------------------------------


def test_what_is_read_under_secure_messaging_is_the_same_and_passes_unseen() -> None:
    found, channel = counted(EXTENDED)
    plain = TextSession(channel)
    plain.verify(TEXT_PIN, PIN)
    expected = plain.evidence(NONCE)
    answers: list[bytes] = []
    inner = card(EXTENDED)

    def answer(command: bytes) -> bytes:
        answers.append(inner.transmit(command))
        return answers[-1]

    secure = TextSession(Channel(CardThat(answer)))
    secure.begin_secure_messaging(PIN, SEED)
    assert secure.evidence(NONCE) == expected
    assert secure.my_number().reveal() == MIHON.my_number
    secure.verify(TEXT_NUMBER_A, NUMBER_A)
    seen = b"".join(answers)
    assert MIHON.my_number.encode() not in seen
    assert MIHON.address.encode() not in seen
    assert found.sent


def test_a_number_is_presented_encrypted() -> None:
    found, channel = counted(EXTENDED)
    session = TextSession(channel)
    session.begin_secure_messaging(PIN, SEED)
    session.verify(TEXT_NUMBER_A, NUMBER_A)
    assert not any(NUMBER_A.reveal() in command for command in found.sent)
    with pytest.raises(errors.PinIncorrect):
        session.verify(TEXT_NUMBER_A, "000000000000")
    assert session.attributes().name == MIHON.name, "a refusal counts, and the session goes on"


def test_without_extended_length_no_pin_is_sent_for_it() -> None:
    for channel_profile in (SHORT, UNKNOWN):
        found = CardThat(card(SHORT).transmit)
        session = TextSession(Channel(found, channel_profile))
        with pytest.raises(errors.ExtendedLengthError):
            session.begin_secure_messaging(PIN, SEED)
        assert found.verifies == []
        assert session.certificate()


def test_number_a_does_not_open_secure_messaging() -> None:
    _, channel = counted(EXTENDED)
    session = TextSession(channel)
    session.verify(TEXT_NUMBER_A, NUMBER_A)
    with pytest.raises(errors.PinIncorrect):
        session.begin_secure_messaging("0000", SEED)


def test_when_the_card_forgets_the_session_nothing_goes_in_the_clear() -> None:
    inner = card(EXTENDED)
    found = CardThat(inner.transmit)
    session = TextSession(Channel(found, EXTENDED))
    session.begin_secure_messaging(PIN, SEED)
    inner.power_off()
    sent = len(found.sent)
    with pytest.raises(errors.CardError):
        session.my_number()
    with pytest.raises(errors.SessionEndedError):
        session.verify(TEXT_NUMBER_A, NUMBER_A)
    assert not any(NUMBER_A.reveal() in command for command in found.sent[sent:])
    assert all(command[0] == 0x08 or command[1] == 0x20 for command in found.sent[sent:])


# --- the end of a session, and hostile cards ----------------------------------------------------------------

METHODS: dict[str, tuple[type[ApplicationSession], Callable[..., object]]] = {
    "certificate": (TextSession, TextSession.certificate),
    "basic-data": (TextSession, TextSession.basic_data),
    "my-number": (TextSession, TextSession.my_number),
    "attributes": (TextSession, TextSession.attributes),
    "digests": (TextSession, TextSession.digests),
    "card-key": (TextSession, TextSession.card_key),
    "session-key": (TextSession, TextSession.session_key),
    "evidence": (TextSession, lambda session: session.evidence(NONCE)),
    "answer": (TextSession, lambda session: session.answer(NONCE)),
    "sign": (TextSession, lambda session: session.sign_with_card_key(b"\x5a" * 51)),
    "verify": (TextSession, lambda session: session.verify(TEXT_PIN, CANARY)),
    "verify-last": (TextSession, lambda session: session.verify(TEXT_PIN, CANARY, spend_last_try=True)),
    "status": (TextSession, lambda session: session.pin_status(TEXT_PIN)),
    "change": (TextSession, lambda session: session.change_pin(CANARY, CANARY[::-1])),
    "secure": (TextSession, lambda session: session.begin_secure_messaging(CANARY, SEED)),
    "log-out": (TextSession, TextSession.log_out),
    "face-certificate": (FaceSession, FaceSession.certificate),
    "face-basic-data": (FaceSession, FaceSession.basic_data),
    "age": (FaceSession, FaceSession.age_record),
    "face": (FaceSession, FaceSession.face),
    "number-image": (FaceSession, FaceSession.number_image),
    "face-evidence": (
        FaceSession, lambda session: session.evidence(NONCE, age_record=True, face=True, number_image=True),
    ),
    "face-verify": (FaceSession, lambda session: session.verify(BIRTH_DATE, "73917391"[:6])),
    "information": (CommonSession, CommonSession.information),
    "common-key-id": (CommonSession, CommonSession.key_id),
    "authenticate": (CommonSession, lambda session: session.authenticate(NONCE)),
    "common-change": (CommonSession, lambda session: session.change_pin(CANARY, CANARY[::-1])),
    "register-key-id": (RegisterSession, RegisterSession.key_id),
    "register-change": (RegisterSession, lambda session: session.change_pin(CANARY, CANARY[::-1])),
}  # fmt: skip
WITHOUT_A_SESSION: dict[str, Callable[[Channel], object]] = {
    "states": pin_states,
    "both": lambda channel: change_resident_register_pin(channel, CANARY, CANARY[::-1], spend_last_try=True),
    "issuer": lambda channel: IssuerData(channel).get(0x7F21),
    "issuer-certificate": lambda channel: IssuerData(channel).intermediate_certificate(),
    "issuer-expiry": lambda channel: IssuerData(channel).expiry(),
    "issuer-text": lambda channel: IssuerData(channel).card_identification(),
    "issuer-key-id": lambda channel: IssuerData(channel).issuer_identification(),
}


def test_every_method_of_a_session_is_called_here() -> None:
    for kind in (TextSession, FaceSession, CommonSession, RegisterSession):
        public = {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}
        own = public - {name for name, _ in inspect.getmembers(SigningSession, inspect.isfunction)}
        assert len([one for one, _ in METHODS.values() if one is kind]) >= len(own)


@pytest.mark.parametrize("method", METHODS)
def test_a_session_ends_when_anything_else_is_selected(method: str) -> None:
    found, channel = counted()
    kind, call = METHODS[method]
    session = kind(channel)
    JpkiSession(channel)
    sent = len(found.sent)
    with pytest.raises(errors.SessionEndedError):
        call(session)
    assert len(found.sent) == sent


WORDS = st.sampled_from(
    [0x9000, 0x9000, 0x9000, 0x6C00, 0x6C10, 0x6101, 0x63C0, 0x63C1, 0x63C3, 0x6300, 0x6982, 0x6984, 0x6981, 0x6988]
    + [0x6986, 0x6A81, 0x6A82, 0x6A86, 0x6A88, 0x6B00, 0x6700, 0x69FC, 0x6F00, 0x0000, 0xFFFF]
).map(lambda word: word.to_bytes(2, "big"))
HEADS = st.sampled_from([
    b"", b"\xff\x10\x0c123456789018", b"\xff\x20\x82\x7f\xf0", b"\xff\x20\x82\xff\xff", b"\xff\x30\x80",
    b"\x7f\x21\x82\x02\x33", b"\xa1\x82\x01\x09", b"\x01\x1c", b"\xff\x50\x82\x02\x13", b"\x00\x00",
])  # fmt: skip
DATA = st.builds(lambda head, rest: head + bytes(rest), HEADS, st.sampled_from([0, 1, 3, 100, 251, 256, 1000, 40000]))
FAILURES = st.sampled_from([errors.CardRemovedError, errors.CardResetError, errors.OutcomeUnknownError]).map(
    lambda failure: failure("The reader says so.")
)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    WORDS, st.builds(bytes.__add__, DATA, WORDS), st.binary(max_size=300), FAILURES
)
APDUS_MAX = 220  # a card face of 32 KiB without extended length, and what is around it


def hostile(script: list[Answer], select: bool) -> CardThat:
    """Says these in turn, over and over; of data no more than was asked for, so that it goes on."""
    turn = iter(range(1 << 30))

    def answer(command: bytes) -> Answer:
        said = script[next(turn) % len(script)]
        if select and command[1] == 0xA4:
            return b"\x90\x00"
        if isinstance(said, bytes) and len(said) > 2:
            extended = len(command) >= 7 and command[4] == 0
            le = (
                command[-2:]
                if extended
                else command[-1:]
                if len(command) in {5, 6 + (command[4:5] or b"\0")[0]}
                else b""
            )
            ne = (int.from_bytes(le, "big") or (65536 if extended else 256)) if le else 0
            return said[:-2][:ne] + said[-2:]
        return said

    return CardThat(answer)


@pytest.mark.parametrize("name", [*METHODS, *WITHOUT_A_SESSION])
@settings(max_examples=examples(60), deadline=None)
@given(
    script=st.lists(ANSWERS, min_size=1, max_size=6),
    select=st.booleans(),
    profile=st.builds(CardProfile, st.sampled_from([None, True, False])),
)
@example(script=[b"\xff\x20\x82\x7f\xf0" + bytes(251) + b"\x90\x00"], select=True, profile=SHORT)
@example(script=[b"\x7f\x21\x82\x02\x33" + bytes(251) + b"\x90\x00"], select=True, profile=UNKNOWN)
def test_a_hostile_card_is_survived(name: str, script: list[Answer], select: bool, profile: CardProfile) -> None:
    found = hostile(script, select)
    channel = Channel(found, profile)
    try:
        if name in METHODS:
            kind, call = METHODS[name]
            call(kind(channel))
        else:
            WITHOUT_A_SESSION[name](channel)
    except errors.MynacardError as error:
        assert leaks(error) == []
    assert len(found.sent) <= APDUS_MAX
    assert len(found.verifies) <= (3 if name == "both" else 1)
    assert len([command for command in found.sent if command[1] in {0x24, 0x32}]) <= (2 if name == "both" else 1)


def test_an_expiry_of_the_issuer_that_is_no_date_is_none() -> None:
    for said in ("20991399", "2099", "abcdefgh", "２０９９"):
        found = CardThat(lambda command: "9000" if command[1] == 0xA4 else said.encode() + b"\x90\x00")  # noqa: B023
        with pytest.raises(errors.CardDataError):
            IssuerData(found).expiry()
    found = CardThat(lambda command: "9000" if command[1] == 0xA4 else b"20991231\x90\x00")
    assert IssuerData(found).expiry() == date(2099, 12, 31)
