"""The traits of a simulated card: what they change, and what a card file keeps of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mynacard.apdu.tlv import outer_length
from mynacard.doors.new_cards import new_card
from mynacard.doors.pki_cache import cached_pki
from mynacard.jpki import DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION
from mynacard.jpki.layout import DF_NAME
from mynacard.personal import check_text
from mynacard.personal.layout import TEXT_PIN
from mynacard.personal.report import Conclusion
from mynacard.personal.roots import RootKind
from mynacard.personal.text_session import TextSession
from mynacard.simulator import ATR_CONTACTLESS, Personality, SimulatedCard, Traits
from mynacard.simulator.files import TransparentFile
from tests.jpki.cards import ca_certificate_of, card_with, certificate_of

NONCE = b"a nonce of these tests"
OTHER = Traits(Personality.OBSERVED, extended_length=False, atr=ATR_CONTACTLESS, ef_size=None, wide_attributes=True)


def content(card: SimulatedCard, file_id: int) -> bytes:
    """The whole of an EF of JPKI, filler included."""
    application = next(df for df in card._applications if df.df_name == DF_NAME)
    file = application.files[file_id]
    assert isinstance(file, TransparentFile)
    return file.content


# --- ef_size -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ef_size", "length"), [(2048, 2048), (4096, 4096), (1600, 1600)])
def test_an_ef_is_as_long_as_its_trait_says_and_ends_in_filler(ef_size: int, length: int) -> None:
    card = card_with(traits=Traits(ef_size=ef_size))
    for pair in KEY_PAIRS:
        ef = content(card, pair.certificate)
        assert (len(ef), outer_length(ef)) == (length, len(certificate_of(pair)))
        assert set(ef[outer_length(ef) :]) == {0xFF}
        assert len(content(card, pair.ca_certificate)) == length


def test_an_exact_ef_ends_with_its_certificate() -> None:
    card = card_with(traits=Traits(ef_size=None))
    for pair in KEY_PAIRS:
        assert content(card, pair.certificate) == certificate_of(pair)
        assert content(card, pair.ca_certificate) == ca_certificate_of(pair)


def test_a_certificate_longer_than_the_size_is_whole() -> None:
    card = card_with(traits=Traits(ef_size=16))
    assert content(card, DIGITAL_SIGNATURE.certificate) == certificate_of(DIGITAL_SIGNATURE)


def test_an_offset_at_the_end_of_an_exact_ef_is_outside_it() -> None:
    card = card_with(traits=Traits(ef_size=None))
    size = len(certificate_of(USER_AUTHENTICATION))
    card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    card.transmit(bytes.fromhex("00A4020C02000A"))
    assert card.transmit(b"\x00\xb0" + (size - 1).to_bytes(2, "big") + b"\x00")[1:] == b"\x90\x00"
    assert card.transmit(b"\x00\xb0" + size.to_bytes(2, "big") + b"\x00") == b"\x6b\x00"


# --- wide_attributes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("wide", [False, True])
def test_attributes_begin_as_their_trait_says_and_are_as_genuine(wide: bool) -> None:
    card = new_card(Traits(wide_attributes=wide))
    session = TextSession(card)
    session.verify(TEXT_PIN, "1234")
    files, presence = session.evidence(NONCE, number=False, attributes=True)
    assert files.attributes is not None
    assert files.attributes[2:4] == (b"\x82\x00" if wide else bytes((len(files.attributes) - 3, 0xDF)))
    report = check_text(files, presence, wanted=RootKind.SIMULATED, roots=cached_pki().cv.anchors())
    assert report.conclusion is Conclusion.GENUINE, report


# --- in a file ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("traits", [Traits(), OTHER])
def test_traits_survive_a_file(traits: Traits) -> None:
    assert Traits.of(traits.document()) == traits


def test_a_file_from_before_a_trait_has_the_default() -> None:
    document = OTHER.document()
    del document["ef_size"], document["wide_attributes"]
    assert Traits.of(document) == replace(OTHER, ef_size=2048, wide_attributes=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ef_size", "1600"),
        ("ef_size", True),
        ("ef_size", -1),
        ("ef_size", 40_000),
        ("extended_length", 1),
        ("wide_attributes", None),
    ],
)
def test_a_file_with_another_kind_of_trait_is_damaged(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match="^$"):
        Traits.of(Traits().document() | {name: value})
