"""A receiver's origin and address, from what a person types: one spelling, in requests, prompts and signatures alike.

Source: WHATWG URL, "host parsing" and "origin"; UTS #46, nontransitional, for names in other letters.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from mynacard.errors import UsageError
from mynacard.jpki.authentication import DEFAULT_PORTS, check_origin, shortest_ipv6
from mynacard.texts import N_

__all__ = ["base_of", "origin_of"]


def base_of(url: str) -> str:
    """The address to which a receiver's paths are appended: its origin, and the path of *url* without a final slash.

    Raises:
        UsageError: as :func:`origin_of`.
    """
    return origin_of(url) + _split(url).path.rstrip("/")


def origin_of(url: str) -> str:
    """The origin of *url* as a browser writes it, which is what gets signed.

    Raises:
        UsageError: *url* is neither ``https`` nor, on this machine, ``http``; or it has a user, query or fragment.
    """
    parts = _split(url)
    try:
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        raise _unusable() from None
    named = "" if port is None or port == DEFAULT_PORTS.get(parts.scheme) else f":{port}"
    origin = f"{parts.scheme}://{host}{named}"
    check_origin(origin)
    return origin


def _split(url: str) -> SplitResult:
    """The parts of *url*; urlsplit itself would drop spaces and control characters."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _unusable() from None
    printable = url.isprintable() and " " not in url and parts.path.isascii()
    if not printable or "?" in url or "#" in url or "@" in parts.netloc:
        raise _unusable()
    return parts


def _host(name: str) -> str:
    if ":" in name:
        address = IPv6Address(name)
        if address.scope_id is not None:  # means something only on one machine
            raise ValueError(name)
        return f"[{shortest_ipv6(address)}]"
    if name.isascii():
        return name
    import idna  # noqa: PLC0415  # an extra

    return idna.encode(name, uts46=True, transitional=False).decode("ascii")


def _unusable() -> UsageError:
    return UsageError(
        N_("A receiver's address is https://…, or http://… on this machine, and contains nothing secret.")
    )
