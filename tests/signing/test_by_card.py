"""A document signed by a card's session goes with the certificate of the key that signed it, whatever was held."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mynacard import errors
from mynacard.apdu import Channel
from mynacard.jpki import DIGITAL_SIGNATURE, JpkiSession
from mynacard.signing.by_card import signed
from mynacard.signing.judging import judge
from mynacard.signing.making import Format, Making
from mynacard.signing.shown import ShownFile, signer
from mynacard.trust import Verdict, load_certificate
from tests.jpki.cards import card_with, certificate_of, counted, is_read, is_sign, pin
from tests.jpki.test_held import of_another_key
from tests.signing.documents import DATA
from tests.signing.pdfs import pdf
from tests.support import CardThat

OWN = load_certificate(certificate_of(DIGITAL_SIGNATURE))


def given(card: CardThat, certificate_der: bytes) -> JpkiSession:
    session = JpkiSession(Channel(card), certificates={DIGITAL_SIGNATURE: certificate_der})
    session.verify(DIGITAL_SIGNATURE, pin(DIGITAL_SIGNATURE))
    return session


@pytest.mark.parametrize("fits", [True, False])
@pytest.mark.parametrize("format_", Format)
def test_every_format_has_a_good_signature_under_the_cards_own_certificate(
    format_: Format, fits: bool, tmp_path: Path
) -> None:
    document = pdf() if format_ in (Format.PADES, Format.PDF) else DATA
    (path := tmp_path / "document").write_bytes(document)
    card = counted(card_with())
    session = given(card, certificate_of(DIGITAL_SIGNATURE) if fits else of_another_key(DIGITAL_SIGNATURE))
    making = Making(format_)
    made = signer(session, making)(ShownFile.of(path, making, keep=False))
    assert (sum(map(is_sign, card.sent)), any(map(is_read, card.sent)), len(card.verifies)) == (2 - fits, not fits, 1)
    (judged,) = judge(
        made if format_ in (Format.PADES, Format.PDF) else document,
        anchors=(),
        at=datetime.now(UTC),
        signature=None if format_ in (Format.PADES, Format.PDF) else made,
        certificate=OWN if format_ is Format.RAW else None,
    ).signatures
    assert judged.signer is not None
    assert judged.signer.certificate == OWN
    assert dict(judged.steps)["signature"].verdict is Verdict.GOOD


def test_each_further_file_costs_one_signature_again(tmp_path: Path) -> None:
    (path := tmp_path / "document").write_bytes(DATA)
    card = counted(card_with())
    signature = signer(given(card, of_another_key(DIGITAL_SIGNATURE)), Making())
    shown = ShownFile.of(path, Making(), keep=False)
    signature(shown)
    before = len(card.sent)
    signature(shown)
    assert len(card.sent) - before == 1


def test_what_makes_the_signature_is_asked_twice_at_most() -> None:
    session = JpkiSession(card_with(), certificates={DIGITAL_SIGNATURE: certificate_of(DIGITAL_SIGNATURE)})
    calls: list[object] = []

    def make(*arguments: object) -> None:
        calls.append(arguments)
        raise errors.HeldCertificateError("Not that of the key.")

    with pytest.raises(errors.HeldCertificateError):
        signed(session, make)
    assert len(calls) == 2
