"""A program says once how it signs; the format's rules are the library's, and known before a password is typed."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mynacard import errors
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, pades
from mynacard.signing.judging import judge
from mynacard.signing.making import Format, Making, add_time_stamp
from mynacard.trust import Anchor, Verdict
from tests.signing import tsa
from tests.signing.documents import CA, CERTIFICATE, DATA, SIGNATURE
from tests.signing.pdfs import pdf
from tests.signing.test_cms import OnCard
from tests.test_meaning import SIGNED_ATTRIBUTES
from tests.trust.authorities import key

TRUST: Any = {
    "anchors": (Anchor(CA.certificate),),
    "at": datetime.now(UTC) + timedelta(hours=1),
}  # after each stamp


@pytest.mark.parametrize("hash_", HashAlgorithm)
@pytest.mark.parametrize(
    ("making", "suffix"),
    [
        (Making(Format.RAW), ".sig"),
        (Making(Format.CMS), ".p7s"),
        (Making(Format.CMS, opaque=True), ".p7m"),
        (Making(Format.CADES), ".p7s"),
        (Making(Format.CADES, opaque=True), ".p7m"),
        (Making(Format.PADES, field="Here", appearance=pades.Appearance()), ""),
        (Making(Format.PDF, field="Here", appearance=pades.Appearance()), ""),
    ],
    ids=["raw", "cms", "cms opaque", "cades", "cades opaque", "pades", "pdf"],
)
def test_what_is_made_with_one_signature_is_judged_good(making: Making, suffix: str, hash_: HashAlgorithm) -> None:
    making = Making(making.format, hash_, making.opaque, making.field, making.appearance)
    document = pdf() if making.suffix == "" else DATA
    making.check_installed()
    making.check(document)
    card = OnCard(key("holder"))
    signed = making.sign(document, CERTIFICATE, card)
    assert (card.signatures, making.suffix) == (1, suffix)
    if making.suffix == "" or making.opaque:
        judgement = judge(signed, **TRUST)
    elif making.format is Format.RAW:
        judgement = judge(document, **TRUST, signature=signed, certificate=CERTIFICATE, hash_=hash_)
    else:
        judgement = judge(document, **TRUST, signature=signed)
    (judged,) = judgement.signatures
    verdicts = {name: step.verdict for name, step in judged.steps}
    assert verdicts.pop("revocation") is Verdict.NOT_CHECKED
    assert set(verdicts.values()) == {Verdict.GOOD}


@pytest.mark.parametrize(
    "wanted",
    [
        {"field": "Here"}, {"appearance": pades.Appearance()}, {"format": Format.CADES, "field": "Here"},
        {"format": Format.RAW, "opaque": True}, {"format": Format.PADES, "opaque": True},
        {"format": Format.PDF, "opaque": True},
        {"format": Format.RAW, "time_stamped": True},
    ],
)  # fmt: skip
def test_what_a_format_does_not_have_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(errors.UsageError):
        Making(**wanted)


def test_what_cannot_be_signed_is_known_before() -> None:
    with pytest.raises(errors.PdfFileError):
        Making(Format.PADES).check(DATA)
    with pytest.raises(errors.UsageError):
        Making(Format.PADES, field="a.b").check(pdf())
    too_long = bytes(cms.CONTENT_MAX + 1)
    Making(Format.CMS).check(too_long)
    with pytest.raises(errors.UsageError, match="at most"):
        Making(Format.CMS, opaque=True).check(too_long)


@pytest.mark.parametrize("data", SIGNED_ATTRIBUTES, ids=len)
def test_signed_attributes_get_no_raw_signature_from_any_key(data: bytes) -> None:
    card = OnCard(key("holder"))
    for call in (Making(Format.RAW).check, lambda data: Making(Format.RAW).sign(data, CERTIFICATE, card)):
        with pytest.raises(errors.UsageError, match="of another file, too"):
            call(data)
    assert card.signatures == 0
    around = Making(Format.CMS, opaque=True).sign(data, CERTIFICATE, card)
    assert judge(around, **TRUST).content == data


def test_what_is_not_installed_is_known_before(monkeypatch: pytest.MonkeyPatch) -> None:
    document = pdf()
    monkeypatch.setitem(sys.modules, "pyhanko", None)
    for format_ in (Format.CADES, Format.PADES, Format.PDF):
        for call in (Making(format_).check_installed, lambda format_=format_: Making(format_).check(document)):
            with pytest.raises(errors.MissingExtraError):
                call()
    for format_ in (Format.RAW, Format.CMS):
        Making(format_).check_installed()


def test_a_time_stamp_finds_its_place_in_either() -> None:
    signed = Making(Format.PADES, time_stamped=True).sign(pdf(), CERTIFICATE, key("holder"))
    for judgement in (
        judge(DATA, **TRUST, signature=add_time_stamp(SIGNATURE, tsa.answered)),
        judge(add_time_stamp(signed, tsa.answered), **TRUST),
    ):
        (judged,) = judgement.signatures
        assert judged.proof is not None
        assert "no trusted authority was named" in judged.proof.step.text()
