"""``mynacard verify``: is a signature good, is it bad, or was something not checked?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import click
from cryptography import x509

from mynacard.apdu.hashes import HashAlgorithm
from mynacard.cli.exits import NOT_FULLY_CHECKED, SIGNATURE_BAD
from mynacard.cli.options import TIME, as_json, print_json, verbose_option
from mynacard.cli.texts import _, plain
from mynacard.errors import CertificateFileError, mark
from mynacard.signing import cms, pades, rawsig
from mynacard.signing.content import of_file
from mynacard.simulator.doors.pki_cache import cached_pki
from mynacard.trust import Anchor, Purpose, Report, RevocationEvidence, Step, Verdict, check, explain, load_certificate
from mynacard.trust.published import published
from mynacard.trust.revocation import EVIDENCE_MAX
from mynacard.verdict import overall

__all__ = ["verify"]

_SIGNATURE_MAX: Final = 1 << 20
_EXIT_CODES: Final = {Verdict.GOOD: 0, Verdict.BAD: SIGNATURE_BAD, Verdict.NOT_CHECKED: NOT_FULLY_CHECKED}


@click.command(
    help=_(
        "Check SIGNATURE (CMS, or raw with --certificate) of FILE, or every signature in a PDF file. Ends with 0 only"
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
    as_json: bool,
) -> None:
    if not authorities and not simulated:
        raise click.UsageError(_("Say whom you trust: --ca FILE, or --simulated."))
    anchors = [Anchor(load_certificate(_read(path))) for path in authorities]
    if simulated:
        anchors += [Anchor(found, simulated=True) for found in cached_pki().ca_certificates()]
    evidence = RevocationEvidence(
        tuple(_read(path, EVIDENCE_MAX) for path in crls), tuple(_read(path, EVIDENCE_MAX) for path in ocsps)
    )
    check_ = partial(
        check,
        anchors=anchors,
        at=at.replace(tzinfo=UTC) if at else datetime.now(UTC),
        purpose=Purpose.DOCUMENT,
        evidence=evidence,
        policies=policies,
    )
    if signature is not None:
        signer, found = _signature(file, _read(signature), certificate, HashAlgorithm(hash_))
        signed = [_Signed(signer, check_(signer, signature=found))]
    elif certificate is not None:
        raise click.UsageError(_("Without SIGNATURE there is nothing that --certificate is for."))
    else:
        signed = [_in_pdf(one, check_) for one in pades.read(_read(file, pades.PDF_MAX))]
    whole = overall(step for one in signed for _name, step in one.steps)
    if as_json:
        documents = [one.document() for one in signed]
        print_json(documents[0] if signature is not None else {"overall": whole.value, "signatures": documents})
    else:
        for one in signed:
            one.print()
        _print_overall(whole, several=len(signed) > 1)
    sys.exit(_EXIT_CODES[whole])


@dataclass(frozen=True)
class _Signed:
    """A signature, and what was found of it."""

    signer: x509.Certificate | None
    report: Report | None
    pdf: pades.PdfSignature | None = None

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        if self.report is None:
            return self.pdf.steps if self.pdf is not None else ()
        return self.report.steps if self.pdf is None else (*self.report.steps, self.pdf.steps[1])

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


def _in_pdf(found: pades.PdfSignature, check_: Callable[..., Report]) -> _Signed:
    if found.cms is None:
        return _Signed(None, None, found)
    signer = found.cms.certificate
    return _Signed(signer, check_(signer, signature=found.signature), found)


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


def _signature(
    file: Path, signature: bytes, certificate: Path | None, hash_: HashAlgorithm
) -> tuple[x509.Certificate, Step]:
    """The signer's certificate, and what its key says of the file."""
    with file.open("rb") as stream:
        if signature[:1] == b"\x30" and certificate is None:
            parsed = cms.parse(signature)
            return parsed.certificate, cms.verify(parsed, of_file(stream))
        if certificate is None:
            raise CertificateFileError(
                mark("This is no CMS signature. If it is a raw one, give the signer's certificate: --certificate FILE.")
            )
        signer = load_certificate(_read(certificate))
        return signer, rawsig.verify(signature, signer, of_file(stream), hash_)


def _read(path: Path, most: int = _SIGNATURE_MAX) -> bytes:
    """The file, or as much of it as shows that it is too long."""
    with path.open("rb") as stream:
        return stream.read(most + 1)


def _print_overall(whole: Verdict, *, several: bool) -> None:
    match whole:
        case Verdict.GOOD:
            click.echo(_("All was checked, and is good."))
        case Verdict.BAD:
            click.echo(_("Not all of these signatures are good.") if several else _("This signature is bad."))
        case Verdict.NOT_CHECKED:
            click.echo(_("Nothing bad was found, but not everything was checked."))
