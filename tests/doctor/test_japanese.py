"""Every finding is told in both languages, with the same details."""

from __future__ import annotations

import re
import string

import pytest

from mynacard.cli.diagnosis import SIGNS
from mynacard.doctor import FINDINGS, Finding, System
from mynacard.errors import NoPcscLibraryError
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.readers import finding as reader_finding
from mynacard.residence.layout import CardType
from mynacard.texts import catalogue

japanese = catalogue("ja").gettext


def names(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def in_japanese(text: str) -> bool:
    return re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", text) is not None


@pytest.mark.parametrize("code", FINDINGS)
def test_a_row_says_the_same_in_both_languages(code: str) -> None:
    kind = FINDINGS[code]
    for one in filter(None, [kind.cause, kind.cure, *kind.cures.values()]):
        two = japanese(one)
        assert names(one) == names(two)
        assert one == "{cure}" or in_japanese(two)
        for command in re.findall(r"sudo (?:[\w/-]|\.(?=\w)| (?=\w))+", one):
            assert command in two


@pytest.mark.parametrize("code", FINDINGS)
@pytest.mark.parametrize("system", list(System))
def test_a_finding_is_told_in_japanese(code: str, system: System) -> None:
    kind = FINDINGS[code]
    finding = Finding(code, dict.fromkeys(names(kind.cause + kind.cure), "X"), system)
    assert in_japanese(finding.cause(japanese))
    if finding.cure() and kind.cure != "{cure}":
        assert in_japanese(finding.cure(japanese))


def test_the_words_within_are_told_in_japanese() -> None:
    texts = [kind.label for kind in CardType] + [text for pair in KEY_PAIRS for text in (pair.name, pair.pin.label)]
    missing = [
        text for name, value in vars(reader_finding).items() if name.startswith("_NO_")
        for text in (value.values() if isinstance(value, dict) else [value])
    ]  # fmt: skip
    assert len(missing) == 4
    assert [text for text in texts + missing + list(SIGNS.values()) if not in_japanese(japanese(text))] == []
    finding = Finding("library/missing", {"cure": NoPcscLibraryError(missing[-1])})
    assert in_japanese(finding.cure(japanese))


def test_a_text_of_somebody_else_stays_as_it_is() -> None:
    assert japanese("It broke.") == "It broke."
