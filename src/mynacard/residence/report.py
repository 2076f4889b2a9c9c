"""The result of checking a residence card: three steps, and what they say about each field."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.errors import UsageError
from mynacard.residence.anchors import Anchor, AnchorKind
from mynacard.residence.layout import CardType
from mynacard.texts import N_
from mynacard.verdict import Step, Undecided, Verdict, explain, overall

__all__ = ["FIELDS", "Label", "Report", "SignatureForm"]


class Label(StrEnum):
    """The label of a field."""

    SIGNED_AND_GOOD = "signed-and-good"
    SIGNED_AND_BAD = "signed-and-bad"
    """Something about the signature that covers it is bad: the signature itself, who made it, or when."""
    NOT_SIGNED = "not-signed"
    NOT_CHECKED = "not-checked"


class SignatureForm(StrEnum):
    """The form of a good signature. Which ones real cards have is unknown."""

    BARE_DIGEST = "bare-digest"
    """First generation: the padded block holds only the digest, as in the specification's text and figure."""
    DIGEST_INFO = "digest-info"
    """First generation: it holds a DigestInfo, as PKCS #1 specifies."""
    RAW = "raw"
    """Second generation: r and s, 48 bytes each."""
    DER = "der"
    """Second generation: an ASN.1 SEQUENCE of both."""


_OF_FIRST: Final = {
    "type": False, "version": False, "front_image": True, "face_image": True, "address": False,
    "comprehensive_permission": False, "individual_permission": False, "extension_pending": False,
}  # fmt: skip
_OF_SECOND: Final = {
    "type": False, "version": False, "number": False, "entries": True, "name_image": True, "face_image": True,
    "address_image": False, "permissions": False, "extension_pending": False, "other": False,
}  # fmt: skip

FIELDS: Final = {1: _OF_FIRST, 2: _OF_SECOND}
"""The fields of the contents of each generation, and whether the signature covers them."""

_SIGNATURE: Final = N_("signature")
_ISSUER: Final = N_("issuer")
_VALIDITY: Final = N_("validity")


@dataclass(frozen=True, slots=True)
class Report(Undecided):
    """The result, step by step.

    Attributes:
        type: the type of card.
        wanted: the kind of CA that the caller expects.
        anchor: the CA that the signer's certificate leads to; None where it leads to none.
        form: the form of a good signature; None where it is not good.
        has_signature: whether the card has one at all; cards of holders under 16 have none.
        signature: whether the certificate's key signed the fields as they are.
        issuer: whether the certificate is from a CA that the caller trusts, of the kind that is wanted.
        validity: whether both certificates were valid at the time that the caller named.
    """

    type: CardType
    wanted: AnchorKind
    anchor: Anchor | None
    form: SignatureForm | None
    has_signature: bool
    signature: Step
    issuer: Step
    validity: Step

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """The steps by their names."""
        return ((_SIGNATURE, self.signature), (_ISSUER, self.issuer), (_VALIDITY, self.validity))

    @property
    def overall(self) -> Verdict:
        """BAD if a step is; else NOT_CHECKED if one was not taken; else GOOD. It is about the signed fields only."""
        return overall(step for _, step in self.steps)

    def explain(self, translate: Callable[[str], str] = str) -> str:
        """All steps in words, as :func:`mynacard.verdict.explain` puts them."""
        return explain(self.steps, translate)

    def label(self, name: str) -> Label:
        """The label of the field *name* of the contents.

        Raises:
            UsageError: the contents of this generation have no such field.
        """
        fields = FIELDS[self.type.generation]
        if name not in fields:
            raise UsageError(N_("A {card} has no field {name}."), card=self.type.label, name=name)
        if not fields[name] or not self.has_signature:
            return Label.NOT_SIGNED
        return {
            Verdict.GOOD: Label.SIGNED_AND_GOOD,
            Verdict.BAD: Label.SIGNED_AND_BAD,
            Verdict.NOT_CHECKED: Label.NOT_CHECKED,
        }[self.overall]

    @property
    def labels(self) -> dict[str, Label]:
        """The label of every field, by its name."""
        return {name: self.label(name) for name in FIELDS[self.type.generation]}
