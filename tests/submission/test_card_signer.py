"""A card signs an application: one session a signature, and the holder is told what the document itself says."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from mynacard import errors
from mynacard.doors.disk import create_file
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.jpki.layout import KeyPair
from mynacard.opening.pins import PinRequest, verified_session
from mynacard.pin import Pin
from mynacard.signing import cms
from mynacard.signing.content import of_bytes
from mynacard.simulator.individual.contents import DEFAULT_PINS
from mynacard.submission.application import Role
from mynacard.submission.card_signer import CardSigner
from mynacard.submission.exchange import registration_statement
from mynacard.submission.manifest import Supplement, canonical, manifest_of
from mynacard.submission.package import attachment
from mynacard.verdict import Verdict
from mynacard.webeid import parse as parse_token
from mynacard.webeid import verify_signature
from tests.submission.applications import EXTENSION, NOW
from tests.submission.packages import AUDIENCE, NONCE, files_in


class Holder:
    """Gives either PIN, and keeps what was told."""

    def __init__(self) -> None:
        self.requests: list[PinRequest] = []

    def __call__(self, request: PinRequest, /) -> Pin:
        self.requests.append(request)
        pairs = {pair.pin: pair for pair in (USER_AUTHENTICATION, DIGITAL_SIGNATURE)}
        return Pin(DEFAULT_PINS[pairs[request.pin].name])


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("card") / "card.json"
    create_file(path)
    return f"sim:{path}"


@pytest.fixture
def holder() -> Holder:
    return Holder()


@pytest.fixture
def signer(card: str, holder: Holder) -> CardSigner:
    return CardSigner.with_pins(holder, holder, name=card)


def told(holder: Holder) -> str:
    (request,) = holder.requests
    assert request.signatures == 1
    return request.purpose


def manifest(content: object = EXTENSION) -> bytes:
    assert isinstance(content, type(EXTENSION) | Supplement)
    return canonical(manifest_of(content, audience=AUDIENCE, nonce=NONCE, now=NOW, rules="2026-11-24"))


def test_the_token_answers_this_origin_and_this_challenge(signer: CardSigner, holder: Holder) -> None:
    token = signer.token(AUDIENCE, NONCE)
    assert verify_signature(parse_token(token), AUDIENCE, NONCE).verdict is Verdict.GOOD
    assert told(holder).startswith(f"Logs in to {AUDIENCE}. The site learns a fixed number of your card")


def test_the_signature_is_good_and_beside_the_document(signer: CardSigner, tmp_path: Path) -> None:
    document = manifest()
    parsed = cms.parse(signer.signature(document))
    assert cms.verify(parsed, of_bytes(document)).verdict is Verdict.GOOD
    assert (parsed.content, parsed.names_certificate) == (None, True)


def test_the_holder_is_told_what_the_document_says(signer: CardSigner, holder: Holder, tmp_path: Path) -> None:
    paths, attachments = files_in(tmp_path / "files")
    supplement = Supplement("20261124-1", (attachment(paths[1], Role.DOCUMENT),))
    for document, purpose in (
        (registration_statement(AUDIENCE, NONCE, b"certificate"),
         f"Registers you with {AUDIENCE}, which learns your name, address, sex and birth date."),
        (manifest(replace(EXTENSION, attachments=attachments)),
         f"Signs Extension of period of stay for {AUDIENCE}, with 3 files."),
        (manifest(supplement), f"Signs 1 documents for the application 20261124-1, for {AUDIENCE}."),
        (b'{"origin": "https://elsewhere.example"}', "Signs a document of 39 bytes."),
    ):  # fmt: skip
        holder.requests.clear()
        signer.signature(document)
        assert told(holder) == purpose


def test_the_holder_is_told_in_their_language(card: str) -> None:
    purposes = list[str]()

    def session(pair: KeyPair, purpose: str) -> AbstractContextManager[JpkiSession]:
        purposes.append(purpose)
        return verified_session(pair, Pin(DEFAULT_PINS[pair.name]), name=card)

    CardSigner(session, {"Signs a document of {count} bytes.": "{count}"}.get).signature(b"x")  # type: ignore[arg-type]
    assert purposes == ["1"]


def test_without_what_makes_the_signature_no_pin_is_asked_for(
    card: str, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyhanko", None)
    with pytest.raises(errors.MissingExtraError):
        CardSigner.with_pins(holder, holder, name=card)
    assert holder.requests == []
