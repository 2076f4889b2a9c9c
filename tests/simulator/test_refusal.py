"""Answers without data: done, or refused."""

from __future__ import annotations

from mynacard.apdu.commands import Part
from mynacard.apdu.status import SUCCESS, StatusWord
from mynacard.simulator.refusal import DONE, REFUSALS, Refused, status_only


def test_every_part_of_a_command_that_can_be_wrong_has_an_answer_of_its_own() -> None:
    assert REFUSALS == {Part.CLA: 0x6E00, Part.INS: 0x6D00, Part.P1_P2: 0x6A86, Part.LENGTH: 0x6700}
    assert set(REFUSALS) == set(Part)


def test_an_answer_without_data_is_two_bytes() -> None:
    assert bytes(DONE) == b"\x90\x00"
    assert DONE.status == SUCCESS
    assert bytes(status_only(StatusWord.FILE_NOT_FOUND)) == b"\x6a\x82"
    assert bytes(Refused(StatusWord.KEY_LOCKED).response) == b"\x69\x84"
