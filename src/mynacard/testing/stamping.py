"""A time-stamping authority's answer to a request: a time stamp, or a refusal that says why.

Source: RFC 3161 §2.4; RFC 5816 §2.2.1 (the signer's certificate is named by its SHA-256 digest); RFC 5652 §5.
"""

from __future__ import annotations

import hashlib
from dataclasses import field
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mynacard._dataclasses import dataclass
from mynacard.apdu.tlv import Tlv
from mynacard.hashes import HashAlgorithm
from mynacard.trust import asn1

__all__ = ["POLICY", "Stamper", "answer"]

POLICY: Final = "1.2.392.200149.8.5.99.1"
"""The only policy: a made-up number, below those of the test PKI's holders."""
_LENGTHS: Final = {hash_.value: len(hash_.digest(b"")) for hash_ in HashAlgorithm}
_SEQUENCE: Final = 0x30
_VERSION: Final = "v1"


@dataclass(frozen=True, slots=True)
class Stamper:
    """The authority, and what its next time stamp says.

    Attributes:
        certificate: the authority's.
        key: its key.
        serial: the number of the next time stamp.
        time: the time that it will say, in whole seconds.
    """

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey = field(repr=False)
    serial: int
    time: datetime


def answer(request_der: bytes, stamper: Stamper) -> bytes:
    """The TimeStampResp to the TimeStampReq in *request_der*, both DER. What cannot be stamped is refused in it."""
    try:
        request = asn1.tsp.TimeStampReq.load(request_der, strict=True)
        _ = request.native  # parses it all: each value may raise
    except asn1.UNREADABLE:
        return _refusal("bad_data_format", "This is not a request for a time stamp.")
    reason = _objection(request)
    return _refusal(*reason) if reason is not None else _granted(_token(request, stamper))


def _objection(request: Any) -> tuple[str, str] | None:
    """Why *request* is refused: the failure's name, and a sentence for people."""
    imprint = request["message_imprint"]
    algorithm = imprint["hash_algorithm"]["algorithm"].native
    if request["version"].native != _VERSION:
        return "bad_request", "Requests of version 1 are answered."
    if algorithm not in _LENGTHS:
        return "bad_alg", "Digests by SHA-256, SHA-384 and SHA-512 are stamped."
    if len(imprint["hashed_message"].native) != _LENGTHS[algorithm]:
        return "bad_data_format", "The digest does not have the length of its hash function."
    if request["req_policy"].native not in (None, POLICY):
        return "unaccepted_policy", f"The only policy is {POLICY}."
    if len(request["extensions"]):
        return "unaccepted_extensions", "No extension is known."
    return None


def _refusal(failure: str, sentence: str) -> bytes:
    status = {"status": "rejection", "status_string": [sentence], "fail_info": {failure}}
    return bytes(Tlv(_SEQUENCE, asn1.tsp.PKIStatusInfo(status).dump()))


def _granted(token: Any) -> bytes:
    return bytes(asn1.tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def _token(request: Any, stamper: Stamper) -> Any:
    """The TimeStampToken: the statement, signed; with the certificate if the request wants that."""
    statement = _statement(request, stamper)
    signed = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "tst_info", "content": asn1.core.ParsableOctetString(statement)},
        "signer_infos": [_signer(statement, stamper)],
    }
    if request["cert_req"].native:
        signed["certificates"] = [asn1.certificate(stamper.certificate)]
    return asn1.cms.ContentInfo({"content_type": "signed_data", "content": asn1.cms.SignedData(signed)})


def _statement(request: Any, stamper: Stamper) -> bytes:
    """The TSTInfo, DER."""
    values = {
        "version": _VERSION,
        "policy": POLICY,
        "message_imprint": request["message_imprint"],
        "serial_number": stamper.serial,
        "gen_time": stamper.time,
        "accuracy": {"seconds": 1},
    }
    if request["nonce"].native is not None:
        values["nonce"] = request["nonce"].native
    return bytes(asn1.tsp.TSTInfo(values).dump())


def _signer(statement: bytes, stamper: Stamper) -> Any:
    certificate = asn1.certificate(stamper.certificate)
    named = asn1.tsp.SigningCertificateV2({"certs": [{"cert_hash": hashlib.sha256(certificate.dump()).digest()}]})
    attributes = asn1.cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [hashlib.sha256(statement).digest()]},
            {"type": "signing_certificate_v2", "values": [named]},
        ]
    )
    signature = stamper.key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
    by_number = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    return {
        "version": "v1",
        "sid": asn1.cms.SignerIdentifier({"issuer_and_serial_number": by_number}),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_rsa"},
        "signature": signature,
    }
