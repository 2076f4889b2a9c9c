"""The portal for simulated cards, on this computer: ``uvicorn --app-dir docs/examples/login simulated:portal``."""

from __future__ import annotations

import secrets
from datetime import timedelta

from starlette_portal import app

from mynacard.testing import SimulatedPki
from mynacard.trust import EvidenceSource
from mynacard.webeid import Login

PKI = SimulatedPki((3,))
LOGIN = Login(
    "http://127.0.0.1:8000",
    PKI.anchors,
    account_key=secrets.token_bytes(32),  # a real portal keeps it: see docs/login.md
    evidence=EvidenceSource(PKI.evidence, timedelta(hours=1)),
)
portal = app(LOGIN, secrets.token_urlsafe())
