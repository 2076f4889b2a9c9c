"""The token: five fields there and back, and a signature that answers one challenge of one site."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from hypothesis import given
from hypothesis import strategies as st

from mynacard import __version__
from mynacard.errors import CertificateFileError, MynacardError, ProtocolError, UnsupportedAlgorithmError, UsageError
from mynacard.jpki.authentication import Authentication
from mynacard.trust import Verdict
from mynacard.webeid import AuthenticationToken, parse, verify_signature
from tests.support import vectors
from tests.trust.authorities import AUTHENTICATION, authority, der, holder, key

VECTOR = vectors("webeid/token.json")[0]
ORIGIN, NONCE = VECTOR.text("origin"), VECTOR.text("nonce")
CERTIFICATE_DER = der(holder(authority(), "login", extensions=AUTHENTICATION))
SIGNED_BYTES = VECTOR.data("origin_hash") + VECTOR.data("nonce_hash")
SIGNATURE = key("login").sign(SIGNED_BYTES, PKCS1v15(), hashes.SHA256())
TOKEN = AuthenticationToken.from_authentication(Authentication(ORIGIN, NONCE, CERTIFICATE_DER, SIGNATURE))
JSON = TOKEN.to_json()
FIELDS: dict[str, object] = json.loads(JSON)


def changed(**fields: object) -> str:
    return json.dumps(FIELDS | fields)


def test_a_token_has_the_five_fields_in_the_order_of_the_specification() -> None:
    assert list(FIELDS) == ["unverifiedCertificate", "algorithm", "signature", "format", "appVersion"]
    assert base64.b64decode(str(FIELDS["unverifiedCertificate"])) == CERTIFICATE_DER
    assert base64.b64decode(str(FIELDS["signature"])) == SIGNATURE
    assert FIELDS["algorithm"] == "RS256"
    assert FIELDS["format"] == "web-eid:1.0"
    assert FIELDS["appVersion"] == f"https://mynacard.invalid/{__version__}"


def test_a_token_names_no_site_and_no_challenge() -> None:
    assert ORIGIN not in JSON
    assert NONCE not in JSON


def test_a_token_comes_back_as_it_went() -> None:
    assert parse(JSON) == TOKEN
    assert parse(json.dumps(FIELDS, indent=2)) == TOKEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}" + " " * 200,
        "null" + " " * 200,
        "[]" + " " * 200,
        json.dumps(list(FIELDS.items())),
        json.dumps([FIELDS]),
        JSON + "x",
        JSON + JSON,
        JSON + " " * 10_000,
        "[" * 9_999,
        '{"a":' * 1_999,
        JSON[:-1],
        JSON[:-1] + ',"format":"web-eid:1.0"}',
        JSON[:-1] + ',"algorithm":"ES256"}',
        changed(extra="x"),
        changed(nonce=NONCE),
        json.dumps({name: value for name, value in FIELDS.items() if name != "appVersion"}),
        changed(format="web-eid:1"),
        changed(format="web-eid:1.1"),
        changed(format=1.0),
        changed(format=None),
        changed(signature=""),
        changed(signature=["x"]),
        changed(signature=str(FIELDS["signature"]).rstrip("=")),
        changed(signature=str(FIELDS["signature"]) + "\n"),
        changed(signature=str(FIELDS["signature"])[:-3] + "B=="),
        changed(signature="-_" + str(FIELDS["signature"])[2:]),
        changed(signature="ＡＡＡＡ"),
        changed(unverifiedCertificate="{}"),
        changed(appVersion=""),
        changed(appVersion="urn:x"),
        changed(appVersion="https://x\u0000"),
        changed(appVersion="https://" + "x" * 300),
        changed(appVersion="\ud800"),
    ],
)
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("algorithm", ["RS512", "PS256", "ES256", "none", "rs256", "HS256", ""])
def test_another_algorithm_is_unsupported(algorithm: str) -> None:
    with pytest.raises(UnsupportedAlgorithmError):
        parse(changed(algorithm=algorithm))
    with pytest.raises(UnsupportedAlgorithmError):
        verify_signature(replace(TOKEN, algorithm=algorithm), ORIGIN, NONCE)


def test_the_signature_answers_its_challenge() -> None:
    assert verify_signature(parse(JSON), ORIGIN, NONCE).verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("origin", "nonce"),
    [("https://ria.ee:8443", NONCE), ("https://ria.example", NONCE), (ORIGIN, NONCE[:-1] + "4"), (ORIGIN, NONCE + "=")],
)
def test_the_signature_answers_no_other_challenge_or_site(origin: str, nonce: str) -> None:
    assert verify_signature(TOKEN, origin, nonce).verdict is Verdict.BAD


def test_a_portal_that_asks_with_no_origin_or_nonce_is_told() -> None:
    for origin, nonce in ((ORIGIN + "/", NONCE), (ORIGIN, "short")):
        with pytest.raises(UsageError):
            verify_signature(TOKEN, origin, nonce)


def test_another_certificate_did_not_sign_it() -> None:
    other = der(holder(authority(), "somebody", extensions=AUTHENTICATION))
    assert verify_signature(replace(TOKEN, certificate_der=other), ORIGIN, NONCE).verdict is Verdict.BAD


def test_a_signature_that_cannot_be_one_is_an_error() -> None:
    for signature in (b"", SIGNATURE[:-1], SIGNATURE + b"\x00"):
        with pytest.raises(CertificateFileError):
            verify_signature(replace(TOKEN, signature=signature), ORIGIN, NONCE)
    with pytest.raises(CertificateFileError):
        verify_signature(replace(TOKEN, certificate_der=b"none"), ORIGIN, NONCE)


def test_a_token_does_not_print_certificate_and_signature() -> None:
    assert repr(TOKEN).count("\\x") == 0


@given(st.integers(0), st.integers(1, 127))
def test_a_changed_character_makes_no_other_error_and_no_other_signer(place: int, difference: int) -> None:
    data = list(JSON)
    place %= len(data)
    data[place] = chr(ord(data[place]) ^ difference)
    try:
        token = parse("".join(data))
        step = verify_signature(token, ORIGIN, NONCE)
    except MynacardError:
        return
    # Good are only changes that the signature is not about: the version, and the certificate's own bytes but its key.
    assert step.verdict is Verdict.BAD or token.signature == SIGNATURE


@given(st.integers(0, 2047))
def test_a_flipped_bit_of_the_signature_is_never_good(bit: int) -> None:
    flipped = (int.from_bytes(SIGNATURE, "big") ^ 1 << bit).to_bytes(len(SIGNATURE), "big")
    assert verify_signature(replace(TOKEN, signature=flipped), ORIGIN, NONCE).verdict is Verdict.BAD


@given(st.text(max_size=400))
def test_any_text_is_no_token(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse(text)
