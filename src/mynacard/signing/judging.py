"""One document in, one verdict out, on its signatures of whatever format.

A signature is good for certain bytes, and its certificate at a certain time: the one that a trusted time stamp proves,
else the one that the caller names. This module has no CA built in, and uses neither a clock nor a network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from io import BufferedIOBase

from cryptography import x509

from mynacard.errors import CertificateFileError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, pades, rawsig, timestamp
from mynacard.signing.content import DigestOf, of_bytes, of_file
from mynacard.texts import N_
from mynacard.trust import Anchor, Purpose, Report, RevocationEvidence, Step, Verdict, check
from mynacard.trust.revocation import NO_EVIDENCE
from mynacard.verdict import overall

__all__ = ["Judged", "Judgement", "Trust", "judge"]


@dataclass(frozen=True, slots=True)
class Trust:
    """The certificates and data that the caller trusts, and the time that matters.

    Attributes:
        anchors: the CA certificates that are trusted to issue signing certificates.
        at: the time that matters, with a time zone: now, or when the signatures were known to exist.
        time_authorities: the CA certificates that are trusted for time stamps, and for nothing else.
        evidence: the caller's data on revoked certificates.
        policies: object identifiers, one of which a signer's certificate must have; empty for any.
    """

    anchors: tuple[Anchor, ...]
    at: datetime
    time_authorities: tuple[x509.Certificate, ...] = ()
    evidence: RevocationEvidence = NO_EVIDENCE
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """One signature, and the results of checking it.

    Attributes:
        signer: the signer's certificate; None for a time stamp on a PDF file, and if the signature could not be read.
        report: the report on that certificate under the caller's anchors; None without a certificate.
        proof: what the time stamps prove; None if there are none.
        pdf: the signature as the PDF file has it; None outside of PDF files.
    """

    signer: x509.Certificate | None
    report: Report | None
    proof: timestamp.Proof | None = None
    pdf: pades.PdfSignature | None = None

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """All steps with their names, as :func:`mynacard.verdict.explain` takes them."""
        of_report = dict(self.report.steps) if self.report is not None else {}
        of_pdf = dict(self.pdf.steps) if self.pdf is not None else {}
        of_stamps = dict(self.proof.steps) if self.proof is not None else {}
        if self.pdf is not None and self.pdf.is_time_stamp and of_stamps:
            del of_pdf["signature"]  # here, the time stamp is the signature
        return tuple({**of_report, **of_pdf, **of_stamps}.items())

    @property
    def overall(self) -> Verdict:
        """BAD if one step is; else NOT_CHECKED if one was not taken; else GOOD."""
        return overall(step for _, step in self.steps)

    @property
    def simulated(self) -> bool:
        """Whether the signer is a simulated card, whose signatures mean nothing outside of tests."""
        return self.report is not None and self.report.simulated


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of judging a document.

    Attributes:
        signatures: one, or those of a PDF file in the order in which they were made.
        content: the signed content, if the document is a signature that holds it. Use it only if nothing is bad.
    """

    signatures: tuple[Judged, ...]
    content: bytes | None = field(default=None, repr=False)

    @property
    def overall(self) -> Verdict:
        """BAD if one step of one signature is; else NOT_CHECKED if one was not taken; else GOOD."""
        return overall(step for judged in self.signatures for _, step in judged.steps)

    @property
    def simulated(self) -> bool:
        """Whether one of the signers is a simulated card."""
        return any(judged.simulated for judged in self.signatures)


def judge(
    document: bytes | BufferedIOBase,
    trust: Trust,
    *,
    signature: bytes | None = None,
    certificate: x509.Certificate | None = None,
    hash_: HashAlgorithm = HashAlgorithm.SHA256,
) -> Judgement:
    """Judge the signatures of *document*, by what the caller trusts.

    Args:
        document: the signed content, if there is a *signature*; else a signature that holds its content, or a PDF file.
            A stream must be seekable and is read from its beginning: in pieces if the signature is detached, else as a
            whole, up to ``pades.PDF_MAX`` bytes.
        trust: what the caller trusts, and for which time.
        signature: the detached signature of *document*: CMS, or a raw one with *certificate*.
        certificate: the signer's, which a raw signature does not hold; with it, *signature* is taken as a raw one.
        hash_: the hash function of a raw signature, which does not name it.

    Raises:
        CertificateFileError: a signature is not one or is damaged, or *trust* holds such revocation data.
        UnsupportedAlgorithmError: a signature was made with an algorithm or a key that is not supported.
        PdfFileError: *document* is neither a signature nor a PDF file with one; see :func:`pades.read`.
        MissingExtraError: pyHanko, needed for PDF files, time stamps and revocation data, is not installed.
        UsageError: ``trust.at`` has no time zone; *certificate* without *signature*; or *document* is a signature
            without its content.
    """
    if signature is not None:
        digest_of = of_bytes(document) if isinstance(document, bytes) else of_file(document)
        return Judgement((_detached(digest_of, signature, certificate, hash_, trust),))
    if certificate is not None:
        raise UsageError(N_("A certificate goes with a raw signature, and no signature was given."))
    data = document if isinstance(document, bytes) else _read(document)
    if not cms.is_cms(data):
        return Judgement(tuple(_in_pdf(pdf, trust) for pdf in pades.read(data)))
    parsed = cms.parse(data)
    return Judgement((_judged(trust, parsed.certificate, cms.verify(parsed), parsed.time_stamps),), parsed.content)


def _read(document: BufferedIOBase) -> bytes:
    """All of *document*, or enough to show that it is too long."""
    document.seek(0)
    return document.read(pades.PDF_MAX + 1)


def _detached(
    digest_of: DigestOf, signature: bytes, certificate: x509.Certificate | None, hash_: HashAlgorithm, trust: Trust
) -> Judged:
    if certificate is not None:
        return _judged(trust, certificate, rawsig.verify(signature, certificate, digest_of, hash_))
    if not cms.is_cms(signature):
        raise CertificateFileError(
            N_("This is not a CMS signature. If it is a raw one, the signer's certificate is needed (--certificate).")
        )
    parsed = cms.parse(signature)
    return _judged(trust, parsed.certificate, cms.verify(parsed, digest_of), parsed.time_stamps)


def _in_pdf(pdf: pades.PdfSignature, trust: Trust) -> Judged:
    signer = pdf.cms.certificate if pdf.cms is not None else None
    return _judged(trust, signer, pdf.signature, pdf.time_stamps, pdf)


def _judged(
    trust: Trust,
    signer: x509.Certificate | None,
    signature: Step,
    stamps: tuple[timestamp.TimeStamp, ...] = (),
    pdf: pades.PdfSignature | None = None,
) -> Judged:
    """Judge one signature. Its certificate is checked at the time that a time stamp proves, if one does."""
    proof = timestamp.check(stamps, trust.time_authorities, at=trust.at, evidence=trust.evidence)
    if signer is None:
        return Judged(None, None, proof, pdf)
    report = check(
        signer,
        trust.anchors,
        at=(proof and proof.time) or trust.at,
        purpose=Purpose.DOCUMENT,
        signature=signature,
        evidence=trust.evidence,
        policies=trust.policies,
    )
    return Judged(signer, report, proof, pdf)
