"""Shared by the tests of signatures: a document, its signer, another person, and a good signature."""

from __future__ import annotations

from typing import Final

from mynacard.signing.cms import parse, sign, verify
from mynacard.signing.content import of_bytes
from mynacard.trust import Verdict
from tests.trust.authorities import authority, holder, key

DATA: Final = b"a document\nwith \r\n all \r kinds of line ends\x00\xff"
CA: Final = authority()
CERTIFICATE: Final = holder(CA)
OTHER: Final = holder(CA, "somebody", serial=0x705D991)
SIGNATURE: Final = sign(DATA, CERTIFICATE, key("holder"))


def verdict(signature_der: bytes, data: bytes = DATA) -> Verdict:
    return verify(parse(signature_der), of_bytes(data)).verdict
