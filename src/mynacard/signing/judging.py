"""One document in, one verdict out on each of its signatures, of whatever format.

A signature is good for certain bytes, and its certificate at a certain time: the one that a trusted time stamp proves,
else the one that the caller names. A verdict covers everything: the signature, what else the file holds, the
certificate's issuer, validity, usage and revocation, and the time stamps. This module has no CA built in, and uses no
network.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from io import BufferedIOBase
from types import NoneType
from typing import TYPE_CHECKING, overload

from cryptography import x509

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_member, check_type, wrong_type
from mynacard.errors import CertificateFileError, UnsupportedAlgorithmError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, encodings, rawsig, timestamp
from mynacard.signing.content import Content, DigestOf, of_bytes, of_file
from mynacard.texts import N_
from mynacard.trust import Anchor, Purpose, Report, RevocationEvidence, Step, Verdict, asn1, check, load_certificate
from mynacard.trust.acceptance import require
from mynacard.trust.chain import check_anchors
from mynacard.trust.evidence_source import Evidence, evidence_of
from mynacard.trust.holder import HolderAttributes, holder_of
from mynacard.trust.revocation import NO_EVIDENCE, present
from mynacard.verdict import Undecided, bad, overall

if TYPE_CHECKING:
    from mynacard.signing import pdf
else:  # a CMS signature does without it
    pdf = asn1.OnUse("mynacard.signing.pdf")

__all__ = ["Judgement", "Judgements", "SignedTime", "Signer", "TimeSource", "Trust", "judge", "judged"]


class TimeSource(StrEnum):
    """The source of a signing time."""

    TIME_STAMP = "time-stamp"
    """An authority that the caller trusts: the signature existed at this time."""
    SIGNER = "signer"
    """The signer's computer, which proves nothing."""


@dataclass(frozen=True, slots=True)
class SignedTime:
    """When a signature was made, and according to whom."""

    time: datetime
    source: TimeSource


@dataclass(frozen=True, slots=True)
class Signer:
    """The signer.

    Attributes:
        certificate: the signing certificate. JPKI's contains its holder's name and address.
        simulated: whether this is a simulated card, whose signatures mean nothing outside of tests.
    """

    certificate: x509.Certificate = field(repr=False)
    simulated: bool

    @property
    def holder(self) -> HolderAttributes | None:
        """The holder's name, address, birth date and sex; None if the certificate has none in a known form."""
        try:
            return holder_of(self.certificate)
        except CertificateFileError:
            return None


@dataclass(frozen=True, slots=True)
class Judgement(Undecided):
    """One signature, and the results of checking it.

    Attributes:
        signature: whether the key of its certificate signed the document; for a time stamp on a PDF file, not checked.
        signer: the signer (if the signature is bad, the alleged one); None for a time stamp on a PDF file, and if the
            signature could not be read.
        report: the report on the signer's certificate under the caller's anchors; None without one.
        proof: what the time stamps prove; None if there are none.
        pdf: the signature as the PDF file has it; None outside of PDF files.
        signed_at: when it was made; None if neither a trusted time stamp nor the signer says.
    """

    signature: Step
    signer: Signer | None = None
    report: Report | None = None
    proof: timestamp.Proof | None = None
    pdf: pdf.PdfSignature | None = None
    signed_at: SignedTime | None = None

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """All steps with their names, as :func:`mynacard.verdict.explain` takes them."""
        of_stamps = self.proof.steps if self.proof is not None else ()
        rest = self.pdf.steps[1:] if self.pdf is not None else ()
        if self.pdf is not None and self.pdf.is_time_stamp and of_stamps:
            return (*rest, *of_stamps)  # here, the time stamp is the signature
        of_signature = self.report.steps if self.report is not None else ((N_("signature"), self.signature),)
        return (*of_signature, *rest, *of_stamps)

    @property
    def overall(self) -> Verdict:
        """BAD if one step is; else NOT_CHECKED if one was not taken; else GOOD."""
        return overall(step for _, step in self.steps)

    @property
    def simulated(self) -> bool:
        """Whether the signer is a simulated card, whose signatures mean nothing outside of tests."""
        return self.signer is not None and self.signer.simulated

    def require(self, accept_unchecked: Collection[str] = ()) -> Signer:
        """The signer, if all steps are good, or not checked where the caller accepts that.

        Args:
            accept_unchecked: ``"revocation"``, ``"rest"`` and ``"time-stamp"``, or some of them: topics of steps that
                may be left unchecked. A bad step is never accepted.

        Raises:
            SignatureNotAccepted: a step is bad, or was not taken; it carries all steps.
            UsageError: *accept_unchecked* names something else; or this is a time stamp, which has no signer.
        """
        require(self.steps, accept_unchecked)
        if self.signer is None:
            raise UsageError(N_("A time stamp has no signer."))
        return self.signer


@dataclass(frozen=True, slots=True)
class Judgements(Undecided, Sequence[Judgement]):
    """The judgements on a document: a sequence of those on its signatures, at least one.

    Attributes:
        signatures: one, or those of a PDF file in the order in which they were made.
        time_stamps: those on a PDF file as a whole, which have no signer.
        content: the signed content, if the document is a signature that holds it. Use it only if nothing is bad.
    """

    signatures: tuple[Judgement, ...]
    time_stamps: tuple[Judgement, ...] = ()
    content: bytes | None = field(default=None, repr=False)

    @overload
    def __getitem__(self, index: int) -> Judgement: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Judgement, ...]: ...
    def __getitem__(self, index: int | slice) -> Judgement | tuple[Judgement, ...]:
        return self.signatures[index]

    def __len__(self) -> int:
        return len(self.signatures)

    def __iter__(self) -> Iterator[Judgement]:
        return iter(self.signatures)

    @property
    def overall(self) -> Verdict:
        """BAD if one step of one signature or time stamp is; else NOT_CHECKED if one was not taken; else GOOD."""
        return overall(step for judgement in (*self.signatures, *self.time_stamps) for _, step in judgement.steps)

    @property
    def simulated(self) -> bool:
        """Whether one of the signers is a simulated card."""
        return any(judgement.simulated for judgement in self.signatures)

    def require(self, accept_unchecked: Collection[str] = ()) -> tuple[Signer, ...]:
        """All signers, if each signature and each time stamp is acceptable, as :meth:`Judgement.require` decides.

        Raises:
            SignatureNotAccepted: one is not; it carries the steps of the first such one.
            UsageError: *accept_unchecked* names something that cannot be left unchecked.
        """
        for judgement in self.time_stamps:
            require(judgement.steps, accept_unchecked)
        return tuple(judgement.require(accept_unchecked) for judgement in self.signatures)


@dataclass(frozen=True, slots=True)
class Trust:
    """What the caller trusts, the time that matters, and the present one.

    Attributes:
        load: reads a certificate in a signature.
        load_given: reads one that the caller gives.
        known: the report on a certificate at a time, with any step for the signature, if reports are remembered.
    """

    anchors: tuple[Anchor, ...]
    at: datetime
    now: datetime
    evidence: RevocationEvidence
    time_anchors: tuple[x509.Certificate, ...]
    policies: tuple[str, ...]
    load: Callable[[bytes], x509.Certificate] = field(default=cms.load_strictly, repr=False)
    load_given: Callable[[bytes], x509.Certificate] = field(default=load_certificate, repr=False)
    known: Callable[[x509.Certificate, datetime], Report] | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        anchors: Iterable[Anchor],
        at: datetime,
        now: datetime | None,
        evidence: Evidence,
        time_anchors: Iterable[Anchor],
        policies: Iterable[str],
    ) -> Trust:
        """The arguments of :func:`judge`, checked."""
        check_type(at, datetime)
        anchors, time_anchors = check_anchors(anchors), check_anchors(time_anchors)
        trusted = tuple(anchor.certificate for anchor in time_anchors)
        return cls(anchors, at, present(now), evidence_of(evidence), trusted, tuple(policies))

    def remembering(self, most: int) -> Trust:
        """The same, with a memory for the last *most* certificates, and for reports on them."""
        remember = lru_cache(most)
        return replace(self, load=remember(self.load), load_given=remember(self.load_given), known=remember(self.check))

    def check(self, certificate: x509.Certificate, at: datetime) -> Report:
        """The report on *certificate*, without a signature."""
        return check(
            certificate,
            self.anchors,
            at=at,
            purpose=Purpose.DOCUMENT,
            evidence=self.evidence,
            now=self.now,
            policies=self.policies,
        )


def judge(
    document: bytes | BufferedIOBase,
    signature: bytes | None = None,
    *,
    anchors: Iterable[Anchor],
    at: datetime,
    evidence: Evidence = NO_EVIDENCE,
    now: datetime | None = None,
    time_anchors: Iterable[Anchor] = (),
    policies: Iterable[str] = (),
    certificate: x509.Certificate | None = None,
    hash_: HashAlgorithm = HashAlgorithm.SHA256,
) -> Judgements:
    """Judge the signatures of *document*, by what the caller trusts. A bad one raises nothing: see ``require``.

    Args:
        document: the signed content, if there is a *signature*; else a signature that holds its content, or a PDF file.
            A stream must be seekable and is read from its beginning: in pieces if the signature is detached, else as a
            whole, up to ``pdf.PDF_MAX`` bytes.
        signature: the detached signature of *document*: CMS (DER, BER, PEM or base64), or a raw one with *certificate*.
        anchors: the CA certificates that are trusted to issue signing certificates.
        at: the time that matters, with a time zone: now, or when the signatures were known to exist.
        evidence: the caller's data on revoked certificates, or what returns them, such as an
            :class:`~mynacard.trust.EvidenceSource`.
        now: the present time, with a time zone; None for this computer's clock. Evidence dated later is not used.
        time_anchors: the CA certificates that are trusted for time stamps, and for nothing else.
        policies: object identifiers, one of which a signer's certificate must have; empty for any.
        certificate: the signer's, which a raw signature does not hold; with it, *signature* is taken as a raw one.
        hash_: the hash function of a raw signature, which does not name it.

    Raises:
        CertificateFileError: what should be a signature is not one, or *evidence* holds no revocation data.
        PdfFileError: *document* is neither a signature nor a PDF file with one; see :func:`mynacard.signing.pdf.read`.
        MissingExtraError: pyHanko, needed for PDF files, time stamps and revocation data, is not installed.
        UsageError: an argument has the wrong type; *at* or *now* has no time zone; *certificate* without *signature*;
            or *document* is a signature without its content.
    """
    return judged(document, signature, certificate, hash_, Trust.of(anchors, at, now, evidence, time_anchors, policies))


def judged(
    document: bytes | BufferedIOBase,
    signature: bytes | None,
    certificate: x509.Certificate | None,
    hash_: HashAlgorithm,
    trust: Trust,
) -> Judgements:
    """As :func:`judge`, with *trust*."""
    if not (isinstance(document, bytes) or hasattr(document, "read")):
        raise wrong_type(type(document), "bytes or a binary stream")
    check_type(signature, bytes, NoneType, wanted="bytes or None")
    check_member(hash_, HashAlgorithm)
    if signature is not None:
        content = of_bytes(document) if isinstance(document, bytes) else of_file(document)
        return Judgements((_detached(content, signature, certificate, hash_, trust),))
    if certificate is not None:
        raise UsageError(N_("A certificate goes with a raw signature, and no signature was given."))
    data = document if isinstance(document, bytes) else _read(document)
    signature_der = encodings.to_der(data)
    return _in_pdf(data, trust) if signature_der is None else _around(signature_der, trust)


def _read(document: BufferedIOBase) -> bytes:
    """All of *document*, or enough to show that it is too long."""
    document.seek(0)
    return document.read(pdf.PDF_MAX + 1)


def _detached(
    content: Content, signature: bytes, certificate: x509.Certificate | None, hash_: HashAlgorithm, trust: Trust
) -> Judgement:
    if certificate is not None:
        step = _verified(lambda: rawsig.verify(signature, certificate, content, hash_))
        return _judgement(trust, step, certificate)
    plain = cms.parse_plain(signature, trust.load)
    if plain is not None:
        return _of_parsed(plain, content, trust)
    signature_der = encodings.to_der(signature)
    if signature_der is None:
        raise CertificateFileError(
            N_("This is not a CMS signature. If it is a raw one, the signer's certificate is needed (--certificate).")
        )
    return _of_cms(signature_der, content, trust)[0]


def _around(signature_der: bytes, trust: Trust) -> Judgements:
    judgement, content = _of_cms(signature_der, None, trust)
    return Judgements((judgement,), content=content)


def _of_cms(signature_der: bytes, digest_of: DigestOf | None, trust: Trust) -> tuple[Judgement, bytes | None]:
    """The judgement on a CMS signature, and the content that it holds. A refused algorithm is a bad signature."""
    try:
        parsed = cms.parse(signature_der, trust.load_given)
    except cms.RefusedAlgorithm as error:
        return _judgement(trust, _unsupported(error), error.certificate), None
    return _of_parsed(parsed, digest_of, trust), parsed.content


def _of_parsed(parsed: cms.CmsSignature, digest_of: DigestOf | None, trust: Trust) -> Judgement:
    step = _verified(lambda: cms.verify(parsed, digest_of))
    return _judgement(trust, step, parsed.certificate, parsed.claimed_time, parsed.time_stamps)


def _in_pdf(data: bytes, trust: Trust) -> Judgements:
    signatures = pdf.read(data)
    judgements = [_of_pdf(signature, trust) for signature in signatures]
    of_stamps = [signature.is_time_stamp for signature in signatures]
    return Judgements(
        tuple(judgement for judgement, is_stamp in zip(judgements, of_stamps, strict=True) if not is_stamp),
        tuple(judgement for judgement, is_stamp in zip(judgements, of_stamps, strict=True) if is_stamp),
    )


def _of_pdf(signature: pdf.PdfSignature, trust: Trust) -> Judgement:
    signer = signature.cms.certificate if signature.cms is not None else None
    return _judgement(trust, signature.signature, signer, signature.claimed_time, signature.time_stamps, signature)


def _verified(verify: Callable[[], Step]) -> Step:
    """The result of *verify*. A signature that its certificate's key cannot have made is a bad one."""
    try:
        return verify()
    except UnsupportedAlgorithmError as error:
        return _unsupported(error)
    except CertificateFileError as error:
        return bad("signature/unreadable", str(error.args[0]), **error.details)


def _unsupported(error: UnsupportedAlgorithmError) -> Step:
    return bad("signature/unsupported", str(error.args[0]), **error.details)


def _judgement(
    trust: Trust,
    signature: Step,
    certificate: x509.Certificate | None,
    claimed_time: datetime | None = None,
    stamps: tuple[timestamp.AnyTimeStamp, ...] = (),
    in_pdf: pdf.PdfSignature | None = None,
) -> Judgement:
    """Judge one signature. Its certificate is checked at the time that a time stamp proves, if one does."""
    proof = timestamp.check(stamps, trust.time_anchors, at=trust.at, evidence=trust.evidence, now=trust.now)
    proven = proof.time if proof is not None else None
    signed_at = SignedTime(proven, TimeSource.TIME_STAMP) if proven is not None else None
    if signed_at is None and claimed_time is not None:
        signed_at = SignedTime(claimed_time, TimeSource.SIGNER)
    if certificate is None:
        return Judgement(signature, proof=proof, pdf=in_pdf, signed_at=signed_at)
    report = replace((trust.known or trust.check)(certificate, proven or trust.at), signature=signature)
    return Judgement(signature, Signer(certificate, report.simulated), report, proof, in_pdf, signed_at)
