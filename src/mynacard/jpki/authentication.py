"""The input that the user-authentication key signs: that of a Web eID 1.0 token, and nothing that a peer chose.

Source: the Web eID system architecture, "Authentication token format"; vectors/webeid/token.json.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import field
from hashlib import sha256
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.errors import UsageError
from mynacard.texts import N_

__all__ = ["DEFAULT_PORTS", "Authentication", "check_nonce", "check_origin", "digest", "shortest_ipv6"]

ORIGIN_MAX: Final = 255
DEFAULT_PORTS: Final = {"https": 443, "http": 80}
"""The ports that an origin does not name."""
_ORIGIN: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ZEROS: Final = re.compile(r"\b0(?::0)+\b")
_NONCE: Final = re.compile(r"[A-Za-z0-9+/_-]{40,128}={0,2}")
_NONCE_LENGTHS: Final = range(44, 129)


@dataclass(frozen=True, slots=True)
class Authentication:
    """The key's answer to a challenge: everything that a Web eID token is made of.

    Attributes:
        origin: the origin of the site that asked, as it was signed.
        nonce: the nonce of the challenge, as it was signed.
        certificate_der: the user-authentication certificate.
        signature: RSASSA-PKCS1-v1_5 with SHA-256 over the hashes of origin and nonce, 256 bytes.
        algorithm: the signature algorithm, by its JOSE name.
    """

    origin: str
    nonce: str
    certificate_der: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    algorithm: str = "RS256"


def digest(origin: str, nonce: str) -> bytes:
    """The digest that is signed: SHA-256 of the SHA-256 of the origin followed by the SHA-256 of the nonce.

    Raises:
        UsageError: the origin or nonce is malformed.
    """
    check_origin(origin)
    check_nonce(nonce)
    return sha256(sha256(origin.encode("ascii")).digest() + sha256(nonce.encode("ascii")).digest()).digest()


def check_origin(origin: str) -> None:
    """Check that *origin* is ``https://host[:port]``, or ``http://`` on this machine, exactly as a browser writes it.

    That means lowercase, a name in Punycode, no default port, no path, not even a final slash. A signature over another
    spelling would be of no use to any site, and one over plain http would be of use to everyone on the way: only
    ``localhost``, ``127.0.0.1`` and ``[::1]`` have no way.

    Raises:
        UsageError: it is not.
    """
    check_type(origin, str)
    match = _ORIGIN.fullmatch(origin) if len(origin) <= ORIGIN_MAX else None
    if match is None or not _good_scheme(match) or not _good_host(match["host"]) or not _good_port(match):
        raise UsageError(
            N_(
                "The origin must be https://host or https://host:port, or http://… on this machine, as a browser"
                " writes it; {origin} is not."
            ),
            origin=ascii(origin[: ORIGIN_MAX + 1]),
        )


def check_nonce(nonce: str) -> None:
    """Check that *nonce* has 44 to 128 characters of base64 or base64url.

    Raises:
        UsageError: it does not.
    """
    check_type(nonce, str)
    if len(nonce) not in _NONCE_LENGTHS or not _NONCE.fullmatch(nonce):
        raise UsageError(
            N_("The nonce must have 44 to 128 characters of base64; this one has {length}."), length=len(nonce)
        )


def _good_scheme(origin: re.Match[str]) -> bool:
    return origin["scheme"] == "https" or origin["host"] in _LOOPBACK


def _good_host(host: str) -> bool:
    try:
        if host.startswith("["):
            return host == f"[{shortest_ipv6(ipaddress.IPv6Address(host[1:-1]))}]"
        labels = host.split(".")
        if _NUMBER.fullmatch(labels[-1]):  # then browsers take the whole host for an IPv4 address
            return host == str(ipaddress.IPv4Address(host))
    except ValueError:
        return False
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)  # RFC 1035 §2.3.4


def shortest_ipv6(address: ipaddress.IPv6Address) -> str:
    """*address* as a URL has it in brackets (RFC 5952 without §5); later Pythons write the end of some with dots."""
    words = ":".join(f"{int(address) >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))
    longest = max(_ZEROS.findall(words), key=len, default="")
    if not longest:
        return words
    head, _, tail = f":{words}:".partition(f":{longest}:")
    return f"{head[1:]}::{tail[:-1]}"


def _good_port(origin: re.Match[str]) -> bool:
    port = origin["port"]
    return port is None or (int(port) <= 0xFFFF and int(port) != DEFAULT_PORTS[origin["scheme"]])
