"""The Web eID authentication token: built for the card's holder, checked for the portal."""

from mynacard.webeid.checking import validate
from mynacard.webeid.token import AuthenticationToken, parse, verify_signature

__all__ = ["AuthenticationToken", "parse", "validate", "verify_signature"]
