"""The table *attack × verdict*: what each attack on a signed PDF file makes of the first signature and of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import pytest
from pyhanko.sign.fields import MDPPerm

from mynacard import errors
from mynacard.signing import pades
from mynacard.signing.beyond import Beyond, Place
from mynacard.signing.judging import Judgements, judge
from mynacard.trust import Anchor, RevocationEvidence, Verdict
from tests.signing import attacks, contracts, tsa
from tests.signing.attacks import BOX, EVIL_TEXT, JAVASCRIPT, OTHER_FONT, Attack
from tests.signing.contracts import (
    AMOUNT,
    CATALOG,
    FINAL,
    FONT,
    FORM,
    HIDDEN,
    INFO,
    LOCK,
    METADATA,
    MISSING,
    NEW,
    NO_VIEW,
    OBJECTS,
    OTHER_CATALOG,
    OTHER_PAGES,
    OTHER_TEXT,
    OVER_THE_TEXT,
    OVERLAY,
    PAGE,
    PAGES,
    PREPARED,
    REMARK,
    SIGNATURE_FIELDS,
    STAMP,
    STAMP_LOOK,
    TEXT,
    by_hand,
    by_second,
    certified,
    page,
    references,
    signed,
    signed_file,
    stream,
    time_stamped,
    update,
    with_form,
)
from tests.signing.test_timestamp import revocation_list

GOOD, BAD, OPEN = Verdict.GOOD, Verdict.BAD, Verdict.NOT_CHECKED
VERDICTS: Final = {
    Beyond.NOTHING: GOOD, Beyond.UNSEEN_ADDITIONS: GOOD, Beyond.LATER_SIGNATURES: GOOD,
    Beyond.NEW_VISIBLE_SIGNATURE: OPEN, Beyond.FILLED_IN_FIELDS: OPEN, Beyond.NOT_CHECKED: OPEN, Beyond.IRREGULAR: OPEN,
}  # fmt: skip
"""What each value means for the signature; BAD where it is not here."""

# --- the documents, each signed in First ---

WITH_MISSING_CONTENTS: Final = page(f"[{references(TEXT, MISSING)}]", references(*SIGNATURE_FIELDS, STAMP))
DOCUMENTS: Final[dict[str, bytes]] = {
    "contract": signed(OBJECTS),
    "form": signed(with_form()),
    "form without defaults": signed(with_form("")),
    "form with a locked field": signed(with_form(first=LOCK)),
    "form locked as a whole": signed(with_form(first=FINAL)),
    "form with a missing parent": signed(with_form(amount=f"/Parent {MISSING} 0 R")),
    "page with missing contents": signed(OBJECTS | {PAGE: WITH_MISSING_CONTENTS}),
    "stamp with a missing look": signed(
        OBJECTS | {STAMP: OBJECTS[STAMP].replace(f"/N {STAMP_LOOK} 0 R", f"/N {MISSING} 0 R")}
    ),
    "page with freed contents": signed_file(
        update(contracts.file_of(OBJECTS | {PAGE: WITH_MISSING_CONTENTS}), {}, free=(MISSING,))
    ),
    "object streams": contracts.compressed(),
} | {f"certified {level.value}": certified(with_form(), level) for level in MDPPerm}  # fmt: skip


CONTRACT, FORM_FILE = "contract", "form"
KINDS: Final = (
    "Text", "Link", "FreeText", "Line", "Square", "Circle", "Polygon", "PolyLine", "Highlight", "Underline", "Squiggly",
    "StrikeOut", "Caret", "Stamp", "Ink", "Popup", "FileAttachment", "Sound", "Movie", "Screen", "PrinterMark",
    "TrapNet", "Watermark", "3D", "Redact", "Projection", "RichMedia", "Widget", "Unknown",
)  # fmt: skip
"""The kinds of annotations (ISO 32000-2 §12.5.6.1, Table 171), and one that is not there."""
IN_THE_CATALOG: Final = (
    f"/OpenAction {JAVASCRIPT}", f"/AA << /WC {JAVASCRIPT} >>", "/OCProperties << /OCGs [] /D << >> >>",
    f"/Names << /JavaScript << /Names [(x) {JAVASCRIPT}] >> >>", "/ViewerPreferences << /HideToolbar true >>",
    "/PageLabels << /Nums [0 << /P (A-) >>] >>", "/MarkInfo << /Marked true >>", "/Perms << >>",
    "/PageMode /FullScreen", "/URI << /Base (http://example.invalid/) >>", "/Lang (ja)", "/Outlines << >>",
    "/StructTreeRoot << >>", "/AF []", "/Requirements []", "/Collection << >>", "/Unknown (x)",
)  # fmt: skip
"""Entries of the catalog (ISO 32000-2 §7.7.2, Table 29), and one that is not there."""
IN_THE_PAGE: Final = (
    "/Rotate 180", "/CropBox [0 0 595 500]", "/UserUnit 2", f"/AA << /O {JAVASCRIPT} >>", "/Group << >>",
    "/Unknown (x)",
)  # fmt: skip
"""Entries of a page (ISO 32000-2 §7.7.3.3, Table 31), and one that is not there."""
JUNK: Final = ("null", "5", "(signed)", "[]", "<< >>", "<< /Type /Sig >>", f"{MISSING} 0 R")

PASSWORD: Final = 1 << 13
"""The flag of a text field whose value is shown as bullets or the like (ISO 32000-2 §12.7.5.3, Table 231)."""


def inserted(text: str) -> Callable[[str], str]:
    return lambda dictionary: dictionary.replace("<<", f"<< {text}", 1)


ATTACKS: Final[dict[tuple[str, Beyond], dict[str, Attack]]] = {
    (CONTRACT, Beyond.VISIBLE_TIME_STAMP): {
        "overlay by a time stamp": attacks.visible_time_stamp,
        "overlay by what claims to be a time stamp": attacks.unsigned_field(more="/V << /Type /DocTimeStamp >>"),
        "time stamp in a Hidden field that is shown later": attacks.then(
            attacks.time_stamp_in("Hidden"), attacks.changed(HIDDEN, "/F 6", "/F 4")
        ),
        "overlay by a time stamp in a prepared field": attacks.time_stamp_in("Prepared"),
    },
    (CONTRACT, Beyond.NEW_VISIBLE_SIGNATURE): {
        "overlay by a second signer": attacks.visible_signature,
    },
    (CONTRACT, Beyond.NEW_VISIBLE_FIELD): {
        "prepared field with junk as signature": attacks.entries(PREPARED, f"/V (x) /AP << /N {OVERLAY} 0 R >>"),
        "overlay by an empty field": attacks.unsigned_field(),
        "rectangle: five numbers": attacks.unsigned_field("[60 680 560 740 0]"),
        "rectangle: references": attacks.unsigned_field(
            f"[{references(*range(NEW + 1, NEW + 5))}]", others={NEW + 1 + at: str(n) for at, n in enumerate(BOX)}
        ),
        "rectangle: from its other corner": attacks.unsigned_field("[560 740 60 680]"),
        "flags: NoView and Print": attacks.unsigned_field(flags=36),
        "flags: NoView and ToggleNoView": attacks.unsigned_field(flags=288),  # shown under the pointer
        "flags: a number with a fraction": attacks.unsigned_field(flags=2.9),
        "flags: Hidden, beyond 32 bits": attacks.unsigned_field(flags=2**32 + 2),
        "widget below the field": attacks.kids(1),
        "widget far below the field": attacks.kids(2),
        "shadow: show a field": attacks.show,
        "second signer shows a Hidden field": attacks.moved("Hidden", HIDDEN, F=attacks.number(4)),
        "second signer's Hidden field is shown later": attacks.then(
            lambda data: by_second(data, "Hidden"), attacks.changed(HIDDEN, "/F 6", "/F 4")
        ),
        "second signer shows a NoView field": attacks.moved("NoView", NO_VIEW, F=attacks.number(4)),
        **{f"junk as signature: {value}": attacks.unsigned_field(more=f"/V {value}") for value in JUNK},
        **{
            f"reference to junk as signature: {value}": attacks.unsigned_field(
                more=f"/V {NEW + 1} 0 R", others={NEW + 1: value}
            )
            for value in JUNK
        },
    },
    (CONTRACT, Beyond.ANNOTATIONS): {
        "shadow: show an annotation": attacks.show_annotation,
        "shadow: hide a stamp": attacks.hide,
        "prepared field on another page": attacks.on_another_page,
        "annotation changed": attacks.changed(STAMP, "not binding", "binding"),
        "annotation removed": attacks.page_in_place(lambda page: page.replace(f"{STAMP} 0 R", "")),
        "annotations reordered": attacks.page_in_place(
            lambda page: page.replace(f"{STAMP} 0 R", "").replace("/Annots [", f"/Annots [{STAMP} 0 R ")
        ),
        "invisible annotation": attacks.annotation("FreeText", flags=2),
        "note that claims to be a signature field": attacks.another_subtype,
        "annotation with an action": attacks.annotation("Link", more=f"/A {JAVASCRIPT}"),
        **{f"annotation: {kind}": attacks.annotation(kind) for kind in KINDS},
    },
    (CONTRACT, Beyond.FORM_DEFAULTS): {
        "another /DA without fields": attacks.changed(FORM, "0 g", "1 g"),
        "another font in /DR": attacks.changed(FORM, f"/F1 {FONT} 0 R", f"/F1 {NEW} 0 R", more={NEW: OTHER_FONT}),
    },
    (FORM_FILE, Beyond.FORM_DEFAULTS): {
        "another /DA": attacks.changed(FORM, "0 g", "1 g"),
        "/DA removed": attacks.changed(FORM, "/DA (/F1 24 Tf 0 g)", ""),
        "/DR removed": attacks.changed(FORM, f"/DR << /Font << /F1 {FONT} 0 R >> >>", ""),
        "/DR enlarged where there is a text field": attacks.changed(
            FORM, "/Font <<", f"/Font << /F2 {NEW} 0 R", more={NEW: OTHER_FONT}
        ),
        "/Q added": attacks.entries(FORM, "/Q 2"),
        "/NeedAppearances added": attacks.entries(FORM, "/NeedAppearances true"),
        "another /DA of one field": attacks.entries(AMOUNT, "/DA (/F1 24 Tf 1 g)"),
        "text field shown as a password": attacks.entries(AMOUNT, f"/Ff {PASSWORD}"),
        "shadow: hide a text field": attacks.changed(AMOUNT, "/F 4", "/F 2"),
        "another /Q of one field": attacks.entries(AMOUNT, "/Q 2"),
    },
    ("form without defaults", Beyond.FORM_DEFAULTS): {
        "/DA added": attacks.entries(FORM, "/DA (/F1 24 Tf 1 g)"),
        "/DR added": attacks.entries(FORM, f"/DR << /Font << /F1 {FONT} 0 R >> >>"),
    },
    (CONTRACT, Beyond.CATALOG): {
        **{f"catalog: {text.split()[0]}": attacks.entries(CATALOG, text) for text in IN_THE_CATALOG},
        "catalog: no /Metadata": attacks.changed(CATALOG, f"/Metadata {METADATA} 0 R", ""),
        "catalog: other /Pages": attacks.changed(CATALOG, f"/Pages {PAGES} 0 R", f"/Pages {OTHER_PAGES} 0 R"),
        "hide and replace: another catalog by the trailer": attacks.other_root(OTHER_CATALOG),
        "hide and replace: another catalog by the xref": attacks.swapped(CATALOG),
    },
    (CONTRACT, Beyond.OTHER_CHANGES): {
        "hide and replace: another page by the xref": attacks.swapped(PAGE),
        "prepared field moved": attacks.moved("Prepared", PREPARED, Rect=attacks.numbers(*BOX)),
        "prepared field enlarged": attacks.moved("Prepared", PREPARED, Rect=attacks.numbers(0, 0, 595, 842)),
        "prepared field without a signature looks different": attacks.entries(PREPARED, f"/AP << /N {OVERLAY} 0 R >>"),
        "shadow: replace the font": attacks.objects({FONT: OTHER_FONT}),
        "shadow: replace a stamp's look": attacks.objects({STAMP_LOOK: OBJECTS[OVERLAY]}),
        "incremental saving: properly": attacks.objects({TEXT: EVIL_TEXT}),
        "unused object replaced": attacks.objects({OTHER_TEXT: OBJECTS[TEXT]}),
        "page: other contents": attacks.page_in_place(lambda page: page.replace(f"{TEXT} 0 R", f"{OTHER_TEXT} 0 R")),
        **{f"page: {text.split()[0]}": attacks.page_in_place(inserted(text)) for text in IN_THE_PAGE},
        "freed text": attacks.freed(TEXT),
        "freed stamp": attacks.freed(STAMP),
        "text replaced: named by a new field": attacks.invisible_field(look=TEXT, others={TEXT: EVIL_TEXT}),
        "text replaced: named by /DR": attacks.changed(
            FORM, "/DR <<", f"/DR << /XObject << /X {TEXT} 0 R >>", more={TEXT: EVIL_TEXT}
        ),
        "text replaced: named by /DSS": attacks.entries(
            CATALOG, f"/DSS << /Certs [{TEXT} 0 R] >>", more={TEXT: EVIL_TEXT}
        ),
        "text replaced: named as /Info": attacks.with_trailer(f"/Info {TEXT} 0 R", {TEXT: EVIL_TEXT}),
        "/Info with an action": attacks.objects({INFO: f"<< /Title {JAVASCRIPT} >>"}),
        "/Info that is not a dictionary": attacks.objects({INFO: "[1 2]"}),
        "/Metadata that is not XML": attacks.objects({METADATA: stream("<x", "/Type /Metadata /Subtype /XML")}),
        "new field: /A": attacks.invisible_field(f"/A {JAVASCRIPT}"),
        "new field: /AA": attacks.invisible_field(f"/AA << /E {JAVASCRIPT} >>"),
        "new field: unknown entry": attacks.invisible_field("/Unknown (x)"),
    },
    (FORM_FILE, Beyond.NEW_VISIBLE_FIELD): {
        "text field renamed": attacks.changed(AMOUNT, "(amount)", "(remarks)"),
    },
    (FORM_FILE, Beyond.OTHER_CHANGES): {
        "text field removed": attacks.changed(FORM, f"{AMOUNT} 0 R", ""),
        "form with /XFA": attacks.entries(FORM, f"/XFA {NEW} 0 R", more={NEW: stream("<xdp/>")}),
    },
    ("page with missing contents", Beyond.OTHER_CHANGES): {
        "contents that were missing": attacks.objects({MISSING: EVIL_TEXT}),
    },
    ("stamp with a missing look", Beyond.OTHER_CHANGES): {
        "look that was missing": attacks.objects({MISSING: OBJECTS[OVERLAY]}),
    },
    ("form with a missing parent", Beyond.OTHER_CHANGES): {
        "parent that was missing": attacks.objects({MISSING: "<< /DA (/F1 24 Tf 1 g) >>"}),
    },
    ("object streams", Beyond.OTHER_CHANGES): {
        "object stream replaced": attacks.replaced_stream("ObjStm"),
    },
    (CONTRACT, Beyond.UNSIGNED_BYTES): {
        "incremental saving: xref as signed": attacks.same_xref,
        "incremental saving: the signature's copy": attacks.copied_signature,
    },
    (FORM_FILE, Beyond.FILLED_IN_FIELDS): {"form filled in": attacks.filled_in},
    ("form with a locked field", Beyond.FORBIDDEN_CHANGES): {"locked field filled in": attacks.filled_in},
    ("form with a locked field", Beyond.FORM_DEFAULTS): {
        "locked text field shown as a password": attacks.entries(AMOUNT, f"/Ff {PASSWORD}"),
    },
    ("form with a locked field", Beyond.FILLED_IN_FIELDS): {
        "field filled in beside a locked one": attacks.changed(REMARK, "/V ()", "/V (paid)"),
    },
    ("form locked as a whole", Beyond.FORBIDDEN_CHANGES): {"field of a final form filled in": attacks.filled_in},
    ("certified 1", Beyond.FORBIDDEN_CHANGES): {
        "certified 1: form filled in": attacks.filled_in,
        "certified 1: new visible signature": attacks.visible_signature,
    },
    ("certified 1", Beyond.ANNOTATIONS): {"certified 1: annotation": attacks.annotation("Text")},
    ("certified 2", Beyond.FILLED_IN_FIELDS): {"certified 2: form filled in": attacks.filled_in},
    ("certified 2", Beyond.FORBIDDEN_CHANGES): {"certified 2: new visible signature": attacks.visible_signature},
    ("certified 2", Beyond.ANNOTATIONS): {"certified 2: annotation": attacks.annotation("Text")},
    ("certified 3", Beyond.FILLED_IN_FIELDS): {"certified 3: form filled in": attacks.filled_in},
    ("certified 3", Beyond.FORBIDDEN_CHANGES): {"certified 3: new visible signature": attacks.visible_signature},
    ("certified 3", Beyond.ANNOTATIONS): {"certified 3: annotation": attacks.annotation("Text")},
}
"""The attacks on each document, by what the first signature says of them."""
ROWS: Final = {
    name: (document, beyond, attack) for (document, beyond), group in ATTACKS.items() for name, attack in group.items()
}

X: Final = (Place("X", 1, (60.0, 680.0, 560.0, 740.0)),)
PLACES: Final = {
    "overlay by a time stamp": X,
    "overlay by a time stamp in a prepared field": (Place("Prepared", 1, (300.0, 40.0, 500.0, 100.0)),),
    "overlay by a second signer": X,
    "second signer shows a Hidden field": (Place("Hidden", 1, (60.0, 680.0, 560.0, 740.0)),),
    "second signer shows a NoView field": (Place("NoView", 1, (60.0, 680.0, 560.0, 740.0)),),
    "overlay by an empty field": X,
    "rectangle: references": X,
    "rectangle: from its other corner": X,
    "flags: NoView and Print": X,
    "widget below the field": X,
    "shadow: show a field": (Place("Shadow", 1, (60.0, 680.0, 560.0, 740.0)),),
    **{f"junk as signature: {value}": X for value in JUNK},
    "form filled in": (Place("amount", 1, (280.0, 600.0, 460.0, 640.0)),),
    "field filled in beside a locked one": (Place("remark", 1, (280.0, 540.0, 460.0, 580.0)),),
    "certified 2: form filled in": (Place("amount", 1, (280.0, 600.0, 460.0, 640.0)),),
}
"""The fields that are the cause."""

BROKEN: Final[dict[str, Attack]] = {
    "incremental saving: no xref, no trailer": attacks.saved("%%EOF\n"),
    "incremental saving: trailer only": attacks.saved(f"trailer\n<< /Root {CATALOG} 0 R /Size {NEW} >>\n%%EOF\n"),
    "incremental saving: startxref of 0": attacks.saved("startxref\n0\n%%EOF\n"),
    "incremental saving: signature copied, no xref": attacks.saved(f"{NEW} 0 obj\nSIGNATURE\nendobj\n%%EOF\n"),
    "two rows of the xref for one object": attacks.two_rows,
    "xref with a row of unknown kind": attacks.unknown_row,
    "object stream with overlapping objects": attacks.overlapping_objects,
    "two entries: /Contents, the last signed": attacks.page_in_place(inserted(f"/Contents {OTHER_TEXT} 0 R")),
    "two entries: /Contents, the first signed": attacks.page_in_place(
        lambda page: page.replace("/Annots", f"/Contents {OTHER_TEXT} 0 R /Annots", 1)
    ),
    "two entries: /Contents, one escaped": attacks.page_in_place(
        lambda page: page.replace("/Annots", f"/#43ontents {OTHER_TEXT} 0 R /Annots", 1)
    ),
    "two entries: /F": attacks.unsigned_field(flags=2, more="/F 4"),
    "two entries: /Rect": attacks.invisible_field(f"/Rect {OVER_THE_TEXT}"),
    "text of another generation": attacks.regenerated(TEXT, EVIL_TEXT),
    "freed text, new generation": attacks.then(attacks.freed(TEXT), attacks.regenerated(TEXT, EVIL_TEXT)),
    "wrapping: ByteRange as signed": attacks.wrapped("SIGNED"),
    "wrapping: ByteRange moved": attacks.wrapped("MOVED"),
    "wrapping: both ByteRanges": attacks.wrapped("SIGNED", "MOVED"),
    "wrapping: both ByteRanges the other way round": attacks.wrapped("MOVED", "SIGNED"),
    "wrapping: no ByteRange": attacks.wrapped(),
    "content in the padding": attacks.in_the_padding,
    "digits in the padding": attacks.padded,
    "signature removed": attacks.without_signature,
    "one of two signatures removed": attacks.then(lambda data: by_hand(data, "Other"), attacks.without_signature),
    "signature's reason replaced": attacks.another_reason,
    "trailer with /Encrypt": attacks.with_trailer(f"/Encrypt {NEW} 0 R", {NEW: "<< /Filter /Standard /V 1 /R 2 >>"}),
    **{
        f"forged {old}: {new[:35] or 'nothing'}": attacks.in_place(pattern, new)
        for old, pattern, values in (
            ("ByteRange", attacks.BYTE_RANGE, (
                "", "/ByteRange null", "/ByteRange []", "/ByteRange [0 0 0 0]", "/ByteRange [0 -1 -1 -1]",
                "/ByteRange [0 9999999 9999999 9999999]", "/ByteRange [(0) (1) (2) (3)]", "/ByteRange 5",
            )),
            ("Contents", attacks.CONTENTS, (
                "", "/Contents null", "/Contents <>", "/Contents <00>", "/Contents ()", "/Contents 5",
                "/Contents [<00>]", f"/Contents <{'0' * 1000}>",
            )),
        )
        for new in values
    },
}  # fmt: skip
"""Attacks on the file's structure and on the signature itself."""


@cache
def trust() -> dict[str, Any]:
    """What a caller needs to find a file wholly good: both authorities, and their lists of revoked certificates."""
    now = datetime.now(UTC)
    lists = (revocation_list(contracts.CA, when=now), revocation_list(tsa.CA, when=now))
    anchors, time_anchors = (Anchor(contracts.CA.certificate),), (Anchor(tsa.CA.certificate),)
    return {
        "anchors": anchors,
        "at": datetime.now(UTC),
        "evidence": RevocationEvidence(lists),
        "time_anchors": time_anchors,
    }


@cache
def attacked(name: str) -> bytes:
    document, _, attack = ROWS[name]
    data = attack(DOCUMENTS[document])
    assert data != DOCUMENTS[document]
    return data


@cache
def judged(name: str) -> Judgements:
    return judge(attacked(name), **trust())


def first(signatures: Iterable[pades.PdfSignature]) -> pades.PdfSignature:
    (signature,) = (signature for signature in signatures if signature.field == "First")
    return signature


def in_pdf(judgements: Judgements) -> list[pades.PdfSignature]:
    return [judgement.pdf for judgement in judgements if judgement.pdf is not None]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_document_is_good_before_the_attack(document: str) -> None:
    judgements = judge(DOCUMENTS[document], **trust())
    assert judgements.overall is GOOD
    assert (first(in_pdf(judgements)).beyond, first(in_pdf(judgements)).places) == (Beyond.NOTHING, ())


@pytest.mark.parametrize("name", ROWS)
def test_the_first_signature_is_not_good_for_the_attacked_file(name: str) -> None:
    judgements, beyond = judged(name), ROWS[name][1]
    assert judgements.overall is not GOOD
    assert first(in_pdf(judgements)).signature.verdict is GOOD  # for the bytes that it covers
    assert first(in_pdf(judgements)).rest.verdict is VERDICTS.get(beyond, BAD)


@pytest.mark.parametrize("name", ROWS)
def test_what_was_done_is_told_as_a_value(name: str) -> None:
    signature, beyond = first(in_pdf(judged(name))), ROWS[name][1]
    assert (signature.beyond, signature.rest.code) == (beyond, f"rest/{beyond}")


@pytest.mark.parametrize("name", PLACES)
def test_the_place_is_told_where_a_field_is_the_cause(name: str) -> None:
    assert first(in_pdf(judged(name))).places == PLACES[name]


HARMLESS_LATER: Final = {"incremental saving: xref as signed": Beyond.LATER_SIGNATURES}
"""Bytes that no version refers to, and that lie between two of them, are seen by no reader."""
MORE_OF_THEM: Final = pytest.mark.thorough("tries all attacks of a kind")
ONE_OF_A_KIND: Final = {name.partition(": ")[0]: name for name in ROWS}.values()


@pytest.mark.parametrize(
    "name",
    [name if name in ONE_OF_A_KIND else pytest.param(name, marks=MORE_OF_THEM) for name in ROWS],
)
def test_a_later_signature_does_not_heal_the_first(name: str) -> None:
    sign = by_second if ROWS[name][0] == "object streams" else by_hand
    later = first(pades.read(sign(attacked(name), "Later")))
    assert later.beyond is HARMLESS_LATER.get(name, ROWS[name][1])


BROKEN_FILES: Final = {
    **{name: (CONTRACT, attack) for name, attack in BROKEN.items()},
    "contents that were freed": ("page with freed contents", attacks.objects({MISSING: EVIL_TEXT})),
    "contents that were freed, new generation": (
        "page with freed contents",
        attacks.regenerated(MISSING, EVIL_TEXT),
    ),
    "xref stream replaced": ("object streams", attacks.replaced_stream("XRef")),
}


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_file_with_another_structure_is_refused_or_not_good(name: str) -> None:
    document, attack = BROKEN_FILES[name]
    try:
        judgements = judge(attack(DOCUMENTS[document]), **trust())
    except errors.PdfFileError:
        return
    assert all(judgement.overall is not GOOD for judgement in judgements)


CERTIFIED_AND: Final[dict[str, Attack]] = {"DSS": attacks.security_store, "time stamp": time_stamped}


@pytest.mark.parametrize("addition", CERTIFIED_AND)
@pytest.mark.parametrize("level", MDPPerm)
def test_what_keeps_a_signature_valid_is_allowed_at_every_level_of_certification(level: MDPPerm, addition: str) -> None:
    judgements = judge(CERTIFIED_AND[addition](DOCUMENTS[f"certified {level.value}"]), **trust())
    assert (judgements.overall, first(in_pdf(judgements)).beyond) == (GOOD, Beyond.UNSEEN_ADDITIONS)
