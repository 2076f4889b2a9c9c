"""Another system's profile: its own fields, codes, container and calls, without a change to client, outbox or rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import httpx2
import pytest

from mynacard.submission.application import Application
from mynacard.submission.calls import Call, PortalError
from mynacard.submission.client import Client
from mynacard.submission.exchange import Event, State, Status
from mynacard.submission.outbox import EntryState, Outbox
from mynacard.submission.profile import REFERENCE, Profile
from mynacard.submission.rules import TextForm, TextRule
from tests.submission.applications import EXTENSION, NOW


@dataclass(frozen=True)
class Extra:
    corporate_number: str
    capital: int
    note: str = ""


class ElsewhereCall(Call[Status]):
    """Reads another kind of answer."""

    __slots__ = ()

    def read(self, status: int, media_type: str, content: bytes) -> Status:
        if status != 200:
            raise PortalError(status, "elsewhere/no", "No.")
        answer = json.loads(content)
        state = {"到達": State.RECEIVED, "審査中": State.UNDER_EXAMINATION}[answer["status"]]
        return Status(answer["arrive_id"], "", (Event(state, answer["at"]),))


@dataclass(frozen=True)
class Elsewhere(Profile):
    name: str = "elsewhere"
    extra: type[Any] = Extra
    extra_texts: Any = field(default_factory=lambda: {"/corporate_number": TextRule(TextForm.HALF_WIDTH, 13)})
    codes: Any = field(default_factory=lambda: {"kinds": {"extension": "0042"}})

    def build(
        self, target: BinaryIO, manifest_json: bytes, signature: bytes, files: Sequence[Path],
        progress: Callable[[int], object],
    ) -> None:  # fmt: skip
        target.write(b"another container: " + signature + b" " + manifest_json)

    def submit(self, package: Path, size: int, key: str, number: str) -> Call[Status]:
        return ElsewhereCall("POST", "/apply", Status, package=package, headers={"X-Key": key, "X-Size": str(size)})


PROFILE = Elsewhere()
GOOD: dict[str, object] = {"corporate_number": "1234567890123", "capital": 10}


def codes(extra: dict[str, object], profile: Profile = PROFILE) -> list[tuple[str, str]]:
    application: Application = replace(EXTENSION, extra=extra)
    return [(each.field, each.code) for each in profile.check(application, now=NOW)]


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        (GOOD, []),
        ({}, [("/extra/corporate_number", "form/missing"), ("/extra/capital", "form/missing")]),
        (GOOD | {"more": 1}, [("/extra/more", "form/unknown-field")]),
        (GOOD | {"capital": "10"}, [("/extra/capital", "form/type")]),
        (GOOD | {"corporate_number": "１"}, [("/extra/corporate_number", "text/half-width")]),
        (GOOD | {"corporate_number": "1" * 14}, [("/extra/corporate_number", "text/too-long")]),
    ],
)
def test_extra_fields_are_checked_with_their_places(extra: dict[str, object], found: list[tuple[str, str]]) -> None:
    assert codes(extra) == found


def test_the_reference_has_no_extra_fields() -> None:
    assert codes({}, REFERENCE) == []
    assert codes(GOOD, REFERENCE) == [
        ("/extra/corporate_number", "form/unknown-field"), ("/extra/capital", "form/unknown-field"),
    ]  # fmt: skip


def test_codes_are_its_own_where_it_has_some() -> None:
    assert (PROFILE.code("kinds", "extension"), PROFILE.code("kinds", "change")) == ("0042", "change")
    assert REFERENCE.code("kinds", "extension") == "extension"


@pytest.mark.parametrize(
    ("status", "state"), [(200, EntryState.RECEIVED), (422, EntryState.REFUSED), (503, EntryState.READY)]
)
def test_container_and_calls_are_its_own(tmp_path: Path, status: int, state: EntryState) -> None:
    seen = list[httpx2.Request]()

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        request.read()
        content = json.dumps({"arrive_id": "123", "status": "審査中", "at": "2026-11-24T00:00:00Z"}).encode()
        return httpx2.Response(status, stream=httpx2.ByteStream(content))

    outbox = Outbox(tmp_path, PROFILE)
    transport = httpx2.MockTransport(answer)
    with Client("https://elsewhere.example/v2", outbox, profile=PROFILE, transport=transport) as client:
        entry = outbox.add(client.url, b"{}", b"signed", ())
        if status == 200:
            found = client.submit(entry).status
            assert found is not None
            assert (found.provisional_number, found.state) == ("123", State.UNDER_EXAMINATION)
        else:
            with pytest.raises(PortalError):
                client.submit(entry)
    assert outbox.entry(entry.id).state is state
    assert str(seen[0].url) == "https://elsewhere.example/v2/apply"
    assert seen[0].headers["X-Key"] == entry.key
    assert seen[0].content == b"another container: signed {}"
