"""What is wrong with an application, in both languages: a stable code, and a sentence for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from mynacard.texts import N_

__all__ = ["MESSAGES", "Message", "Severity", "Violation", "error", "warning"]


class Severity(StrEnum):
    """Whether it stops an application. What is not known for certain only warns."""

    ERROR = "error"
    WARNING = "warning"


class Message(NamedTuple):
    """A sentence, with ``{names}`` where details go."""

    en: str
    ja: str


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a rule, or the form, says against an application.

    Attributes:
        code: stable; a key of :data:`MESSAGES`.
        field: where, as a JSON pointer into the application (RFC 6901); empty for the whole.
        severity: whether it stops the application.
        details: what goes into the sentence. No personal data.
    """

    code: str
    field: str
    severity: Severity
    details: tuple[tuple[str, str], ...] = ()

    @property
    def english(self) -> str:
        """The sentence in English."""
        return MESSAGES[self.code].en.format(**dict(self.details))

    @property
    def japanese(self) -> str:
        """The sentence in Japanese."""
        return MESSAGES[self.code].ja.format(**dict(self.details))

    def document(self) -> dict[str, str]:
        """For the wire: an entry of a problem's ``report``."""
        return {
            "field": self.field, "code": self.code, "severity": self.severity.value,
            "message_en": self.english, "message_ja": self.japanese,
        }  # fmt: skip


def error(code: str, field: str, /, **details: object) -> Violation:
    """What stops an application."""
    return _violation(code, field, Severity.ERROR, details)


def warning(code: str, field: str, /, **details: object) -> Violation:
    """What does not."""
    return _violation(code, field, Severity.WARNING, details)


def _violation(code: str, field: str, severity: Severity, details: Mapping[str, object]) -> Violation:
    return Violation(code, field, severity, tuple((name, str(value)) for name, value in details.items()))


MESSAGES: Final[Mapping[str, Message]] = {
    # --- the form ---
    "form/json": Message(
        N_("This is no application: it is no JSON (line {line}, column {column})."),
        "申請データがJSONではありません（{line}行{column}文字目）。",
    ),
    "form/too-long": Message(
        N_("This is longer than an application can be ({most} bytes)."),
        "申請データが上限（{most}バイト）を超えています。",
    ),
    "form/missing": Message(N_("This has to be given."), "必須項目です。"),
    "form/unknown-field": Message(N_("There is no such item."), "この項目はありません。"),
    "form/repeated-field": Message(N_("This item is given twice."), "同じ項目が重複しています。"),
    "form/type": Message(N_("{wanted} is wanted here."), "ここには{wanted_ja}を指定してください。"),
    "form/choice": Message(
        N_("One of these is wanted here: {choices}."),
        "次のいずれかを指定してください：{choices}",
    ),
    "form/date": Message(
        N_("A day of the calendar is wanted here, as 2026-12-31."), "日付を2026-12-31の形式で指定してください。"
    ),
    "form/canonical": Message(
        N_("It is not written in the one form that everybody writes alike (RFC 8785)."),
        "正規化された形式（RFC 8785）ではありません。",
    ),
    "form/too-many": Message(N_("At most {most} of these are taken."), "{most}件までです。"),
    # --- texts ---
    "text/empty": Message(N_("This has to be filled in."), "入力してください。"),
    "text/too-long": Message(N_("At most {most} characters are taken."), "{most}文字以内で入力してください。"),
    "text/half-width": Message(
        N_("Half-width characters (ASCII) alone are taken."), "半角文字で入力してください。"
    ),
    "text/full-width": Message(N_("Full-width characters alone are taken."), "全角文字で入力してください。"),
    "text/name": Message(
        N_("A name is written in capitals of the basic alphabet, as in the passport."),
        "氏名は旅券のとおり半角英大文字で入力してください。",
    ),
    "text/digits": Message(
        N_("{count} digits without a hyphen are wanted."),
        "ハイフンなしの数字{count}桁で入力してください。",
    ),
    "text/telephone": Message(
        N_("A telephone number has digits alone, no hyphen."), "電話番号はハイフンなしの数字で入力してください。"
    ),
    "text/card-number": Message(
        N_("A residence card's number has two letters, eight digits, two letters."),
        "在留カード番号は英字2桁・数字8桁・英字2桁です。",
    ),
    "text/email": Message(N_("This is no e-mail address."), "メールアドレスの形式ではありません。"),
    "text/control": Message(
        N_("It holds characters that cannot be printed."), "印字できない文字が含まれています。"
    ),
    "contact/differs": Message(N_("The two e-mail addresses differ."), "メールアドレスが一致しません。"),
    "contact/no-telephone": Message(
        N_("One of telephone and mobile telephone has to be given."),
        "電話番号または携帯電話番号を入力してください。",
    ),
    "declaration/missing": Message(N_("This has to be declared."), "確認・申告が必要です。"),
    "representative/missing": Message(
        N_("Who applies for the person has to be given."), "代理人・取次者の情報を入力してください。"
    ),
    "delivery/email": Message(
        N_("By e-mail comes the certificate of eligibility alone."),
        "電子メールで受け取れるのは在留資格認定証明書のみです。",
    ),
    "criminal-record/detail": Message(
        N_("What it was has to be given."), "犯罪を理由とする処分の内容を入力してください。"
    ),
    # --- who may apply for what ---
    "rider/not-with-kind": Message(
        N_("{rider}: it is applied for only along with a change, an extension or an acquisition."),
        "「{rider_ja}」は、変更・更新・取得の申請と同時にのみ申請できます。",
    ),
    "rider/twice": Message(N_("This is applied for twice."), "同じ申請が重複しています。"),
    "rider/reentry-kind": Message(
        N_("Whether for one re-entry or several has to be given."),
        "再入国許可の種類（1回限り・数次）を選択してください。",
    ),
    "actor/not-allowed": Message(
        N_("This actor cannot apply for this online."), "この申請者区分では、この手続のオンライン申請はできません。"
    ),
    "actor/condition": Message(
        N_("A relative applies only for somebody under 16, or who cannot because of illness or the like."),
        "親族による申請は、本人が16歳未満又は疾病等により自ら申請できない場合に限られます。",
    ),
    "actor/condition-unknown": Message(
        N_("Whether a relative can apply for this is not known here: ask before you rely on it."),
        "親族がこの申請をできるかどうかの条件が確認できていません。事前にお確かめください。",
    ),
    "actor/self-impossible": Message(
        N_("Who holds this status cannot apply in person: no Individual Number Card is issued."),
        "この在留資格の方は本人によるオンライン申請ができません。",
    ),
    "actor/too-young": Message(
        N_("Who is under 15 has no signing certificate, and cannot apply in person."),
        "15歳未満の方は署名用電子証明書が発行されないため、本人による申請ができません。",
    ),
    "actor/not-approved": Message(
        N_("This actor needs the agency's approval before applying online."),
        "オンライン申請には、事前に利用申出の承認が必要です。",
    ),
    "actor/not-requested": Message(
        N_("The accepting organisation's request is needed."), "所属機関からの依頼が必要です。"
    ),
    "actor/abroad": Message(
        N_("Nobody who is outside of Japan can apply for this."), "日本国外にいる間は申請できません。"
    ),
    "status/unknown": Message(N_("There is no such status of residence."), "この在留資格はありません。"),
    "status/missing": Message(N_("The status of residence has to be given."), "在留資格を指定してください。"),
    "status/not-online": Message(
        N_("For this status nobody can apply online."), "この在留資格はオンライン申請の対象外です。"
    ),
    "status/permanent-not-online": Message(
        N_("Permanent residence cannot be applied for online."), "永住に関する申請はオンラインではできません。"
    ),
    "status/only-supervising-organisation": Message(
        N_("For this status the supervising organisation alone applies."),
        "この在留資格は監理団体のみが申請できます。",
    ),
    "status/per-notice": Message(
        N_("Whether it can be applied for online depends on the notice's number, and is not known here."),
        "特定活動は告示番号ごとに対象が異なります。個別にご確認ください。",
    ),
    "status/follows-sponsor": Message(
        N_("An organisation can apply for a dependent only where it can for the one who supports them."),
        "家族滞在は、扶養者について申請できる機関に限り申請できます。",
    ),
    "status/organisation-may-be-needed": Message(
        N_("For some work statuses an organisation in Japan is needed; for which is not known here."),
        "就労資格によっては、日本国内に所属機関があることが必要です。個別にご確認ください。",
    ),
    "status/same": Message(
        N_("The status that is wanted is the one that is held: then it is an extension."),
        "現在の在留資格と同じです。更新の申請を選択してください。",
    ),
    # --- when ---
    "timing/no-end": Message(
        N_("The last day of the period of stay has to be given."), "在留期間の満了日を入力してください。"
    ),
    "timing/early": Message(
        N_("Extensions are taken from about {day} on, three months before the period ends."),
        "更新申請はおおむね{day}（満了日の3か月前）から受け付けられます。",
    ),
    "timing/last-day": Message(
        N_("On the last day of the period ({day}) nothing is taken online: go to the office today."),
        "満了日（{day}）当日はオンライン申請できません。本日中に窓口で申請してください。",
    ),
    "timing/expired": Message(
        N_("The period of stay ended on {day}. Speak to the office at once."),
        "在留期間は{day}に満了しています。至急、地方出入国在留管理局にご相談ください。",
    ),
    "timing/tomorrow": Message(
        N_("Today is the last day for applying online: the period ends tomorrow ({day})."),
        "オンライン申請は本日までです（満了日は明日{day}）。",
    ),
    "timing/event-missing": Message(
        N_("The day of birth, or of the loss of nationality, has to be given."),
        "出生又は国籍離脱等の日を入力してください。",
    ),
    "timing/event-in-future": Message(N_("This day has not come yet."), "将来の日付です。"),
    "timing/acquisition-late": Message(
        N_("An acquisition is applied for within 30 days; they ended on {day}."),
        "取得の申請は事由発生から30日以内です（{day}まで）。",
    ),
    "timing/acquisition-last-day": Message(
        N_("Today is the thirtieth day; whether it still counts is not known here. Ask the office today."),
        "本日が30日目です。期間内かどうかが確認できていません。本日中に窓口にご確認ください。",
    ),
    "timing/passport-expired": Message(N_("The passport has expired."), "旅券の有効期間が満了しています。"),
    # --- attachments ---
    "attachment/too-many": Message(N_("At most {most} files are taken."), "添付ファイルは{most}個までです。"),
    "attachment/too-large": Message(
        N_("All files together have at most {most} bytes; these have {size}."),
        "添付ファイルの合計は{most}バイトまでです（現在{size}バイト）。",
    ),
    "attachment/empty": Message(N_("The file is empty."), "空のファイルです。"),
    "attachment/type": Message(
        N_("A document is a PDF file, and a photo a JPEG file."), "書類はPDF、写真はJPEGで添付してください。"
    ),
    "attachment/name": Message(
        N_("This cannot be the name of a file that goes along."), "このファイル名は使用できません。"
    ),
    "attachment/twice": Message(
        N_("Two files have this name."), "同じ名前のファイルがあります。"
    ),
    "attachment/digest": Message(N_("This is no SHA-256 value."), "SHA-256値ではありません。"),
    "attachment/changed": Message(
        N_("The file is not the one that was listed: its size or content differs."),
        "添付ファイルが記載内容と異なります（サイズ又は内容）。",
    ),
    "attachment/not-readable": Message(
        N_("The file is not of the type that it is listed as, or is encrypted."),
        "ファイルの形式が異なるか、暗号化されています。",
    ),
    "attachment/encrypted": Message(
        N_("The file seems to be encrypted, or to forbid printing or copying: such files are not taken."),
        "暗号化又は印刷・コピー制限のあるファイルのようです。受け付けられません。",
    ),
    "photo/missing": Message(N_("A photo is needed."), "写真を添付してください。"),
    "photo/maybe-missing": Message(
        N_("Whether a photo is needed here is not known; without one you may be asked for it."),
        "写真の要否が確認できていません。後日求められることがあります。",
    ),
    "photo/several": Message(N_("One photo is taken, not several."), "写真は1枚のみです。"),
    "photo/old": Message(
        N_("The photo was taken before {day}, more than six months ago."),
        "写真は6か月以内（{day}以降）に撮影したものが必要です。",
    ),
    "photo/no-day": Message(
        N_("The day on which the photo was taken has to be given."), "写真の撮影日を入力してください。"
    ),
    "photo/large": Message(
        N_("The photo has more than {most} bytes, the limit of the old system; that of the new one is not known."),
        "写真が旧システムの上限（{most}バイト）を超えています。新システムの上限は確認できていません。",
    ),
    # --- the form beside the certificate ---
    "holder/unknown": Message(
        N_("The signing certificate does not say this in a known form, so it was not compared."),
        "署名用電子証明書の記載が確認できず、照合していません。",
    ),
    "holder/birth-date-differs": Message(
        N_("The signing certificate has another birth date."), "生年月日が署名用電子証明書と異なります。"
    ),
    "holder/sex-differs": Message(
        N_("The signing certificate has another sex."), "性別が署名用電子証明書と異なります。"
    ),
    "holder/name-differs": Message(
        N_("The signing certificate has another name, or writes it otherwise."),
        "氏名が署名用電子証明書の記載と異なります。",
    ),
    "holder/address-differs": Message(
        N_("The signing certificate has another address, or writes it otherwise."),
        "住所が署名用電子証明書の記載と異なります。",
    ),
    # --- before the last step ---
    "ready/no-certificate": Message(
        N_("The card does not have this certificate: the municipality issues it."),
        "この電子証明書が発行されていません。市区町村の窓口で手続が必要です。",
    ),
    "ready/certificate-expired": Message(
        N_("The certificate expired on {day}: the municipality renews it."),
        "電子証明書の有効期間が{day}に満了しています。市区町村の窓口で更新が必要です。",
    ),
    "ready/certificate-not-yet": Message(
        N_("The certificate is not valid yet: look at this computer's clock."),
        "電子証明書の有効期間がまだ始まっていません。パソコンの時計をご確認ください。",
    ),
    "ready/certificate-ends-soon": Message(
        N_("The certificate ends on {day}: renew it before you rely on it."),
        "電子証明書の有効期間は{day}までです。早めに更新してください。",
    ),
    "ready/pin-blocked": Message(
        N_("It is blocked: the municipality sets a new one."),
        "ロックされています。市区町村の窓口で再設定が必要です。",
    ),
    "ready/pin-last-try": Message(
        N_("One try is left: if that is wrong, it is blocked."), "残り1回です。誤るとロックされます。"
    ),
    "ready/pin-unknown": Message(
        N_("How many tries are left cannot be told."), "残り回数が確認できません。"
    ),
    "ready/other-card-number": Message(
        N_("The residence card has another number."), "在留カードの番号と異なります。"
    ),
    "ready/other-end-of-stay": Message(
        N_("The residence card has another last day of the period of stay."),
        "在留カードの在留期間の満了日と異なります。",
    ),
    "ready/other-birth-date": Message(
        N_("The residence card has another birth date."), "在留カードの生年月日と異なります。"
    ),
    "ready/card-expired": Message(
        N_("The residence card expired on {day}."), "在留カードの有効期間が{day}に満了しています。"
    ),
    "ready/extension-pending": Message(
        N_("The residence card says that an application is pending."),
        "在留カードに申請中の記載があります。",
    ),
    # --- rules of two versions ---
    "rules/older-client": Message(
        N_("It was checked by older rules ({theirs}) before it was sent; here it was by {ours}."),
        "送信前の確認は旧規則（{theirs}）によるものです。当方では{ours}により確認しました。",
    ),
    "rules/newer-client": Message(
        N_("It was checked by newer rules ({theirs}) before it was sent; here it was by {ours}, which decide."),
        "送信前の確認は新しい規則（{theirs}）によるものですが、当方では{ours}により判断しました。",
    ),
}  # fmt: skip
