"""The messages between the Web eID extension and the host: values, and JSON in both directions from one table.

They are untrusted input: any page causes them. So names are exact, each is there once, and every value has its form
before the holder sees anything of it; what is nested too deep is refused before it is parsed.

Source: web-eid-webextension 2277476 (2.5.0) and web-eid-app 0de1619 (2.9.0); vectors/webeid/messages.json. The forms of
origin, nonce and lang are stricter than theirs.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from enum import Enum
from typing import Any, Final, TypeAlias, cast

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.errors import ProtocolError, UnsupportedAlgorithmError, UsageError
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.jpki.authentication import check_nonce, check_origin
from mynacard.texts import N_

__all__ = [
    "ALGORITHMS",
    "Answer",
    "Authenticate",
    "Command",
    "Done",
    "Failure",
    "GetSigningCertificate",
    "Greeting",
    "Quit",
    "Request",
    "Sign",
    "SignatureMade",
    "SigningCertificate",
    "Token",
    "decode_answer",
    "decode_command",
    "encode",
]

DEPTH_MAX: Final = 4
"""How deep objects and arrays are nested at most: an answer, its array of algorithms, and an algorithm are 3."""


# --- from the extension ---


@dataclass(frozen=True, slots=True)
class Quit:
    """Nothing is wanted but an answer: a page asked whether there is a host, and of which version."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """A page asks for a log-in.

    Attributes:
        nonce: the portal's, 44 to 128 characters of base64.
        origin: the page's, as the browser wrote it.
        lang: the page's language, two letters; empty if it did not say.
    """

    nonce: str
    origin: str
    lang: str = ""


@dataclass(frozen=True, slots=True)
class GetSigningCertificate:
    """A page asks for the signing certificate; :class:`Authenticate` describes the attributes."""

    origin: str
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """A page asks for a signature of a hash.

    Attributes:
        digest: the hash; its length is that of *hash_*.
        hash_: the hash function.
        certificate_der: the signing certificate that the page knows.
        origin, lang: as :class:`Authenticate`.

    Raises:
        UnsupportedAlgorithmError: the hash has another length.
    """

    digest: bytes
    hash_: HashAlgorithm
    certificate_der: bytes = field(repr=False)
    origin: str
    lang: str = ""

    def __post_init__(self) -> None:
        digest_info(self.hash_, self.digest)

    @property
    def hash_name(self) -> str:
        """The hash function's name, as the page has it."""
        return _HASH_NAMES[self.hash_]

    @property
    def digest_info(self) -> bytes:
        """What the signing key signs."""
        return digest_info(self.hash_, self.digest)


Request: TypeAlias = Authenticate | GetSigningCertificate | Sign
"""The commands that the holder is asked about."""
Command: TypeAlias = Quit | Request


# --- from the host ---


@dataclass(frozen=True, slots=True)
class Greeting:
    """The first message, before any command.

    Attributes:
        version: a semantic version. Its major number is that of the extension that it works with.
    """

    version: str


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to :class:`Quit`."""


@dataclass(frozen=True, slots=True)
class Token:
    """The answer to :class:`Authenticate`: the fields of an :class:`~mynacard.webeid.AuthenticationToken`."""

    certificate_der: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    format: str
    app_version: str


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """The answer to :class:`GetSigningCertificate`.

    Attributes:
        certificate_der: the signing certificate.
        hashes: the hash functions that its key signs with, the one to prefer first; always RSASSA-PKCS1-v1_5.
    """

    certificate_der: bytes = field(repr=False)
    hashes: tuple[HashAlgorithm, ...]


@dataclass(frozen=True, slots=True)
class SignatureMade:
    """The answer to :class:`Sign`: RSASSA-PKCS1-v1_5 with *hash_*, 256 bytes."""

    signature: bytes = field(repr=False)
    hash_: HashAlgorithm


class Failure(Enum):
    """The answer to a command that is not carried out: a code of the extension's, and a text that tells no more.

    A page learns nothing of the card, its holder or this computer from it.
    """

    CANCELLED = "ERR_WEBEID_USER_CANCELLED", "The holder of the card refused, or did not answer in time."
    BAD_ARGUMENTS = (
        "ERR_WEBEID_NATIVE_INVALID_ARGUMENT",
        "The command is unknown, or an argument is missing, unknown or malformed.",
    )
    NOT_HTTPS = (
        "ERR_WEBEID_NATIVE_INVALID_ARGUMENT",
        "The page came over http, and is not one that the holder allowed.",
    )
    SIGNING_NOT_ALLOWED = (
        "ERR_WEBEID_NATIVE_INVALID_ARGUMENT",
        "The holder has not allowed this site to ask for the signing key.",
    )
    NOT_A_MESSAGE = "ERR_WEBEID_NATIVE_FATAL", "The message is not one of the Web eID extension."
    FAILED = "ERR_WEBEID_NATIVE_FATAL", "The program could not do this. The command 'mynacard doctor' may say why."


Answer: TypeAlias = Greeting | Done | Token | SigningCertificate | SignatureMade | Failure

ALGORITHMS: Final = (HashAlgorithm.SHA256, HashAlgorithm.SHA384, HashAlgorithm.SHA512)
"""What JPKI's signing key offers a page; servers take the first."""


# --- the values in them ---


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of value: *read* checks what JSON has and makes it a value, *write* is the way back."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any] = lambda value: value
    optional: bool = False


def _text(value: object) -> str:
    check_type(value, str)
    return cast(str, value)


def _checked(check: Callable[[str], object]) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = _text(value)
        check(text)
        return text

    return read


def _check_lang(text: str) -> None:
    if not re.fullmatch("[a-z]{2}", text):
        raise UsageError(N_("A language is two lowercase letters."))


def _bytes(value: object) -> bytes:
    text = _text(value)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or _base64(data) != text:
        raise UsageError(N_("A value is not in base64."))
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


_HASHES: Final = {"SHA-256": HashAlgorithm.SHA256, "SHA-384": HashAlgorithm.SHA384, "SHA-512": HashAlgorithm.SHA512}
_HASH_NAMES: Final = {hash_: name for name, hash_ in _HASHES.items()}


def _hash(value: object) -> HashAlgorithm:
    hash_ = _HASHES.get(_text(value))
    if hash_ is None:
        raise UsageError(N_("The hash function is not SHA-256, SHA-384 or SHA-512."))
    return hash_


def _algorithm(value: object) -> HashAlgorithm:
    members = _members(value)
    hash_ = _hash(members.get("hashFunction"))
    if members != _algorithm_members(hash_):
        raise UsageError(N_("An algorithm is not RSASSA-PKCS1-v1_5."))
    return hash_


def _algorithm_members(hash_: HashAlgorithm) -> dict[str, object]:
    return {"cryptoAlgorithm": "RSA", "hashFunction": _HASH_NAMES[hash_], "paddingScheme": "PKCS1.5"}


def _algorithms(value: object) -> tuple[HashAlgorithm, ...]:
    check_type(value, list)
    return tuple(_algorithm(item) for item in cast(list[object], value))


def _failure(value: object) -> tuple[object, object]:
    members = _members(value)
    return members.get("code"), members.get("message")


TEXT: Final = _Kind(_text)
BASE64: Final = _Kind(_bytes, _base64)
ORIGIN: Final = _Kind(_checked(check_origin))
NONCE: Final = _Kind(_checked(check_nonce))
LANG: Final = _Kind(_checked(_check_lang), optional=True)
HASH: Final = _Kind(_hash, _HASH_NAMES.__getitem__)
ALGORITHM: Final = _Kind(_algorithm, _algorithm_members)
ALGORITHM_LIST: Final = _Kind(_algorithms, lambda hashes: [_algorithm_members(hash_) for hash_ in hashes])
FAILURE: Final = _Kind(_failure, lambda pair: dict(zip(("code", "message"), pair, strict=True)))

_COMMANDS: Final[dict[type[Command], tuple[str, dict[str, _Kind]]]] = {
    #                       command                    arguments, in the order of the attributes
    Quit:                  ("quit",                    {}),
    Authenticate:          ("authenticate",            {"challengeNonce": NONCE, "origin": ORIGIN, "lang": LANG}),
    GetSigningCertificate: ("get-signing-certificate", {"origin": ORIGIN, "lang": LANG}),
    Sign:                  ("sign",                    {"hash": BASE64, "hashFunction": HASH, "certificate": BASE64,
                                                        "origin": ORIGIN, "lang": LANG}),
}  # fmt: skip
_NAMED: Final = {name: kind for kind, (name, _) in _COMMANDS.items()}

_ANSWERS: Final[dict[type[Answer], dict[str, _Kind]]] = {
    Greeting:           {"version": TEXT},
    Done:               {},
    Token:              {"unverifiedCertificate": BASE64, "algorithm": TEXT, "signature": BASE64, "format": TEXT,
                         "appVersion": TEXT},
    SigningCertificate: {"certificate": BASE64, "supportedSignatureAlgorithms": ALGORITHM_LIST},
    SignatureMade:      {"signature": BASE64, "signatureAlgorithm": ALGORITHM},
    Failure:            {"error": FAILURE},
}  # fmt: skip


# --- both directions ---


def encode(message: Command | Answer) -> bytes:
    """*message* in JSON, without the length in front."""
    if isinstance(message, Quit | Authenticate | GetSigningCertificate | Sign):
        name, form = _COMMANDS[type(message)]
        return _json({"command": name, "arguments": _written(message, form)})
    return _json(_written(message, _ANSWERS[type(message)]))


def decode_command(text: bytes) -> Command:
    """The command in *text*.

    Raises:
        ProtocolError: *text* is not JSON, has a member twice, is nested too deep, or is not a command with arguments.
        UsageError: the command is unknown; or an argument is missing, unknown, or does not have its form.
        UnsupportedAlgorithmError: a hash has another length than its function gives.
    """
    match _object(text):
        case {"command": str(name), "arguments": arguments, **others} if not others:
            if name not in _NAMED:
                raise UsageError(N_("The command is unknown."))
            kind = _NAMED[name]
            command: Command = _read(kind, _COMMANDS[kind][1], _members(arguments))
            return command
        case _:
            raise _not_a_message()


def decode_answer(text: bytes) -> Answer:
    """The answer in *text*.

    Raises:
        ProtocolError: as :func:`decode_command`; or there is no such answer.
        UsageError: a value does not have its form.
    """
    members = _object(text)
    for kind, form in _ANSWERS.items():
        if members.keys() == form.keys():
            answer: Answer = _read(kind, form, members)
            return answer
    raise _not_a_message()


def _written(message: object, form: Mapping[str, _Kind]) -> dict[str, object]:
    values = [message.value] if isinstance(message, Failure) else _values(message)
    named = zip(form.items(), values, strict=True)
    return {name: kind.write(value) for (name, kind), value in named if value or not kind.optional}


def _values(message: Any) -> list[Any]:
    return [getattr(message, member.name) for member in fields(message)]


def _read(kind: Callable[..., Any], form: Mapping[str, _Kind], members: Mapping[str, object]) -> Any:
    """The message of *kind* with *members*, which must have the names of *form*, and no others."""
    required = {name for name, value in form.items() if not value.optional}
    if not required <= members.keys() <= form.keys():
        raise UsageError(N_("An argument is missing or unknown."))
    try:
        return kind(*(value.read(members[name]) if name in members else "" for name, value in form.items()))
    except ValueError as error:
        if isinstance(error, UsageError | UnsupportedAlgorithmError):
            raise
        raise _not_a_message() from None  # a failure with a text that is not ours


def _json(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode("ascii")


def _object(text: bytes) -> dict[str, object]:
    """The members of the JSON object *text*; objects in it are tuples of pairs until :func:`_members` has seen them."""
    try:
        characters = text.decode("utf-8")
        if _depth(characters) > DEPTH_MAX:
            raise _not_a_message()
        return _members(json.loads(characters, object_pairs_hook=tuple))
    except ValueError:  # a UsageError is one
        raise _not_a_message() from None


def _depth(characters: str) -> int:
    """How deep brackets outside strings are nested."""
    depth = deepest = 0
    in_string = False
    for token in re.findall(r'\\.|["\[\]{}]', characters):
        if token == '"':
            in_string = not in_string
        elif not in_string:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)
            deepest = max(deepest, depth)
    return deepest


def _members(value: object) -> dict[str, object]:
    """The members of an object, which must have each name once."""
    pairs = cast(tuple[tuple[str, object], ...], value) if isinstance(value, tuple) else None
    if pairs is None or len(members := dict(pairs)) != len(pairs):
        raise UsageError(N_("A value is not an object with each name once."))
    return members


def _not_a_message() -> ProtocolError:
    return ProtocolError(N_("This is not a message of the Web eID protocol."))
