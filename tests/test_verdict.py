"""A verdict is one of three, so nothing takes it for a yes or a no; codes of steps are stable and well formed."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, Final

import pytest

import mynacard
from mynacard.verdict import Step, Verdict, bad, good, not_checked, overall

SOURCE: Final = Path(mynacard.__file__).parent
_CODE: Final = re.compile(r"[a-z]+(-[a-z]+)*/[a-z0-9]+(-[a-z0-9]+)*")

STEPS: Final[list[Any]] = [*Verdict, good("a/b", "It is."), bad("a/b", "It is not.")]


@pytest.mark.parametrize("value", STEPS, ids=str)
def test_nothing_takes_a_verdict_or_a_step_for_a_yes(value: Any) -> None:
    for use in (
        lambda: bool(value),
        lambda: 1 if value else 2,
        lambda: any([value]),
        lambda: all([value]),
        lambda: value or None,
        lambda: value and 1,
        lambda: not value,
        lambda: list(filter(None, [value])),
    ):
        with pytest.raises(TypeError, match="truth value"):
            use()


def test_verdicts_are_compared_and_printed_as_ever() -> None:
    assert Verdict("good") is Verdict.GOOD
    assert [verdict.value for verdict in Verdict] == ["good", "bad", "not-checked"]
    assert {Verdict.GOOD: 1}[Verdict.GOOD] == 1
    assert f"{Verdict.NOT_CHECKED}" == "not-checked"


def test_the_whole_is_never_better_than_its_worst_step() -> None:
    fine, open_, wrong = good("a/b", ""), not_checked("a/b", ""), bad("a/b", "")
    assert overall([fine, fine]) is Verdict.GOOD
    assert overall([fine, open_]) is Verdict.NOT_CHECKED
    assert overall([fine, open_, wrong]) is Verdict.BAD
    assert overall([]) is Verdict.NOT_CHECKED


def test_a_step_s_topic_is_the_first_part_of_its_code() -> None:
    assert Step(Verdict.GOOD, "revocation/no-data", "").topic == "revocation"


def codes() -> dict[str, set[tuple[str, str]]]:
    """The codes that the source gives to steps: verdict and file of each."""
    given: dict[str, set[tuple[str, str]]] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="good" | "bad" | "not_checked" as verdict), args=[first, *_]):
                    assert isinstance(first, ast.Constant), f"{path.name}:{node.lineno}: a code is a literal"
                    given.setdefault(str(first.value), set()).add((verdict, path.relative_to(SOURCE).parts[0]))
    return given


def test_each_code_is_topic_and_reason_and_stands_for_one_verdict() -> None:
    for code, uses in codes().items():
        assert _CODE.fullmatch(code), code
        assert len({verdict for verdict, room in uses if room not in {"personal", "residence"}}) <= 1, (code, uses)
    assert len(codes()) > 60
