"""The CMS signature of content of which only the digest is at hand, to the byte as for the content itself.

Source: RFC 5652 §5.3, §5.4, §11; RFC 3370 §3.2.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mynacard.hashes import HashAlgorithm
from mynacard.signing import der
from mynacard.trust import asn1, primitive

__all__ = ["signed_data"]


def signed_data(digest: bytes, certificate: x509.Certificate, key: RSAPrivateKey, hash_: HashAlgorithm) -> bytes:
    """The detached signature, in DER, with one call of ``key.sign``, whose exceptions pass through."""
    holder = asn1.certificate(certificate)
    attributes = asn1.cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "signing_time", "values": [asn1.cms.Time({"utc_time": datetime.now(UTC).replace(microsecond=0)})]},
            {"type": "message_digest", "values": [digest]},
        ]
    )
    value = key.sign(bytes((der.SET,)) + attributes.dump()[1:], PKCS1v15(), primitive.HASHES[hash_])
    algorithm = {"algorithm": hash_.value, "parameters": asn1.core.Null()}
    signer = {
        "version": "v1",
        "sid": asn1.cms.SignerIdentifier(
            {"issuer_and_serial_number": {"issuer": holder.issuer, "serial_number": holder.serial_number}}
        ),
        "digest_algorithm": algorithm,
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "rsassa_pkcs1v15", "parameters": asn1.core.Null()},
        "signature": value,
    }
    signed = {
        "version": "v1",
        "digest_algorithms": [algorithm],
        "encap_content_info": {"content_type": "data"},
        "certificates": [holder],
        "signer_infos": [signer],
    }
    return bytes(asn1.cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())
