"""The findings expected for a submission's kind, riders, actor and statuses, written by hand from the official pages.

It knows nothing of the package's own rules, so that it can disagree with them. It was made from notes on stored copies
of these pages, collected 2026-11-23:

- ISA's list of kinds and actors (moj.go.jp/isa/content/001369137.pdf): the matrix of marks. The notes under it were
  seen in part: what the bare △ asks for, and the end of the list of △a, are not known.
- ISA's list of statuses, 001351658.pdf (2024-08-07): what is not online, or only for some. It says of several work
  statuses "those who have an organisation in Japan"; which ones is not known, so nothing here speaks of it.
- ISA's questions and answers (moj.go.jp/isa/applications/online/online-QA.html, /guide/online-QA.html): the riders; and
  that permanent residence is not online (Q&A as checked 2026-05-12).
- One office (bridge2n.jp/17316045576856): who cannot hold a card. It names stays under 3 months and ages under 15 too,
  which nothing here considers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

KINDS: Final = ("coe", "change", "extension", "acquisition", "work_certificate")
RIDERS: Final = ("reentry", "extra_activity")
ACTORS: Final = (
    "self",
    "legal_representative",
    "relative",
    "professional",  # a lawyer or administrative scrivener
    "organisation",  # staff of the accepting organisation
    "support_organisation",  # staff of a public-interest corporation or a registered support organisation
)

TAKES_RIDERS: Final = ("change", "extension", "acquisition")  # online-QA.html; 001351658.pdf (2024-08-07)

COLUMNS: Final = ("coe", "change", "extension", "acquisition", "work_certificate", "extra_activity", "reentry")
MATRIX: Final[dict[str, tuple[str, ...]]] = {  # 001369137.pdf, kinds in its order; 表: as the statuses say
    #                       coe   change extens. acquis. work   extra  reentry
    "self":                 ("○",  "○",  "○",  "○",  "○",  "○",  "○"),
    "legal_representative": ("○",  "○",  "○",  "○",  "○",  "○",  "○"),
    "relative":             ("△a", "△b", "△b", "△",  "×",  "×",  "△b"),
    "professional":         ("○",  "○",  "○",  "○",  "○",  "○",  "○"),
    "organisation":         ("表", "表", "表", "表", "表", "表", "表"),
    "support_organisation": ("表", "表", "表", "表", "表", "表", "表"),
}  # fmt: skip

# The targets that △a was seen to name. Of designated activities it names several notices: the status does not tell.
RELATIVE_MAY_ASK: Final = ("cultural_activities", "student", "dependent", "spouse_of_japanese")

STAFF: Final = ("organisation", "support_organisation")  # of which class a supervising organisation is, no page says

CANNOT_HOLD_A_CARD: Final = ("diplomat", "official", "temporary_visitor")  # bridge2n.jp/17316045576856, one office

# ✗: not online. supervisor: group-supervised, only by the supervising organisation. notice: decided per notice number.
# sponsor: follows the sponsor's eligibility when an organisation files.
STATUS_NOTES: Final[dict[str, tuple[str, str]]] = {  # Act, Appended Tables I and II; notes: 001351658.pdf (2024-08-07)
    # I(1)
    "diplomat":                          ("外交", "✗"),
    "official":                          ("公用", "○"),
    "professor":                         ("教授", "○"),
    "artist":                            ("芸術", "○"),
    "religious_activities":              ("宗教", "○"),
    "journalist":                        ("報道", "○"),
    # I(2)
    "highly_skilled_1a":                 ("高度専門職1号イ", "○"),
    "highly_skilled_1b":                 ("高度専門職1号ロ", "○"),
    "highly_skilled_1c":                 ("高度専門職1号ハ", "○"),
    "highly_skilled_2":                  ("高度専門職2号", "○"),
    "business_manager":                  ("経営・管理", "○"),
    "legal_accounting_services":         ("法律・会計業務", "○"),
    "medical_services":                  ("医療", "○"),
    "researcher":                        ("研究", "○"),
    "instructor":                        ("教育", "○"),
    "engineer_humanities_international": ("技術・人文知識・国際業務", "○"),
    "intra_company_transferee":          ("企業内転勤", "○"),
    "nursing_care":                      ("介護", "○"),
    "entertainer":                       ("興行", "○"),
    "skilled_labor":                     ("技能", "○"),
    "specified_skilled_1":               ("特定技能1号", "○"),
    "specified_skilled_2":               ("特定技能2号", "○"),
    "technical_intern_1a":               ("技能実習1号イ", "○"),
    "technical_intern_1b":               ("技能実習1号ロ", "supervisor"),
    "technical_intern_2a":               ("技能実習2号イ", "○"),
    "technical_intern_2b":               ("技能実習2号ロ", "supervisor"),
    "technical_intern_3a":               ("技能実習3号イ", "○"),
    "technical_intern_3b":               ("技能実習3号ロ", "supervisor"),
    # I(3)
    "cultural_activities":               ("文化活動", "○"),
    "temporary_visitor":                 ("短期滞在", "✗"),
    # I(4)
    "student":                           ("留学", "○"),
    "trainee":                           ("研修", "○"),
    "dependent":                         ("家族滞在", "sponsor"),
    # I(5)
    "designated_activities":             ("特定活動", "notice"),
    "designated_activities_departure":   ("特定活動（出国準備期間）", "✗"),
    # II
    "permanent_resident":                ("永住者", "○"),  # as held: it is not granted online, and has no end to extend
    "spouse_of_japanese":                ("日本人の配偶者等", "○"),
    "spouse_of_permanent_resident":      ("永住者の配偶者等", "○"),
    "long_term_resident":                ("定住者", "○"),
}  # fmt: skip

STATUSES: Final = tuple(STATUS_NOTES)


def expected(
    kind: str,
    riders: frozenset[str],
    actor: str,
    current: str | None,
    target: str | None,
    *,
    under_16: bool = False,
    ill: bool = False,
    supervising: bool = False,
) -> frozenset[str]:
    """The codes of all findings about this submission; the last two are warnings.

    Args:
        current: the status held; None for coe and acquisition.
        target: the status wanted; None for extension and work_certificate.
        ill: the subject cannot apply, because of illness or the like.
        supervising: the actor's organisation is the one that supervises the intern.
    """
    marks = {MATRIX[actor][COLUMNS.index(asked)] for asked in (kind, *riders)}
    notes = {STATUS_NOTES[status][1] for status in (current, target) if status is not None}
    granted = current if kind == "extension" else target
    verdicts = {
        "rider/not-with-kind": bool(riders) and kind not in TAKES_RIDERS,
        "actor/not-allowed": "×" in marks,
        "actor/condition": "△b" in marks and not (under_16 or ill),
        "actor/condition-unknown": "△" in marks or ("△a" in marks and target not in RELATIVE_MAY_ASK),
        "actor/self-impossible": actor == "self" and current in CANNOT_HOLD_A_CARD,
        "status/not-online": "✗" in notes,
        "status/permanent-not-online": granted == "permanent_resident",
        "status/only-supervising-organisation": "supervisor" in notes and not (actor in STAFF and supervising),
        "status/per-notice": "notice" in notes,
        "status/follows-sponsor": "sponsor" in notes and actor in STAFF,
    }
    return frozenset(code for code, applies in verdicts.items() if applies)


PIVOT: Final = "engineer_humanities_international"  # one side of every change below, for all pairs would be too many


def every_case() -> Iterator[tuple[str, frozenset[str], str, str | None, str | None]]:
    """Every kind, set of riders, actor, current and target status; of changes, those from or to PIVOT."""
    for kind in KINDS:
        for actor in ACTORS:
            for riders in ((), ("reentry",), ("extra_activity",), RIDERS):
                for current, target in _statuses(kind):
                    yield kind, frozenset(riders), actor, current, target


def _statuses(kind: str) -> Sequence[tuple[str | None, str | None]]:
    """The pairs of current and target status that go with *kind*."""
    match kind:
        case "change":
            return [(PIVOT, s) for s in STATUSES] + [(s, PIVOT) for s in STATUSES if s != PIVOT]
        case "coe" | "acquisition":
            return [(None, s) for s in STATUSES]
        case _:
            return [(s, None) for s in STATUSES]
