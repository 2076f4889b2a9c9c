"""A receiver for simulated cards: trusts only their CA, and knows which of them are revoked."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.doors.pki_cache import cached_pki
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.portal.receiver import Receiver
from mynacard.portal.store import Store
from mynacard.trust import Anchor, RevocationEvidence

__all__ = ["simulated_receiver"]


def simulated_receiver(store: Store, *, approve_at_once: bool = True, accept_at_once: bool = False) -> Receiver:
    """A receiver that keeps its data in *store*; :func:`~mynacard.portal.served` runs it.

    Raises:
        TestPkiError: the cache folder cannot be used.
    """
    anchors = tuple(Anchor(authority, simulated=True) for authority in cached_pki().ca_certificates())
    return Receiver(
        "https://portal.example",
        anchors,
        store,
        evidence=_evidence,
        approve_at_once=approve_at_once,
        accept_at_once=accept_at_once,
    )


def _evidence() -> RevocationEvidence:
    now = datetime.now(UTC)
    lists = (cached_pki().revocation_list(pair, now) for pair in KEY_PAIRS)
    return RevocationEvidence(tuple(revoked.public_bytes(Encoding.DER) for revoked in lists))
