"""A log-in without a browser: what the page would have sent to the portal, by a simulated card."""

from __future__ import annotations

from mynacard.apdu import Card
from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.jpki.session import JpkiSession
from mynacard.webeid import AuthenticationToken

__all__ = ["web_eid_token"]


def web_eid_token(card: Card, origin: str, nonce: str, *, pin: str = "1234") -> str:
    """The Web eID token, in JSON, by which the holder of *card* answers *nonce* of the portal at *origin*.

    Args:
        card: such as the fixture ``mynacard_card``, or ``CardOptions(persona=…).make()``.
        origin: the site that the holder believes to be on; another one than the portal's own is a phishing site.
        nonce: the portal's.
        pin: that of every simulated card; a wrong one costs a try.

    Raises:
        MynacardError: as :meth:`JpkiSession.verify` and :meth:`JpkiSession.authenticate` raise it.
    """
    session = JpkiSession(card)
    session.verify(USER_AUTHENTICATION, pin)
    try:
        return AuthenticationToken.from_authentication(session.authenticate(origin, nonce)).to_json()
    finally:
        session.log_out()
