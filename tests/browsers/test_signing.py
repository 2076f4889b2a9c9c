"""A page that the holder allowed gets the signing certificate and a signature; any other gets neither."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from mynacard.jpki.layout import DIGITAL_SIGNATURE
from tests.browsers.calls import call
from tests.browsers.desk import Desk
from tests.browsers.launcher import Launcher

pytestmark = pytest.mark.thorough("browsers")

DIGEST: Final = hashlib.sha256(b"a document").digest()
RIGHT: Final = {"pin": "ABC123"}


def test_a_page_that_is_allowed_to_signs_with_two_consents(desk: Desk, launcher: Launcher) -> None:
    desk.plug()
    launcher.mynacard("allow", desk.site, "--sign")
    desk.holder(RIGHT)
    tab = desk.open()
    shown = tab.evaluate(call("get-signing-certificate"))
    assert shown["supportedSignatureAlgorithms"][0] == {
        "cryptoAlgorithm": "RSA", "hashFunction": "SHA-256", "paddingScheme": "PKCS1.5",
    }  # fmt: skip
    desk.holder(RIGHT)
    fields = {"hash": base64.b64encode(DIGEST).decode(), "hashFunction": "SHA-256", "certificate": shown["certificate"]}
    signed = tab.evaluate(call("sign", **fields))
    key = x509.load_der_x509_certificate(base64.b64decode(shown["certificate"])).public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(base64.b64decode(signed["signature"]), DIGEST, PKCS1v15(), Prehashed(SHA256()))
    (request,) = desk.shown()
    assert (request["ask"], request["digest"], request["hash_name"]) == ("sign", DIGEST.hex(), "SHA-256")
    assert (desk.pins, desk.card.tries_left(DIGITAL_SIGNATURE)) == (2, 5)


def test_any_other_page_gets_nothing_and_the_holder_is_not_asked(desk: Desk) -> None:
    desk.plug()
    desk.holder(RIGHT)
    answer = desk.open().evaluate(call("get-signing-certificate"))
    assert answer["error"]["code"] == "ERR_WEBEID_NATIVE_INVALID_ARGUMENT"
    assert desk.shown() == []
    assert desk.card.tally.apdus == 0
