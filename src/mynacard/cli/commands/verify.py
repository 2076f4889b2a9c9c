"""``mynacard verify``: whether a signature is good or bad, or something was not checked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypedDict

import click

from mynacard.cli.commands import HELP
from mynacard.cli.exits import NOT_FULLY_CHECKED, SIGNATURE_BAD
from mynacard.cli.judged import as_document, subject
from mynacard.cli.language import _
from mynacard.cli.options import TIME, as_json, verbose_option
from mynacard.cli.output import check_output, print_json, read_up_to, write_new
from mynacard.cli.simulated import print_steps
from mynacard.hashes import HashAlgorithm
from mynacard.signing.encodings import ENCODED_MAX
from mynacard.signing.judging import Judgement, Judgements, TimeSource, judge
from mynacard.texts import moment, printable
from mynacard.trust import Anchor, RevocationEvidence, Verdict, load_certificate
from mynacard.trust.published import published
from mynacard.trust.revocation import EVIDENCE_MAX

__all__ = ["verify"]

_CERTIFICATE_MAX: Final = 1 << 20
_EXIT_CODES: Final = {Verdict.GOOD: 0, Verdict.BAD: SIGNATURE_BAD, Verdict.NOT_CHECKED: NOT_FULLY_CHECKED}


class _Trust(TypedDict):
    """The arguments that ``judge`` and ``judge_many`` share."""

    anchors: list[Anchor]
    at: datetime
    evidence: RevocationEvidence
    time_anchors: list[Anchor]
    policies: tuple[str, ...]


@click.command(help=_(HELP["verify"]))
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
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
    type=click.Choice([hash_.value for hash_ in HashAlgorithm]),
    default=HashAlgorithm.SHA256.value,
    show_default=True,
    help=_("The hash function of a raw signature, which does not name it."),
)
@click.option("--policy", "policies", multiple=True, metavar="OID",
              help=_("A policy that the signer's certificate must have; of several, one is enough."))  # fmt: skip
@click.option("--at", type=TIME, metavar="TIME",
              help=_("Check for this time, when the signature was known to exist, not for now: ISO 8601, in UTC"
                     " unless it has a zone."))  # fmt: skip
@click.option("--crl", "crls", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help=_("A revocation list (DER) of the CA, if you were given one; may be repeated."))  # fmt: skip
@click.option("--ocsp", "ocsps", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help=_("An OCSP response (DER) of the CA, if you were given one; may be repeated."))  # fmt: skip
@click.option("--tsa-ca", "time_authorities", multiple=True,
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help=_("A CA certificate that you trust for time stamps, PEM or DER; may be repeated."))  # fmt: skip
@click.option("--content", "content_output", type=click.Path(path_type=Path),
              help=_("Write the content of the signature in FILE to this file, if nothing is bad."))  # fmt: skip
@click.option("--force", is_flag=True, help=_("Replace the file of --content if it exists."))
@click.option("--many", "folder", metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help=_("Check every file in this folder: NAME with NAME.p7s or, with --certificate, NAME.sig; PDF files"
                     " and .p7m files by themselves. Prints a line for each, as JSON with --json."))  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True,
              help=_("How many processes share the files of --many."))  # fmt: skip
@as_json
@verbose_option
def verify(
    file: Path | None,
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
    folder: Path | None,
    jobs: int,
    as_json: bool,
) -> None:
    if (file is None) == (folder is None):
        raise click.UsageError(_("Name a FILE, or a folder with --many."))
    if not authorities and not simulated:
        raise click.UsageError(_("Say whom you trust: --ca FILE, or --simulated."))
    trust = _Trust(
        anchors=[*map(_anchor, authorities), *(_simulated() if simulated else ())],
        at=at or datetime.now(UTC),
        evidence=RevocationEvidence(_contents(crls), _contents(ocsps)),
        time_anchors=[*map(_anchor, time_authorities)],
        policies=policies,
    )
    if content_output is not None:
        check_output(content_output, force=force)
    if signature is None and certificate is not None and folder is None:
        raise click.UsageError(_("--certificate is only for a SIGNATURE."))
    if file is None:
        from mynacard.cli.many import items_in, verify_many

        items = items_in(folder or Path(), certificate, HashAlgorithm(hash_))
        sys.exit(_EXIT_CODES[verify_many(items, jobs=jobs, as_json=as_json, **trust)])
    judged = partial(judge, **trust)
    judgements = _judgements(file, signature, certificate, HashAlgorithm(hash_), judged)
    if content_output is not None and judgements.overall is not Verdict.BAD:
        if judgements.content is None:
            raise click.UsageError(_("This signature holds no content that could be written."))
        write_new(content_output, judgements.content, force=force)
    if as_json:
        print_json(as_document(judgements))
    else:
        _print_all(judgements)
    sys.exit(_EXIT_CODES[judgements.overall])


def _anchor(path: Path) -> Anchor:
    return Anchor(load_certificate(read_up_to(path, _CERTIFICATE_MAX)))


def _contents(paths: Iterable[Path]) -> tuple[bytes, ...]:
    return tuple(read_up_to(path, EVIDENCE_MAX) for path in paths)


def _simulated() -> list[Anchor]:
    """The CAs of this machine's simulated cards."""
    from mynacard.doors.pki_cache import cached_pki

    return [Anchor(authority, simulated=True) for authority in cached_pki().ca_certificates()]


def _judgements(
    file: Path,
    signature: Path | None,
    certificate: Path | None,
    hash_: HashAlgorithm,
    judged: Callable[..., Judgements],
) -> Judgements:
    if signature is None:
        from mynacard.signing.pdf_file import PDF_MAX

        return judged(read_up_to(file, PDF_MAX))
    signer = load_certificate(read_up_to(certificate, _CERTIFICATE_MAX)) if certificate is not None else None
    with file.open("rb") as stream:
        detached = read_up_to(signature, ENCODED_MAX)
        return judged(stream, detached, certificate=signer, hash_=hash_)


def _print_all(judgements: Judgements) -> None:
    for judgement in (*judgements.signatures, *judgements.time_stamps):
        _print(judgement)
    _print_overall(judgements.overall, several=len(judgements) + len(judgements.time_stamps) > 1)


def _print(judgement: Judgement) -> None:
    """Print *judgement* for people."""
    if judgement.pdf is not None:
        click.echo(_("Signature field: {name}").format(name=printable(judgement.pdf.field)))
    if judgement.signer is not None:
        click.echo(_("Signer: {subject}").format(subject=printable(subject(judgement.signer))))
    if judgement.signed_at is not None:
        click.echo(_SIGNED_AT[judgement.signed_at.source].format(time=moment(judgement.signed_at.time)))
    if not print_steps(judgement.steps, err=False):
        return
    if judgement.report is not None and judgement.report.anchor is not None and not judgement.simulated:
        click.echo(_ca_text(judgement.report.anchor))
    if judgement.simulated:
        click.echo(_("The signer is a simulated card: this proves nothing outside of tests."))


_SIGNED_AT: Final = {
    TimeSource.TIME_STAMP: _("Signed: before {time}, according to a trusted time stamp"),
    TimeSource.SIGNER: _("Signed: {time}, according to the signer's computer, which proves nothing"),
}


def _ca_text(anchor: Anchor) -> str:
    known = published(anchor.certificate)
    if known is None:
        return _("The CA certificate is not a known one of J-LIS; it is trusted because you say so.")
    return _("The CA is generation {number} of J-LIS's, by its fingerprint.").format(number=known.generation)


def _print_overall(overall: Verdict, *, several: bool) -> None:
    match overall:
        case Verdict.GOOD:
            click.echo(_("All was checked, and is good."))
        case Verdict.BAD:
            click.echo(_("Not all of these signatures are good.") if several else _("This signature is bad."))
        case Verdict.NOT_CHECKED:
            click.echo(_("Nothing bad was found, but not everything was checked."))
