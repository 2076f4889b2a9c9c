"""The receiver's refusals in Japanese, by their codes. What is wrong with a form is told in both languages anyway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["SENTENCES"]

SENTENCES: Final[Mapping[str, str]] = {
    "account/changed": "確認した電子証明書と異なるものが申請されています。",
    "account/closed": "この利用者登録は廃止されています。",
    "account/exists": "この電子証明書は別の利用者に登録されています。",
    "account/other-certificate": "登録された署名用電子証明書による署名ではありません。",
    "account/pending": "利用者登録の承認待ちです。",
    "account/unknown": "この電子証明書は登録されていません。",
    "application/state": "申請の現在の状態では行えません。",
    "application/unknown": "該当する申請がありません。",
    "attachment/changed": "添付ファイルが記載内容と異なります。",
    "attachment/not-readable": "添付ファイルの形式が異なります。",
    "certificate/expired": "電子証明書の有効期間外です。",
    "certificate/issuer": "信頼できる認証局が発行した電子証明書ではありません。",
    "certificate/not-checked": "電子証明書の失効を現在確認できません。",
    "certificate/revoked": "電子証明書が失効しています。",
    "certificate/unsupported": "この種類の電子証明書・署名は受け付けられません。",
    "challenge/too-many": "未使用のチャレンジが多すぎます。数分後にやり直してください。",
    "challenge/unknown": "チャレンジが無効です（使用済み・期限切れ・他人のもの）。",
    "idempotency/missing": "Idempotency-Keyが必要です（16〜128文字）。",
    "idempotency/other-content": "同じIdempotency-Keyで別の内容が送信されています。",
    "manifest/audience": "別の提出先あての申請です。",
    "manifest/form": "申請データの形式が正しくありません。",
    "manifest/issued": "作成日時が受付範囲外です。パソコンの時計をご確認ください。",
    "package/form": "申請ファイルの形式が正しくありません。",
    "package/too-large": "申請ファイルが大きすぎます。",
    "request/form": "送信内容の形式が正しくありません。",
    "request/media-type": "送信内容の種類が正しくありません。",
    "request/too-large": "送信内容が大きすぎます。",
    "rules/violated": "申請内容に誤りがあります。",
    "session/unknown": "ログインしてください。",
    "signature/mismatch": "署名が正しくありません。",
    "submission/repeated": "この申請は受付済みです。",
    "token/form": "認証トークンの形式が正しくありません。",
}
"""Without details, which the English sentence has."""
