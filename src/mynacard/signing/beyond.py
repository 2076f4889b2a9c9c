"""What may follow the bytes that a signature in a PDF file covers: each kind of change, and what it means.

Only what a reader of the page does not see may follow a good signature. An attacker without any key may lay a visible
time stamp over a contract, or make an amount invisible by the form's default appearance.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.signing.form import Place
from mynacard.texts import N_
from mynacard.verdict import Step, Verdict

__all__ = ["MEANINGS", "Beyond", "Comparison", "Place", "result"]


class Beyond(StrEnum):
    """A PDF file's content beyond the bytes that a signature covers; the earlier of two kinds, the worse it is."""

    VISIBLE_TIME_STAMP = "visible-time-stamp"
    NEW_VISIBLE_FIELD = "new-visible-field"
    FORM_DEFAULTS = "form-defaults"
    ANNOTATIONS = "annotations"
    CATALOG = "catalog"
    OTHER_CHANGES = "other-changes"
    FORBIDDEN_CHANGES = "forbidden-changes"
    UNSIGNED_BYTES = "unsigned-bytes"
    NEW_VISIBLE_SIGNATURE = "new-visible-signature"
    FILLED_IN_FIELDS = "filled-in-fields"
    NOT_CHECKED = "not-checked"
    IRREGULAR = "irregular"
    LATER_SIGNATURES = "later-signatures"
    UNSEEN_ADDITIONS = "unseen-additions"
    NOTHING = "nothing"


MEANINGS: Final[dict[Beyond, tuple[Verdict, str]]] = {
    Beyond.VISIBLE_TIME_STAMP: (
        Verdict.BAD, N_("After signing, a visible time stamp was added, which may cover the signed text: {places}.")),
    Beyond.NEW_VISIBLE_FIELD: (
        Verdict.BAD,
        N_("After signing, a field was shown that was hidden, or one without a good signature was added: {places}.")),
    Beyond.FORM_DEFAULTS: (
        Verdict.BAD, N_("After signing, the look of the form was changed, so its fields may show something else.")),
    Beyond.ANNOTATIONS: (Verdict.BAD, N_("After signing, the annotations of a page were changed.")),
    Beyond.CATALOG: (Verdict.BAD, N_("After signing, the file's catalog was changed.")),
    Beyond.OTHER_CHANGES: (
        Verdict.BAD, N_("The file was changed after it was signed, beyond signatures and form fields.")),
    Beyond.FORBIDDEN_CHANGES: (
        Verdict.BAD, N_("The file was changed after it was signed, which the signer had forbidden.")),
    Beyond.UNSIGNED_BYTES: (
        Verdict.BAD, N_("The file holds bytes that were not signed and that do not form a later version of it.")),
    Beyond.NEW_VISIBLE_SIGNATURE: (
        Verdict.NOT_CHECKED,
        N_("Another person signed later in a new visible field, which may cover the signed text: {places}.")),
    Beyond.FILLED_IN_FIELDS: (
        Verdict.NOT_CHECKED,
        N_("Form fields were filled in after signing, and this signature does not cover them: {places}.")),
    Beyond.NOT_CHECKED: (
        Verdict.NOT_CHECKED, N_("What the file holds beyond the signed bytes could not be checked: {reason}.")),
    Beyond.IRREGULAR: (
        Verdict.NOT_CHECKED,
        N_("This PDF file is irregular, and readers may show it in different ways: {reason}. "
           'The command "qpdf in.pdf out.pdf" repairs many such files, which then have to be signed anew.')),
    Beyond.LATER_SIGNATURES: (
        Verdict.GOOD, N_("The signature covers the whole file except later signatures: {places}.")),
    Beyond.UNSEEN_ADDITIONS: (
        Verdict.GOOD, N_("The signature covers everything that is seen; what was added later, no page shows.")),
    Beyond.NOTHING: (Verdict.GOOD, N_("The signature covers the whole file.")),
}  # fmt: skip
"""The verdict on each kind of change, and the sentence."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The file beyond one signature.

    Attributes:
        beyond: the worst kind of change.
        step: what it means for the signature; its code is ``rest/`` and the kind.
        places: the fields that are the cause, with page and rectangle; of later signatures also where they are good.
    """

    beyond: Beyond
    step: Step
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class _Listed:
    """Places as one text."""

    places: tuple[Place, ...]

    def text(self, translate: Callable[[str], str] = str) -> str:
        return ", ".join(place.text(translate) for place in self.places)


def result(beyond: Beyond, where: tuple[Place, ...] = (), reason: str = "") -> Comparison:
    """The comparison that ends with *beyond*; *reason* says why it could not be made, if it could not."""
    verdict, template = MEANINGS[beyond]
    details = tuple(
        (name, value) for name, value in (("places", _Listed(where)), ("reason", reason)) if f"{{{name}}}" in template
    )
    return Comparison(beyond, Step(verdict, f"rest/{beyond.value}", template, details), where)
