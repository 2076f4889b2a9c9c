"""Genuine is what is signed up to the root that was asked for, and present. Nothing else ever is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import UsageError
from mynacard.personal.checking import (
    Conclusion,
    FaceFiles,
    Genuineness,
    Presence,
    Subject,
    TextFiles,
    Verdict,
    challenge_input,
    check_face,
    check_text,
    not_checkable,
)
from mynacard.personal.cv import CvCertificate
from mynacard.personal.keys import KeyId
from mynacard.personal.numbers import MyNumber
from mynacard.personal.objects import AgeRecord, CardKey, Face, NumberFile, NumberImage, TextDigests
from mynacard.personal.roots import PRODUCTION, TEST, Purpose, Root, RootKind
from mynacard.personal.signatures import face_digest_info
from tests.extent import all_or_some
from tests.personal.issued import (
    FACE,
    NONCE,
    NUMBER,
    PNG,
    TEXT,
    UNSIGNED,
    face_files,
    issuer,
    presence,
    public,
    sign,
    sign_padded,
    text_files,
    unsigned_face,
)

SIMULATED = RootKind.SIMULATED


def text(files: TextFiles | None = None, answer: Presence | None = None) -> Genuineness:
    return check_text(files or text_files(), answer or presence(), wanted=SIMULATED, roots=[issuer(TEXT).root])


def face(files: FaceFiles | None = None, answer: Presence | None = None) -> Genuineness:
    return check_face(files or face_files(), answer or presence(), wanted=SIMULATED, roots=[issuer(FACE).root])


def content(of: bytes | None) -> bytes:
    assert of is not None
    return of


# --- genuine -------------------------------------------------------------------------------------------------


def test_a_text_application_with_everything_good_is_genuine() -> None:
    found = text()
    assert found.conclusion is Conclusion.GENUINE
    assert found.genuine
    assert found.root == issuer(TEXT).root
    assert found.subjects(Verdict.GOOD) == {
        Subject.CERTIFICATE, Subject.DIGESTS, Subject.NUMBER, Subject.ATTRIBUTES, Subject.CARD_KEY, Subject.PRESENCE,
    }  # fmt: skip
    assert found.subjects(Verdict.NOT_CHECKED) == {Subject.SAME_CARD, Subject.VALIDITY}


def test_a_card_face_with_everything_good_is_genuine() -> None:
    found = face()
    assert found.genuine
    assert found.root == issuer(FACE).root
    assert found.subjects(Verdict.GOOD) == {
        Subject.CERTIFICATE, Subject.AGE_RECORD, Subject.FACE, Subject.NUMBER_IMAGE, Subject.PRESENCE,
        Subject.SAME_CARD,
    }  # fmt: skip
    assert found.subjects(Verdict.NOT_CHECKED) == {Subject.UNSIGNED, Subject.VALIDITY}


@pytest.mark.parametrize("kept", ["age_record", "face", "number_image"])
def test_one_record_of_the_face_is_enough_and_the_others_stay_unchecked(kept: str) -> None:
    files = face_files()
    found = face(FaceFiles(files.certificate, **{kept: getattr(files, kept)}))
    assert found.genuine
    assert {Subject.AGE_RECORD, Subject.FACE, Subject.NUMBER_IMAGE} - found.subjects(Verdict.NOT_CHECKED) == {
        Subject(kept.replace("_", "-"))
    }


@pytest.mark.parametrize("left_out", ["number", "attributes"])
def test_one_file_of_the_text_is_enough_and_the_other_stays_unchecked(left_out: str) -> None:
    found = text(replace(text_files(), **{left_out: None}))
    assert found.genuine
    assert found.of(Subject(left_out)).verdict is Verdict.NOT_CHECKED


# --- never genuine ------------------------------------------------------------------------------------------


def test_nothing_is_genuine_by_default() -> None:
    for found in (
        check_text(TextFiles(b"")),
        check_face(FaceFiles(b"")),
        not_checkable(),
        Genuineness(SIMULATED, issuer(TEXT).root, ()),
    ):
        assert not found.genuine
    assert not_checkable().conclusion is Conclusion.NOT_CHECKED


def test_without_an_answer_it_may_be_a_copy() -> None:
    for found in (
        check_text(text_files(), wanted=SIMULATED, roots=[issuer(TEXT).root]),
        check_face(face_files(), wanted=SIMULATED, roots=[issuer(FACE).root]),
    ):
        assert found.conclusion is Conclusion.NOT_CHECKED
        assert found.of(Subject.PRESENCE).verdict is Verdict.NOT_CHECKED
        assert not found.subjects(Verdict.BAD)


def test_presence_without_data_is_not_enough() -> None:
    files = replace(text_files(), number=None, attributes=None)
    assert text(files).conclusion is Conclusion.NOT_CHECKED
    assert text(replace(text_files(), digests=None)).conclusion is Conclusion.NOT_CHECKED
    assert text(replace(text_files(), card_key=None)).conclusion is Conclusion.NOT_CHECKED
    assert face(FaceFiles(face_files().certificate)).conclusion is Conclusion.NOT_CHECKED


@pytest.mark.parametrize(
    "answer",
    [
        presence("another-card"), Presence(NONCE, presence(nonce=b"an older nonce, answered").answer),
        Presence(NONCE, b""), Presence(NONCE, bytes(256)), Presence(NONCE, presence().answer[:-1]),
        Presence(NONCE, sign_padded("card", NONCE)), presence("municipality"),
    ],
    ids=["another-key", "replayed", "empty", "zeros", "cut-off", "not-hashed", "issuer-s-key"],
)  # fmt: skip
def test_a_wrong_answer_is_not_genuine(answer: Presence) -> None:
    for found in (text(answer=answer), face(answer=answer)):
        assert found.conclusion is Conclusion.NOT_GENUINE
        assert found.of(Subject.PRESENCE).verdict is Verdict.BAD


def test_what_is_sent_to_the_card_is_what_is_checked() -> None:
    assert presence().answer == sign_padded("card", challenge_input(NONCE))


def test_a_short_nonce_is_the_caller_s_mistake() -> None:
    with pytest.raises(UsageError):
        text(answer=Presence(b"short", b""))
    with pytest.raises(UsageError):
        face(answer=Presence(b"short", b""))


# --- roots ---------------------------------------------------------------------------------------------------


def fake(kind: RootKind, number: str, purpose: Purpose) -> Root:
    """A root of another kind whose key is ours: real ones sign nothing for tests."""
    return Root(KeyId(number), public("root"), purpose, kind)


@pytest.mark.parametrize("wanted", RootKind)
@pytest.mark.parametrize(
    ("kind", "number"), [(RootKind.PRODUCTION, "5000033"), (RootKind.TEST, "6000033"), (SIMULATED, "9000033")]
)
def test_only_a_root_of_the_kind_asked_for_makes_genuine(kind: RootKind, number: str, wanted: RootKind) -> None:
    for purpose, check, files in ((TEXT, check_text, text_files()), (FACE, check_face, face_files())):
        named = replace(files, certificate=issuer(purpose, number=number).certificate)  # type: ignore[type-var]
        found = check(named, presence(), wanted=wanted, roots=[fake(kind, number, purpose)])  # type: ignore[operator]
        assert found.genuine == (kind is wanted)
        assert found.root is not None
        assert found.root.kind is kind
        if kind is not wanted:
            assert found.conclusion is Conclusion.NOT_GENUINE
            assert found.of(Subject.CERTIFICATE).verdict is Verdict.BAD
            assert kind in found.of(Subject.CERTIFICATE).text()


def test_production_is_what_is_asked_for_by_default() -> None:
    found = check_text(text_files(), presence(), roots=[issuer(TEXT).root])
    assert found.wanted is RootKind.PRODUCTION
    assert found.conclusion is Conclusion.NOT_GENUINE


def test_a_simulated_card_leads_to_no_root_by_default() -> None:
    for found in (check_text(text_files(), presence()), check_face(face_files(), presence())):
        assert found.root is None
        assert found.conclusion is Conclusion.NOT_GENUINE
        assert "9000033" in found.of(Subject.CERTIFICATE).text()


@pytest.mark.parametrize("root", PRODUCTION + TEST, ids=lambda root: str(root.key_id.number))
def test_a_name_of_a_real_root_is_not_its_signature(root: Root) -> None:
    for purpose, check, files in ((TEXT, check_text, text_files()), (FACE, check_face, face_files())):
        forged = CvCertificate(root.key_id, KeyId("1322121", "000"), public("municipality"))
        forged = replace(forged, signature=sign("root", forged.signed))
        changed = replace(files, certificate=bytes(forged))  # type: ignore[type-var]
        found = check(changed, presence(), wanted=root.kind)  # type: ignore[operator]
        assert found.conclusion is Conclusion.NOT_GENUINE
        assert found.root is None
        if root.purpose is purpose:
            assert "did not sign" in found.of(Subject.CERTIFICATE).text()


def test_a_root_for_one_application_is_none_for_the_other() -> None:
    found = check_face(face_files(), presence(), wanted=SIMULATED, roots=[issuer(TEXT).root])
    assert found.conclusion is Conclusion.NOT_GENUINE
    assert found.root is None


def test_all_sixteen_bytes_of_the_root_s_name_count() -> None:
    other = replace(issuer(TEXT).root, key_id=KeyId("9000033", suffix=bytes.fromhex("000000A8")))
    assert check_text(text_files(), presence(), wanted=SIMULATED, roots=[other]).root is None


def test_without_roots_nothing_is_genuine() -> None:
    assert check_text(text_files(), presence(), wanted=SIMULATED, roots=[]).conclusion is Conclusion.NOT_GENUINE


def test_what_no_root_certifies_vouches_for_nothing() -> None:
    found = check_text(text_files(), presence(), wanted=SIMULATED, roots=[])
    assert not found.subjects(Verdict.GOOD)
    found = check_face(face_files(), presence(), wanted=SIMULATED, roots=[])
    assert not found.subjects(Verdict.GOOD)


# --- every bit -------------------------------------------------------------------------------------------------


def flips(good: bytes) -> list[bytes]:
    number = int.from_bytes(good, "big")
    return [(number ^ 1 << bit).to_bytes(len(good), "big") for bit in reversed(range(len(good) * 8))]


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["certificate", "digests", "card_key", "number", "attributes"])
def test_a_text_application_with_any_bit_flipped_is_not_genuine(name: str) -> None:
    for flipped in all_or_some(flips(content(getattr(text_files(), name)))):
        assert text(replace(text_files(), **{name: flipped})).conclusion is Conclusion.NOT_GENUINE


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["certificate", "age_record", "number_image"])
def test_a_card_face_with_any_bit_flipped_is_not_genuine(name: str) -> None:
    others = {"age_record", "face", "number_image"} - {name if name != "certificate" else "age_record"}
    alone = replace(face_files(), **dict.fromkeys(others))
    for flipped in all_or_some(flips(content(getattr(face_files(), name)))):
        assert face(replace(alone, **{name: flipped})).conclusion is Conclusion.NOT_GENUINE


@pytest.mark.exhaustive
def test_a_face_with_any_bit_flipped_is_not_genuine_unless_it_is_in_what_nobody_signed() -> None:
    good = content(face_files().face)
    alone = FaceFiles(face_files().certificate, face=good)
    start = good.rindex(b"\xdf\x29")  # the last: keys and signatures may hold these bytes, too
    unsigned = {*range((start + 3) * 8, (start + 11) * 8), *range((len(good) - len(PNG)) * 8, len(good) * 8)}
    for at, flipped in all_or_some([*enumerate(flips(good))]):
        found = face(replace(alone, face=flipped))
        assert found.conclusion is Conclusion.NOT_GENUINE or (at in unsigned and found.genuine), at
        assert Subject.UNSIGNED in found.subjects(Verdict.NOT_CHECKED)


@pytest.mark.exhaustive
def test_no_bit_of_the_answer_can_be_flipped() -> None:
    for flipped in all_or_some(flips(presence().answer)):
        assert not text(answer=Presence(NONCE, flipped)).genuine
        assert not face(answer=Presence(NONCE, flipped)).genuine


@given(
    name=st.sampled_from(["certificate", "digests", "card_key", "number", "attributes"]), junk=st.binary(max_size=600)
)
def test_no_bytes_make_the_check_fail_otherwise(name: str, junk: bytes) -> None:
    assert not text(replace(text_files(), **{name: junk})).genuine


@given(st.sampled_from(["certificate", "age_record", "face", "number_image"]), st.binary(max_size=600))
def test_no_bytes_of_a_face_make_the_check_fail_otherwise(name: str, junk: bytes) -> None:
    assert not face(replace(face_files(), **{name: junk})).genuine


# --- forgers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signer", ["card", "forger"])
def test_what_the_card_or_a_stranger_signed_is_not_genuine(signer: str) -> None:
    files = text_files()
    digests, card_key = TextDigests.parse(content(files.digests)), CardKey.parse(content(files.card_key))
    for changed in (
        replace(files, digests=bytes(replace(digests, signature=sign(signer, digests.signed)))),
        replace(files, card_key=bytes(replace(card_key, signature=sign(signer, card_key.signed)))),
    ):
        assert text(changed).conclusion is Conclusion.NOT_GENUINE
    age = AgeRecord.parse(content(face_files().age_record))
    image = NumberImage.parse(content(face_files().number_image))
    drawn = unsigned_face()
    for changed_face in (
        replace(face_files(), age_record=bytes(replace(age, signature=sign(signer, age.signed)))),
        replace(face_files(), number_image=bytes(replace(image, signature=sign(signer, image.signed)))),
        replace(
            face_files(), face=bytes(replace(drawn, signature=sign_padded(signer, face_digest_info(drawn.digests()))))
        ),
    ):
        assert face(changed_face).conclusion is Conclusion.NOT_GENUINE


def test_a_face_signed_as_the_other_records_are_is_not_genuine() -> None:
    drawn = unsigned_face()
    for signature in (
        sign("municipality", drawn.digests()),
        sign("municipality", bytes(drawn)),
        UNSIGNED,
        issuer_key_over_one_digest(drawn),
    ):
        found = face(replace(face_files(), face=bytes(replace(drawn, signature=signature))))
        assert found.of(Subject.FACE).verdict is Verdict.BAD


def issuer_key_over_one_digest(drawn: Face) -> bytes:
    return sign_padded("municipality", drawn.digests()[:32])


def test_another_holder_s_number_is_not_genuine() -> None:
    found = text(replace(text_files(), number=bytes(NumberFile(MyNumber("123456789018")))))
    assert found.of(Subject.NUMBER).verdict is Verdict.BAD
    assert found.of(Subject.ATTRIBUTES).verdict is Verdict.GOOD
    assert found.conclusion is Conclusion.NOT_GENUINE


def test_the_number_s_filler_belongs_to_it() -> None:
    number = content(text_files().number)
    assert number[-2:] == b"\xff\xff"
    assert text(replace(text_files(), number=number[:15])).conclusion is Conclusion.NOT_GENUINE


def test_records_of_two_cards_are_not_genuine() -> None:
    mixed = replace(face_files(), age_record=face_files("another-card").age_record)
    for answer in (presence(), presence("another-card")):
        found = face(mixed, answer)
        assert found.of(Subject.SAME_CARD).verdict is Verdict.BAD
        assert found.conclusion is Conclusion.NOT_GENUINE


def test_data_of_one_card_and_the_key_of_another_pass_in_text_and_the_result_says_so() -> None:
    borrowed = replace(text_files(), card_key=text_files("another-card").card_key)
    found = text(borrowed, presence("another-card"))
    assert found.genuine
    assert found.of(Subject.SAME_CARD).verdict is Verdict.NOT_CHECKED


def test_an_unsigned_key_proves_no_presence() -> None:
    age = replace(AgeRecord.parse(content(face_files().age_record)), public_key=public("forger"))
    found = face(FaceFiles(face_files().certificate, age_record=bytes(age)), presence("forger"))
    assert found.of(Subject.PRESENCE).verdict is Verdict.NOT_CHECKED
    assert found.conclusion is Conclusion.NOT_GENUINE


# --- words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [text, face, not_checkable, lambda: check_text(TextFiles(b"", b"", b"", b"", b""))])
def test_every_step_says_why_and_nothing_personal(make: Callable[[], Genuineness]) -> None:
    for check in make().checks:
        said = check.text()
        assert said.endswith(".")
        assert "{" not in said
        assert not any(secret in said + repr(check) for secret in ("試験", "東京", NUMBER.reveal(), "1980"))
    assert not any(secret in repr((text_files(), face_files(), presence())) for secret in ("FF20", "\\xff", "試験"))


def test_steps_are_translated_details_and_all() -> None:
    asked: list[str] = []
    (check,) = [one for one in check_text(TextFiles(b"")).checks if one.subject is Subject.CERTIFICATE]
    check.text(lambda template: asked.append(template) or template)  # type: ignore[func-returns-value]
    assert "card-verifiable certificate" in asked


def test_a_good_step_names_the_root_and_where_it_is_from() -> None:
    assert "simulated" in text().of(Subject.CERTIFICATE).text()
    root = replace(fake(RootKind.TEST, "6000033", TEXT), origin=TEST[0].origin)
    files = replace(text_files(), certificate=issuer(TEXT, number="6000033").certificate)
    said = check_text(files, presence(), wanted=RootKind.TEST, roots=[root]).of(Subject.CERTIFICATE).text()
    assert "J-LIS" in said
    assert "test root 6000033/001" in said


def test_the_signature_of_the_face_is_no_ordinary_one() -> None:
    """Whoever hands it to a library is told that it is bad, which it is not."""
    drawn = Face.parse(content(face_files().face))
    recovered = public("municipality").key().recover_data_from_signature(drawn.signature, PKCS1v15(), None)
    assert recovered == face_digest_info(drawn.digests())
    assert drawn.expiry == date(2035, 2, 17)
