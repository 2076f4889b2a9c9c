"""Messages: what both sides send comes through unchanged, and nothing else does."""

from __future__ import annotations

import base64
import json
from hashlib import sha256, sha512

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import MynacardError, ProtocolError, UnsupportedAlgorithmError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.webeid import AuthenticationToken
from mynacard.webeid.messages import (
    ALGORITHMS,
    Answer,
    Authenticate,
    Command,
    Done,
    Failure,
    GetSigningCertificate,
    Greeting,
    Quit,
    Sign,
    SignatureMade,
    SigningCertificate,
    Token,
    decode_answer,
    decode_command,
    encode,
)
from tests.support import Vector, id_of, vectors

VECTORS = vectors("webeid/messages.json")
NONCE, ORIGIN = "A" * 44, "https://portal.example"
DIGEST, CERTIFICATE_DER = sha256(b"abc").digest(), bytes.fromhex("3003020101")

COMMANDS: list[Command] = [
    Quit(),
    Authenticate(NONCE, ORIGIN),
    Authenticate(NONCE, "http://localhost:8080", "ja"),
    GetSigningCertificate(ORIGIN),
    GetSigningCertificate(ORIGIN, "en"),
    Sign(DIGEST, HashAlgorithm.SHA256, CERTIFICATE_DER, ORIGIN),
    Sign(sha512(b"abc").digest(), HashAlgorithm.SHA512, CERTIFICATE_DER, ORIGIN, "ja"),
]
ANSWERS: list[Answer] = [
    Greeting("2.9.0+0"),
    Done(),
    Token(CERTIFICATE_DER, "RS256", bytes(256), "web-eid:1.0", "https://program.example/1"),
    SigningCertificate(CERTIFICATE_DER, ALGORITHMS),
    SignatureMade(bytes(256), HashAlgorithm.SHA384),
    *Failure,
]


def command(name: str = "authenticate", **arguments: object) -> bytes:
    return json.dumps({"command": name, "arguments": arguments}).encode()


def log_in(**changes: object) -> bytes:
    return command(**{"challengeNonce": NONCE, "origin": ORIGIN, **changes})


def sign(**changes: object) -> bytes:
    fields: dict[str, object] = json.loads(encode(COMMANDS[5]))["arguments"]
    return command("sign", **(fields | changes))


@pytest.mark.parametrize("vector", VECTORS, ids=id_of)
def test_what_others_send_is_read_and_written_alike(vector: Vector) -> None:
    text = json.dumps(vector.row("message")).encode()
    message = decode_command(text) if vector.text("from") == "extension" else decode_answer(text)
    assert json.loads(encode(message)) == vector.row("message")


@pytest.mark.parametrize("message", COMMANDS, ids=repr)
def test_a_command_comes_through_unchanged(message: Command) -> None:
    assert decode_command(encode(message)) == message


@pytest.mark.parametrize("message", ANSWERS, ids=repr)
def test_an_answer_comes_through_unchanged(message: Answer) -> None:
    assert decode_answer(encode(message)) == message


def test_the_token_on_the_wire_is_the_token_that_validators_read() -> None:
    token = AuthenticationToken(CERTIFICATE_DER, "RS256", bytes(256))
    fields = (token.certificate_der, token.algorithm, token.signature, token.format, token.app_version)
    assert encode(Token(*fields)).decode() == token.to_json()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b"17",
        b'"quit"',
        b'{"command":"quit"}',
        b'{"arguments":{}}',
        b'{"command":"quit","arguments":{},"more":1}',
        b'{"command":"quit","command":"quit","arguments":{}}',
        b'{"command":"quit","arguments":{},"arguments":{}}',
        b'{"command":1,"arguments":{}}',
        b'{"command":"quit","arguments":{}}x',
        b'{"command":"quit","arguments":{}',
        b'\xef\xbb\xbf{"command":"quit","arguments":{}}',
        '{"command":"quit","arguments":{}}'.encode("utf-16"),
        b'{"command":"quit","arguments":{"\xff":1}}',
        b"[" * 8000,
        b'{"a":' * 1600,
        b'{"command":"quit","arguments":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"command":"quit","arguments":{"a":{"a":{"a":{}}}}}',
        b'{"command":"quit","arguments":' + b"9" * 8000 + b"}x",
    ],
)
def test_what_is_not_a_command_is_a_protocol_error(text: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_command(text)


def test_depth_is_counted_before_anything_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mynacard.webeid.messages.json.loads", lambda *_, **__: pytest.fail("parsed"))
    for text in (b"[" * 10_000, b'{"a":' * 10_000, b'"[", "\\"", ' + b"[" * 10_000):
        with pytest.raises(ProtocolError):
            decode_command(text)


def test_brackets_in_a_text_are_not_depth() -> None:
    with pytest.raises(UsageError):
        decode_command(log_in(challengeNonce="[{" * 22))
    with pytest.raises(UsageError):
        decode_command(log_in(challengeNonce='\\"[{[{[{[{[{"' * 4))


@pytest.mark.parametrize(
    "text",
    [
        command("status"),
        command("Quit"),
        command(""),
        command("quit", lang="en"),
        command("authenticate"),
        command("authenticate", challengeNonce=NONCE),
        command("authenticate", origin=ORIGIN),
        log_in(more=""),
        log_in(pin="1234"),
        log_in(lang=None),
        log_in(lang=""),
        log_in(lang="EN"),
        log_in(lang="eng"),
        log_in(lang="en-GB"),
        log_in(lang="ｅｎ"),
        log_in(lang={}),
        log_in(challengeNonce=["A"] * 44),
        log_in(challengeNonce=None),
        log_in(origin=None),
        log_in(origin={"origin": ORIGIN}),
        log_in(origin="wss://portal.example"),
        b'{"command":"quit","arguments":[]}',
        b'{"command":"quit","arguments":null}',
        log_in()[:-2] + b', "origin": "https://other.example"}}',
        sign(hashFunction="SHA-224"),
        sign(hashFunction="SHA3-256"),
        sign(hashFunction="sha-256"),
        sign(hashFunction="SHA-1"),
        sign(hashFunction=256),
        sign(hash=""),
        sign(hash="===="),
        sign(certificate=""),
        sign(certificate=base64.b64encode(CERTIFICATE_DER).decode() + "\n"),
        sign(certificate="MAMCAQF="),
        sign(certificate="MAMCAQE"),
        sign(certificate="-_" + "A" * 6),
        sign(certificate="ＡＡＡＡ"),
    ],
)
def test_an_argument_that_does_not_fit_is_a_usage_error(text: bytes) -> None:
    with pytest.raises(UsageError):
        decode_command(text)


@pytest.mark.parametrize("length", [0, 1, 20, 28, 31, 33, 48, 64])
def test_a_hash_of_another_length_is_an_error(length: int) -> None:
    with pytest.raises((UnsupportedAlgorithmError, UsageError)):
        decode_command(sign(hash=base64.b64encode(bytes(length)).decode()))


@pytest.mark.parametrize("vector", vectors("webeid/origins.json"), ids=id_of)
def test_origins_are_those_that_the_key_signs(vector: Vector) -> None:
    text = log_in(origin=vector.text("origin"))
    if vector.flag("good", True):
        assert decode_command(text) == Authenticate(NONCE, vector.text("origin"))
    else:
        with pytest.raises(UsageError):
            decode_command(text)


@pytest.mark.parametrize("vector", vectors("webeid/nonces.json"), ids=id_of)
def test_nonces_are_those_that_the_key_signs(vector: Vector) -> None:
    nonce = "".join(str(text) * int(str(times)) for text, times in vector.rows("nonce"))
    if vector.flag("good", True):
        assert decode_command(log_in(challengeNonce=nonce)) == Authenticate(nonce, ORIGIN)
    else:
        with pytest.raises(UsageError):
            decode_command(log_in(challengeNonce=nonce))


@pytest.mark.parametrize(
    "text",
    [
        b'{"version":1}',
        b'{"error":{"code":"ERR_WEBEID_NATIVE_FATAL","message":"no text of ours"}}',
        b'{"error":"no"}',
        b'{"signature":"AAAA","signatureAlgorithm":{"hashFunction":"SHA-256"}}',
        b'{"certificate":"AAAA","supportedSignatureAlgorithms":{}}',
        b'{"unknown":1}',
    ],
)
def test_an_answer_that_does_not_fit_is_an_error(text: bytes) -> None:
    with pytest.raises((ProtocolError, UsageError)):
        decode_answer(text)


def test_a_failure_tells_a_page_a_code_of_the_extension_and_one_of_few_texts() -> None:
    codes = {failure.value[0].removeprefix("ERR_WEBEID_") for failure in Failure}
    assert codes == {"USER_CANCELLED", "NATIVE_INVALID_ARGUMENT", "NATIVE_FATAL"}
    assert len(Failure) == len({failure.value for failure in Failure})


def test_messages_do_not_print_certificates_and_signatures() -> None:
    assert not any("\\x" in repr(message).replace(repr(DIGEST), "") for message in [COMMANDS[5], *ANSWERS])


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_error_and_nothing_else(text: bytes) -> None:
    with pytest.raises(MynacardError):
        decode_command(text)


@given(st.sampled_from(COMMANDS[1:]), st.integers(0), st.integers(1, 255))
def test_a_changed_byte_makes_another_command_or_an_error(message: Command, place: int, difference: int) -> None:
    data = bytearray(encode(message))
    data[place % len(data)] ^= difference
    try:
        changed = decode_command(bytes(data))
    except MynacardError:
        return
    assert type(changed) is type(message)
    assert changed != message
