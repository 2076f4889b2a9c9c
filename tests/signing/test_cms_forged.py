"""CMS: what was tampered with is no signature, or a bad one, and ends no other way."""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from asn1crypto import algos, cms, core, parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import CertificateFileError, MynacardError, UnsupportedAlgorithmError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import external
from mynacard.signing.cms import SIGNATURE_FILE_MAX, CmsSignature, parse, verify
from mynacard.signing.content import of_bytes
from mynacard.trust import Verdict
from tests.signing.documents import CA, CERTIFICATE, DATA, OTHER, SIGNATURE, verdict
from tests.trust.authorities import der, holder, key


def forge(change: Callable[[Any], None], *, resign: str | None = None, signature: bytes = SIGNATURE) -> bytes:
    """*signature* after *change*; with *resign*, signed again by that key."""
    info: Any = cms.ContentInfo.load(signature).copy()
    info = cms.ContentInfo.load(info.dump(force=True))
    signed = info["content"]
    change(signed)
    if resign is not None:
        for signer in signed["signer_infos"]:
            data = signer["signed_attrs"].untag().dump(force=True)
            signer["signature"] = key(resign).sign(data, padding.PKCS1v15(), hashes.SHA256())
    return bytes(info.dump(force=True))


def set_attribute(name: str, *values: object) -> Callable[[Any], None]:
    def change(signed: Any) -> None:
        attributes = signed["signer_infos"][0]["signed_attrs"]
        kept = [attribute for attribute in attributes if attribute["type"].native != name]
        added = [cms.CMSAttribute({"type": name, "values": list(values)})] if values else []
        signed["signer_infos"][0]["signed_attrs"] = cms.CMSAttributes(kept + added)

    return change


def test_the_forgers_tools_change_nothing_by_themselves() -> None:
    assert forge(lambda _: None) == SIGNATURE
    assert verdict(forge(lambda _: None, resign="holder")) is Verdict.GOOD
    restated = set_attribute("message_digest", core.OctetString(HashAlgorithm.SHA256.digest(DATA)))
    assert verdict(forge(restated)) is Verdict.GOOD


def test_another_file_was_not_signed() -> None:
    assert verdict(SIGNATURE, DATA + b"\x00") is Verdict.BAD
    assert verdict(SIGNATURE, b"") is Verdict.BAD


def test_a_changed_digest_does_not_help() -> None:
    change = set_attribute("message_digest", core.OctetString(HashAlgorithm.SHA256.digest(b"other")))
    assert verdict(forge(change), b"other") is Verdict.BAD
    assert verdict(forge(change), DATA) is Verdict.BAD


def test_a_good_signature_of_other_attributes_is_about_another_file() -> None:
    change = set_attribute("message_digest", core.OctetString(HashAlgorithm.SHA256.digest(b"other")))
    assert verdict(forge(change, resign="holder"), b"other") is Verdict.GOOD
    step = verify(parse(forge(change, resign="holder")), of_bytes(DATA))
    assert step.verdict is Verdict.BAD
    assert "another file" in step.text()


def test_somebody_elses_key_does_not_help() -> None:
    assert verdict(forge(lambda _: None, resign="somebody")) is Verdict.BAD


def put_certificates(*found: x509.Certificate) -> Callable[[Any], None]:
    def change(signed: Any) -> None:
        signed["certificates"] = cms.CertificateSet([asn1_x509.Certificate.load(der(one)) for one in found])

    return change


def test_somebody_elses_certificate_does_not_help() -> None:
    with pytest.raises(CertificateFileError):
        parse(forge(put_certificates(OTHER)))
    with pytest.raises(CertificateFileError):
        parse(forge(put_certificates()))


def test_a_certificate_of_the_same_name_and_number_does_not_help() -> None:
    twin = holder(CA, "somebody")
    assert verdict(forge(put_certificates(twin))) is Verdict.BAD
    with pytest.raises(CertificateFileError):  # which of the two would it be?
        parse(forge(put_certificates(twin, CERTIFICATE)))


def test_an_extra_certificate_does_no_harm() -> None:
    parsed = parse(forge(put_certificates(OTHER, CERTIFICATE)))
    assert parsed.certificate == CERTIFICATE
    assert verify(parsed, of_bytes(DATA)).verdict is Verdict.GOOD


def two_signers(signed: Any) -> None:
    other = cms.SignerInfo.load(signed["signer_infos"][0].dump())
    other["sid"] = cms.SignerIdentifier("issuer_and_serial_number", cms.IssuerAndSerialNumber(
        {"issuer": other["sid"].chosen["issuer"], "serial_number": 7}
    ))  # fmt: skip
    signed["signer_infos"] = cms.SignerInfos([signed["signer_infos"][0], other])


def no_signer(signed: Any) -> None:
    signed["signer_infos"] = cms.SignerInfos([])


def digest_algorithms(*names: str) -> Callable[[Any], None]:
    def change(signed: Any) -> None:
        signed["digest_algorithms"] = cms.DigestAlgorithms(
            [algos.DigestAlgorithm({"algorithm": name}) for name in names]
        )

    return change


def version(number: str, of_signer: str) -> Callable[[Any], None]:
    def change(signed: Any) -> None:
        signed["version"] = number
        signed["signer_infos"][0]["version"] = of_signer

    return change


def content_type(name: str) -> Callable[[Any], None]:
    def change(signed: Any) -> None:
        signed["encap_content_info"] = {"content_type": name}

    return change


def attached(content: bytes) -> Callable[[Any], None]:
    def change(signed: Any) -> None:
        signed["encap_content_info"] = {"content_type": "data", "content": content}

    return change


def twice(signed: Any) -> None:
    attributes = list(signed["signer_infos"][0]["signed_attrs"])
    other = cms.CMSAttribute({"type": "message_digest", "values": [core.OctetString(HashAlgorithm.SHA256.digest(b""))]})
    signed["signer_infos"][0]["signed_attrs"] = cms.CMSAttributes([*attributes, other])


def no_attributes(signed: Any) -> None:
    signed["signer_infos"][0]["signed_attrs"] = None


DIGEST = core.OctetString(HashAlgorithm.SHA256.digest(DATA))


@pytest.mark.parametrize(
    "change",
    [
        two_signers,
        no_signer,
        digest_algorithms(),
        digest_algorithms("sha384"),
        digest_algorithms("sha256", "sha384"),
        version("v3", "v3"),
        version("v1", "v3"),
        version("v3", "v1"),
        version("v0", "v0"),
        content_type("signed_data"),
        content_type("1.2.840.113549.1.9.16.1.4"),
        twice,
        set_attribute("content_type"),
        set_attribute("content_type", "signed_data"),
        set_attribute("content_type", "data", "data"),
        set_attribute("message_digest"),
        set_attribute("message_digest", DIGEST, DIGEST),
        set_attribute("signing_time", *[cms.Time("utc_time", core.UTCTime("260701000000Z"))] * 2),
    ],
)
def test_another_form_is_refused_even_when_it_is_signed(change: Callable[[Any], None]) -> None:
    with pytest.raises(CertificateFileError):
        parse(forge(change, resign="holder"))


def test_a_content_put_in_must_be_the_one_that_was_signed() -> None:
    assert verdict(forge(attached(DATA))) is Verdict.GOOD
    assert verdict(forge(attached(b""))) is Verdict.BAD
    assert verdict(forge(attached(b"other"), resign="holder")) is Verdict.BAD


def signature_algorithm(name: str) -> Callable[[Any], None]:
    def change(signed: Any) -> None:
        signed["signer_infos"][0]["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": name})

    return change


@pytest.mark.parametrize(
    "name",
    ["sha1_rsa", "sha384_rsa", "sha512_rsa", "md5_rsa", "sha224_rsa", "rsassa_pss", "sha256_ecdsa", "sha256_dsa"],
)
def test_a_signature_algorithm_that_does_not_fit_the_hash_is_unsupported(name: str) -> None:
    with pytest.raises(UnsupportedAlgorithmError):
        parse(forge(signature_algorithm(name)))


@pytest.mark.parametrize("name", ["rsassa_pkcs1v15", "sha256_rsa"])
def test_both_names_of_rsa_with_sha_256_are_taken(name: str) -> None:
    assert verdict(forge(signature_algorithm(name))) is Verdict.GOOD


def protection(
    digest: str = "sha256", signature: str | None = "rsassa_pkcs1v15", mac: str | None = None, null: bool = False
) -> cms.CMSAlgorithmProtection:
    """The attribute cms-algorithm-protection (RFC 6211); with *null*, its parameters are NULL."""
    parameters = {"parameters": core.Null()} if null else {}
    value: dict[str, Any] = {"digest_algorithm": {"algorithm": digest, **parameters}}
    if signature is not None:
        value["signature_algorithm"] = {"algorithm": signature, **parameters}
    if mac is not None:
        value["mac_algorithm"] = {"algorithm": mac}
    return cms.CMSAlgorithmProtection(value)


def protected(*values: Any) -> bytes:
    """An otherwise good signature."""
    return forge(set_attribute("cms_algorithm_protection", *values), resign="holder")


@pytest.mark.parametrize("null", [False, True])
def test_the_algorithms_may_be_named_in_the_signed_attributes(null: bool) -> None:
    parsed = parse(protected(protection(null=null)))
    assert parsed.names_algorithms is True
    assert verify(parsed, of_bytes(DATA)).verdict is Verdict.GOOD
    assert parse(SIGNATURE).names_algorithms is None


def test_the_algorithms_that_pyhanko_names_are_compared() -> None:
    signer = external.signer(CERTIFICATE, key("holder"), HashAlgorithm.SHA512)
    info = external.run(lambda: signer.async_sign_general_data(io.BytesIO(DATA), "sha512", detached=True))
    theirs = bytes(info.dump())
    assert parse(theirs).names_algorithms is True
    assert verdict(theirs) is Verdict.GOOD
    step = verify(parse(forge(signature_algorithm("rsassa_pkcs1v15"), signature=theirs)), of_bytes(DATA))
    assert step.code == "signature/contradiction", "the value is a good one for both names of the algorithm"


@pytest.mark.parametrize(
    "values",
    [
        (protection("sha384"),),
        (protection("sha1"),),
        (protection(signature="sha256_rsa"),),
        (protection(signature="sha256_ecdsa"),),
        (protection(signature=None),),
        (protection(mac="sha256"),),
        (protection(signature=None, mac="sha256"),),
        (protection(), protection("sha384")),
    ],
)
def test_algorithms_that_the_signed_attributes_contradict_are_bad(values: tuple[Any, ...]) -> None:
    parsed = parse(protected(*values))
    assert parsed.names_algorithms is False
    assert verify(parsed, of_bytes(DATA)).code == "signature/contradiction"


def test_an_attribute_without_a_value_names_no_algorithm() -> None:
    def change(signed: Any) -> None:
        attributes = list(signed["signer_infos"][0]["signed_attrs"])
        empty = cms.CMSAttribute({"type": "cms_algorithm_protection", "values": []})
        signed["signer_infos"][0]["signed_attrs"] = cms.CMSAttributes([*attributes, empty])

    parsed = parse(forge(change, resign="holder"))
    assert verify(parsed, of_bytes(DATA)).code == "signature/contradiction"


def test_a_signature_without_attributes_is_refused() -> None:
    with pytest.raises(CertificateFileError):
        parse(forge(no_attributes))


def test_signed_attributes_are_no_document() -> None:
    """Without the rule above, the signed attributes of one signature would be a document signed by another."""
    attributes = parse(SIGNATURE).signed_attributes
    with pytest.raises(CertificateFileError):
        verdict(forge(no_attributes), attributes)


def test_the_order_of_attributes_is_that_of_der() -> None:
    """Both orders get the same length; only one is what was signed."""
    info: Any = cms.ContentInfo.load(SIGNATURE)
    attributes = info["content"]["signer_infos"][0]["signed_attrs"]
    one, two, *rest = [attribute.dump() for attribute in attributes]
    swapped = SIGNATURE.replace(b"".join([one, two, *rest]), b"".join([two, one, *rest]))
    assert swapped != SIGNATURE
    with pytest.raises(CertificateFileError):
        parse(swapped)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"0",
        b"hello",
        SIGNATURE + b"\x00",
        SIGNATURE + SIGNATURE,
        SIGNATURE[:-1],
        b"\x30\x80" + SIGNATURE[4:] + b"\x00\x00",
        b"\x30\x83\x00" + SIGNATURE[2:],
        der(CERTIFICATE),
        bytes(SIGNATURE_FILE_MAX + 1),
        bytes.fromhex("3009060A2A864886F70D010702"),
        bytes.fromhex("300B06092A864886F70D010702"),
        bytes.fromhex("300D06092A864886F70D010702A000"),
        bytes.fromhex("300F06092A864886F70D010702A0023000"),
        bytes.fromhex("300F06092A864886F70D010701A0020400"),
    ],
)
def test_what_is_no_signature_file_is_one_sentence(signature: bytes) -> None:
    with pytest.raises(CertificateFileError) as caught:
        parse(signature)
    assert "\n" not in str(caught.value)


def test_an_indefinite_length_inside_is_refused() -> None:
    wrapped: Any = cms.ContentInfo.load(SIGNATURE)
    content = wrapped["content"].dump()
    inner = b"\x30\x80" + cms.SignedData.load(content, tag_type="explicit", tag=0).contents + b"\x00\x00"
    data = bytes.fromhex("06092A864886F70D010702") + b"\xa0\x80" + inner + b"\x00\x00"
    with pytest.raises(CertificateFileError):
        parse(b"\x30\x80" + data + b"\x00\x00")


def test_a_value_of_another_length_is_no_signature() -> None:
    def change(signed: Any) -> None:
        signed["signer_infos"][0]["signature"] = bytes(255)

    with pytest.raises(CertificateFileError):
        verdict(forge(change))


# --- anything ---

EMPTY_LIST_OF_CRLS: Final = bytes.fromhex("A100")  # or of unsigned attributes
ADDED: Final = ["0500", "3000", "020100", "0400", "A000", "A100", "3100", "0C0161", "06012A", "8100"]


def judged(signature: bytes) -> tuple[CmsSignature, Verdict] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = parse(signature)
            return parsed, verify(parsed, of_bytes(DATA)).verdict
        except MynacardError:
            return None


@given(st.integers(0), st.integers(1, 255))
def test_a_changed_byte_is_an_error_or_bad_or_not_about_the_signature(place: int, difference: int) -> None:
    data = bytearray(SIGNATURE)
    data[place % len(data)] ^= difference
    found = judged(bytes(data))
    if found is not None and found[1] is Verdict.GOOD:  # then it is in the certificate, whose own signature tells
        own = parse(SIGNATURE)
        parsed = found[0]
        assert parsed.certificate != own.certificate
        assert parsed.certificate.public_key() == own.certificate.public_key()
        assert (parsed.signed_attributes, parsed.value) == (own.signed_attributes, own.value)


@given(st.integers(0), st.integers(0), st.binary(max_size=8))
def test_a_replaced_piece_makes_no_other_error(start: int, length: int, piece: bytes) -> None:
    start %= len(SIGNATURE)
    judged(SIGNATURE[:start] + piece + SIGNATURE[start + length % 64 :])


@given(st.integers(0), st.sampled_from([bytes.fromhex(value) for value in ADDED]))
def test_nothing_can_be_put_in_but_what_belongs_there(place: int, value: bytes) -> None:
    found = judged(with_value(SIGNATURE, place, value))
    if found is not None and value != EMPTY_LIST_OF_CRLS:
        assert found[1] is Verdict.BAD or found[0].certificate != CERTIFICATE


def with_value(data: bytes, place: int, value: bytes) -> bytes:
    """*data* with *value* beside one of its values, and the lengths around it as they must be."""
    whole = Node.read(data)
    slots = [(children, index) for children in whole.all_children() for index in range(len(children) + 1)]
    children, index = slots[place % len(slots)]
    children.insert(index, Node.read(value))
    return bytes(whole)


@dataclass
class Node:
    """A DER value that can be changed."""

    tag: tuple[int, int, int]
    contents: bytes
    children: list[Node]

    @classmethod
    def read(cls, data: bytes) -> Node:
        class_, method, tag, _, contents, _ = parser.parse(data)
        children: list[Node] = []
        while method == 1 and sum(len(bytes(child)) for child in children) < len(contents):
            rest = contents[sum(len(bytes(child)) for child in children) :]
            children.append(cls.read(rest[: sum(map(len, parser.parse(rest)[3:5]))]))
        return cls((class_, method, tag), contents, children)

    def all_children(self) -> Iterator[list[Node]]:
        if self.tag[1] == 1:
            yield self.children
            for child in self.children:
                yield from child.all_children()

    def __bytes__(self) -> bytes:
        contents = b"".join(map(bytes, self.children)) if self.tag[1] == 1 else self.contents
        return bytes(parser.emit(*self.tag, contents))


@given(st.binary(max_size=400))
def test_any_bytes_are_no_signature(data: bytes) -> None:
    for each in (data, bytes.fromhex("3082019006092A864886F70D010702A0") + data):
        with pytest.raises(MynacardError):
            parse(each)


def test_the_largest_file_is_read_in_bounded_time() -> None:
    start = time.process_time()
    size = SIGNATURE_FILE_MAX - 5
    with pytest.raises(CertificateFileError):
        parse(b"\x30\x83" + size.to_bytes(3) + b"\x30\x00" * (size // 2) + b"\x00" * (size % 2))
    assert time.process_time() - start < 2
