"""``mynacard verify``: is a signature good, is it bad, or was something not checked?"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from cryptography import x509

from mynacard.cli.commands.timestamp import is_cms
from mynacard.cli.exits import NOT_FULLY_CHECKED, SIGNATURE_BAD
from mynacard.cli.options import TIME, as_json, verbose_option
from mynacard.cli.output import check_output, print_json, read_up_to, write_new
from mynacard.cli.texts import _, plain
from mynacard.doors.pki_cache import cached_pki
from mynacard.errors import CertificateFileError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, pades, rawsig, timestamp
from mynacard.signing.content import of_file
from mynacard.texts import N_
from mynacard.trust import Anchor, Purpose, Report, RevocationEvidence, Step, Verdict, check, explain, load_certificate
from mynacard.trust.published import published
from mynacard.trust.revocation import EVIDENCE_MAX
from mynacard.verdict import overall

__all__ = ["verify"]

_SIGNATURE_MAX: Final = 1 << 20
_WITH_CONTENT_MAX: Final = cms.SIGNATURE_FILE_MAX + cms.CONTENT_MAX
_EXIT_CODES: Final = {Verdict.GOOD: 0, Verdict.BAD: SIGNATURE_BAD, Verdict.NOT_CHECKED: NOT_FULLY_CHECKED}


@click.command(
    help=_(
        "Check SIGNATURE (CMS, or raw with --certificate) of FILE, or the signature that FILE is, or every one in a PDF"
        " file. Ends with 0 only"
        " if everything was checked and good, with 70 if something is bad, with 71 if something was not checked:"
        " without --crl or --ocsp, revocation."
    )
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("signature", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--ca",
    "authorities",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("A CA certificate that you trust, PEM or DER; may be repeated."),
)
@click.option("--simulated", is_flag=True, help=_("Accept the CA of this machine's simulated cards."))
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("The signer's certificate, which a raw signature does not hold."),
)
@click.option(
    "--hash",
    "hash_",
    type=click.Choice([found.value for found in HashAlgorithm]),
    default=HashAlgorithm.SHA256.value,
    show_default=True,
    help=_("Of a raw signature, which does not name it."),
)
@click.option("--policy", "policies", multiple=True, metavar="OID",
              help=_("A policy that the signer's certificate must have; again for others that will do."))  # fmt: skip
@click.option("--at", type=TIME, metavar="TIME",
              help=_("The time (UTC) that matters, else now: when the signature was known to exist."))  # fmt: skip
@click.option("--crl", "crls", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help=_("A revocation list (DER) of the CA, if you were given one. Again for more."))  # fmt: skip
@click.option("--ocsp", "ocsps", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help=_("An OCSP response (DER) of the CA, if you were given one. Again for more."))  # fmt: skip
@click.option("--tsa-ca", "time_authorities", multiple=True,
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help=_("A CA certificate that you trust for time stamps, PEM or DER; may be repeated."))  # fmt: skip
@click.option("--content", "content_output", type=click.Path(path_type=Path),
              help=_("Where to write what the signature in FILE holds, if nothing is bad."))  # fmt: skip
@click.option("--force", is_flag=True, help=_("Replace that file if it exists."))
@as_json
@verbose_option
def verify(
    file: Path,
    signature: Path | None,
    authorities: tuple[Path, ...],
    simulated: bool,
    certificate: Path | None,
    hash_: str,
    policies: tuple[str, ...],
    at: datetime | None,
    crls: tuple[Path, ...],
    ocsps: tuple[Path, ...],
    time_authorities: tuple[Path, ...],
    content_output: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    if not authorities and not simulated:
        raise click.UsageError(_("Say whom you trust: --ca FILE, or --simulated."))
    anchors = [Anchor(load_certificate(read_up_to(path, _SIGNATURE_MAX))) for path in authorities]
    if simulated:
        anchors += [Anchor(found, simulated=True) for found in cached_pki().ca_certificates()]
    evidence = RevocationEvidence(
        tuple(read_up_to(path, EVIDENCE_MAX) for path in crls), tuple(read_up_to(path, EVIDENCE_MAX) for path in ocsps)
    )
    trusted = _Trusted(
        tuple(anchors),
        tuple(load_certificate(read_up_to(path, _SIGNATURE_MAX)) for path in time_authorities),
        evidence,
        policies,
        at.replace(tzinfo=UTC) if at else datetime.now(UTC),
    )
    if content_output is not None:
        check_output(content_output, force=force)
    content: bytes | None = None
    if signature is not None:
        signed = [_beside(file, read_up_to(signature, _WITH_CONTENT_MAX), certificate, HashAlgorithm(hash_), trusted)]
    elif certificate is not None:
        raise click.UsageError(_("Without SIGNATURE there is nothing that --certificate is for."))
    else:
        whole_file = read_up_to(file, pades.PDF_MAX)
        if is_cms(whole_file):
            parsed = cms.parse(whole_file)
            content = parsed.content
            signed = [trusted.judged(parsed.certificate, cms.verify(parsed), parsed.time_stamps)]
        else:
            signed = [_in_pdf(one, trusted) for one in pades.read(whole_file)]
    whole = overall(step for one in signed for _name, step in one.steps)
    if content_output is not None and whole is not Verdict.BAD:
        if content is None:
            raise click.UsageError(_("This signature holds no content that could be written."))
        write_new(content_output, content, force=force)
    if as_json:
        documents = [one.document() for one in signed]
        print_json({"overall": whole.value, "signatures": documents} if signed[0].pdf is not None else documents[0])
    else:
        for one in signed:
            one.print()
        _print_overall(whole, several=len(signed) > 1)
    sys.exit(_EXIT_CODES[whole])


@dataclass(frozen=True)
class _Trusted:
    """Whom and what the caller believes, and for which time."""

    anchors: tuple[Anchor, ...]
    time_authorities: tuple[x509.Certificate, ...]
    evidence: RevocationEvidence
    policies: tuple[str, ...]
    at: datetime

    def judged(
        self,
        signer: x509.Certificate | None,
        found: Step,
        stamps: tuple[timestamp.TimeStamp, ...] = (),
        pdf: pades.PdfSignature | None = None,
    ) -> _Signed:
        """What is to be said of a signature: its certificate is held against the time that its time stamp proves."""
        proof = timestamp.check(stamps, self.time_authorities, at=self.at, evidence=self.evidence)
        if signer is None:
            return _Signed(None, None, pdf, proof)
        report = check(
            signer,
            self.anchors,
            at=(proof and proof.time) or self.at,
            purpose=Purpose.DOCUMENT,
            signature=found,
            evidence=self.evidence,
            policies=self.policies,
        )
        return _Signed(signer, report, pdf, proof)


@dataclass(frozen=True)
class _Signed:
    """A signature, and what was found of it."""

    signer: x509.Certificate | None
    report: Report | None
    pdf: pades.PdfSignature | None
    proof: timestamp.Proof | None

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        of_pdf = dict(self.pdf.steps) if self.pdf is not None else {}
        of_report = dict(self.report.steps) if self.report is not None else {}
        of_stamps = dict(self.proof.steps) if self.proof is not None else {}
        if self.pdf is not None and self.pdf.is_time_stamp and of_stamps:
            del of_pdf["signature"]  # the time stamp is the signature
        return tuple({**of_report, **of_pdf, **of_stamps}.items())

    @property
    def simulated(self) -> bool:
        return self.report is not None and self.report.simulated

    def document(self) -> dict[str, object]:
        """For programs."""
        of_pdf = {"field": self.pdf.field, "kind": self.pdf.kind} if self.pdf is not None else {}
        return {
            **of_pdf,
            "overall": overall(step for _name, step in self.steps).value,
            "simulated": self.simulated,
            "signer": self.signer.subject.rfc4514_string() if self.signer is not None else None,
            "ca": _ca(self.report) if self.report is not None else None,
            "proven_time": self.proof.time.isoformat() if self.proof and self.proof.time else None,
            "policies": list(self.report.policies) if self.report is not None else [],
            "steps": {name: {"verdict": step.verdict.value, "reason": step.text()} for name, step in self.steps},
        }

    def print(self) -> None:
        """For people."""
        if self.pdf is not None:
            click.echo(_("Signature field: {name}").format(name=plain(self.pdf.field)))
        if self.signer is not None:
            click.echo(_("Signer: {subject}").format(subject=plain(self.signer.subject.rfc4514_string())))
        for step in self.steps:
            click.echo(plain(explain([step], _)))
        if self.report is not None and self.report.anchor is not None and not self.simulated:
            click.echo(_ca_text(self.report.anchor))
        if self.simulated:
            click.echo(_("The signer is a simulated card: this proves nothing outside of tests."))


def _in_pdf(found: pades.PdfSignature, trusted: _Trusted) -> _Signed:
    signer = found.cms.certificate if found.cms is not None else None
    return trusted.judged(signer, found.signature, found.time_stamps, found)


def _ca(report: Report) -> dict[str, object] | None:
    """The CA that issued the signer's certificate, and whether it is one of those that J-LIS publishes."""
    if report.anchor is None:
        return None
    certificate = report.anchor.certificate
    known = published(certificate)
    return {
        "serial": f"{certificate.serial_number:X}",
        "published": known is not None,
        "generation": known and known.generation,
        "purpose": known and known.purpose.value,
    }


def _ca_text(anchor: Anchor) -> str:
    known = published(anchor.certificate)
    if known is None:
        return _("The CA certificate is none that is known as one of J-LIS's: that it is trusted is your word.")
    return _("The CA is generation {number} of J-LIS's, by its fingerprint.").format(number=known.generation)


def _beside(file: Path, signature: bytes, certificate: Path | None, hash_: HashAlgorithm, trusted: _Trusted) -> _Signed:
    """What is to be said of a signature that lies beside the file."""
    with file.open("rb") as stream:
        if is_cms(signature) and certificate is None:
            parsed = cms.parse(signature)
            return trusted.judged(parsed.certificate, cms.verify(parsed, of_file(stream)), parsed.time_stamps)
        if certificate is None:
            raise CertificateFileError(
                N_("This is no CMS signature. If it is a raw one, give the signer's certificate: --certificate FILE.")
            )
        signer = load_certificate(read_up_to(certificate, _SIGNATURE_MAX))
        return trusted.judged(signer, rawsig.verify(signature, signer, of_file(stream), hash_))


def _print_overall(whole: Verdict, *, several: bool) -> None:
    match whole:
        case Verdict.GOOD:
            click.echo(_("All was checked, and is good."))
        case Verdict.BAD:
            click.echo(_("Not all of these signatures are good.") if several else _("This signature is bad."))
        case Verdict.NOT_CHECKED:
            click.echo(_("Nothing bad was found, but not everything was checked."))
