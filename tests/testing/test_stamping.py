"""The simulated authority's answers: time stamps, and the refusals that RFC 3161 names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from asn1crypto import core, tsp

from mynacard import errors
from mynacard.hashes import HashAlgorithm
from mynacard.signing import timestamp
from mynacard.signing.content import of_bytes
from mynacard.testing.stamping import POLICY, Stamper, answer
from tests.signing import tsa
from tests.trust.authorities import key

DATA: Final = b"stamped"
TIME: Final = datetime(2026, 6, 14, 1, 2, 3, tzinfo=UTC)
STAMPER: Final = Stamper(tsa.CERTIFICATE, key("time"), 0x1234, TIME)


def request(**changed: Any) -> Any:
    """A request for DATA, with some of its values *changed*."""
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": HashAlgorithm.SHA256.digest(DATA)}
    return tsp.TimeStampReq({"version": 1, "message_imprint": imprint, **changed})


def ask(asked: bytes) -> bytes:
    return answer(asked, STAMPER)


def answered(asked: bytes) -> Any:
    """The time stamp's statement in the answer to *asked*, after its status was found to be a success."""
    response: Any = tsp.TimeStampResp.load(ask(asked), strict=True)
    assert response["status"]["status"].native == "granted"
    return response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed.native


def test_the_statement_says_what_was_asked_for_and_when() -> None:
    assert answered(request(nonce=99).dump()) == {
        "version": "v1",
        "policy": POLICY,
        "message_imprint": request()["message_imprint"].native,
        "serial_number": 0x1234,
        "gen_time": TIME,
        "accuracy": {"seconds": 1, "millis": None, "micros": None},
        "ordering": False,
        "nonce": 99,
        "tsa": None,
        "extensions": None,
    }
    assert answered(request(req_policy=POLICY).dump())["nonce"] is None


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_every_hash_function_is_stamped(hash_: HashAlgorithm) -> None:
    stamp = timestamp.parse(timestamp.obtain(hash_.digest(DATA), hash_, ask), of_bytes(DATA))
    assert (stamp.time, stamp.fits) == (TIME, True)


@pytest.mark.parametrize("wanted", [True, False])
def test_the_certificate_comes_only_when_it_is_wanted(wanted: bool) -> None:
    response: Any = tsp.TimeStampResp.load(ask(request(cert_req=wanted).dump()))
    assert len(response["time_stamp_token"]["content"]["certificates"]) == wanted


SHORT: Final = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(20)}
SHA1: Final = {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20)}
UNKNOWN: Final = {"extn_id": "1.2.3", "critical": True, "extn_value": core.Null().dump()}


@pytest.mark.parametrize(
    ("asked", "failure"),
    [
        pytest.param(b"", "bad_data_format", id="nothing"),
        pytest.param(b"\x30\x03\x02\x01\x01", "bad_data_format", id="half of it"),
        pytest.param(request().dump() + b"\0", "bad_data_format", id="more than one"),
        pytest.param(request(version=2).dump(), "bad_request", id="another version"),
        pytest.param(request(message_imprint=SHA1).dump(), "bad_alg", id="a weak hash function"),
        pytest.param(request(message_imprint=SHORT).dump(), "bad_data_format", id="a short digest"),
        pytest.param(request(req_policy="1.2.3").dump(), "unaccepted_policy", id="another policy"),
        pytest.param(request(extensions=[UNKNOWN]).dump(), "unaccepted_extensions", id="an extension"),
    ],
)
def test_what_cannot_be_stamped_is_refused_with_its_reason(asked: bytes, failure: str) -> None:
    status: Any = core.Sequence.load(ask(asked), strict=True)
    info: Any = tsp.PKIStatusInfo.load(status[0].dump(), strict=True)
    assert (info["status"].native, info["fail_info"].native) == ("rejection", {failure})


def test_a_refusal_reaches_the_caller_in_words() -> None:
    with pytest.raises(errors.TimeStampError, match=f"refused: The only policy is {POLICY}"):
        timestamp.obtain(
            HashAlgorithm.SHA256.digest(DATA), HashAlgorithm.SHA256, lambda _: ask(request(req_policy="1.2.3").dump())
        )
