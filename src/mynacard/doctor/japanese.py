"""The findings in Japanese, by their codes, and the words that their sentences name.

What a library or a card says within a sentence ({reason}) stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mynacard.doctor.findings import FINDINGS
from mynacard.doctor.systems import System

__all__ = ["SENTENCES", "WORDS", "Japanese", "japanese"]


@dataclass(frozen=True, slots=True)
class Japanese:
    """A row: the same as :class:`~mynacard.doctor.findings.Kind` has in English."""

    cause: str
    cure: str = ""
    windows: str = ""
    macos: str = ""


_START: Final = (
    "起動してください: sudo systemctl enable --now pcscd.socket（systemdがない場合: sudo pcscd）。"
    "未導入の場合: sudo apt install pcscd（Debian、Ubuntu）、sudo dnf install pcsc-lite pcsc-lite-ccid（Fedora）。"
)
_RESTART: Final = (
    "PC/SCサービスを再起動してください: sudo systemctl restart pcscd。またはリーダーを取り外してください。"
)
_RESTARTS: Final = (
    "サービス「Smart Card」（SCardSvr）を再起動するか、リーダーを抜いて差し直してください。",
    "リーダーを抜いて差し直してください。それでも直らない場合はMacを再起動してください。",
)
_CLOSE: Final = (
    "カードを使用中のプログラムを終了して、やり直してください。現在PC/SCを使用しているプログラム: {holders}。"
)
_TAKE_OFF: Final = "カードを取り、ICチップの向きを確かめて置き直してください。直らない場合は端子を拭いてください。"
_MAKERS_DRIVER: Final = "メーカーのドライバーを導入するか、CCID対応のリーダー（ソニーRC-S300など）を使用してください。"
_RENEW: Final = "市区町村の窓口で更新してください。有効期限は mynacard info で確認できます。"
_ELSEWHERE: Final = (
    "市区町村の窓口で再設定できます。もう一方の暗証番号が分かる場合は、アプリ「JPKI暗証番号リセット」で"
    "予約のうえ、コンビニのキオスク端末でも再設定できます。"
)
_AGAIN: Final = "カードを置き直してやり直してください。直らない場合は市区町村の窓口でカードを交換してください。"

SENTENCES: Final[Mapping[str, Japanese]] = {
    "library/found": Japanese("PC/SCライブラリ: {library}"),
    "library/missing": Japanese("PC/SCライブラリがありません。", "{cure}"),
    "socket/open": Japanese("PC/SCサービスが{path}で待ち受けています。"),
    "socket/elsewhere": Japanese(
        "環境変数PCSCLITE_CSOCK_NAMEにより、PC/SCプログラムはシステムのサービスではなく{path}に接続します。",
        "模擬カードを使う場合を除き、この変数を解除してください。",
    ),
    "socket/absent": Japanese("PC/SCサービスがありません: {path}が存在しません。", _START),
    "socket/deaf": Japanese("{path}で待ち受けているものがありません: PC/SCサービスは終了しています。", _START),
    "socket/forbidden": Japanese(
        "このユーザーには{path}を開く権限がありません。",
        "権限のあるユーザーで実行するか、権限を直してください（本来は全員に開かれています: 0666）。",
    ),
    "socket/failed": Japanese("{path}を使用できません: {reason}", _RESTART),
    "service/running": Japanese("PC/SCサービスが応答しています。"),
    "service/not-running": Japanese(
        "PC/SCサービスが動作していません。", _START,
        "リーダーを接続してください。Windowsは最初のリーダーの接続でサービス「Smart Card」（SCardSvr）を開始し、"
        "最後のリーダーが外れると停止します。接続済みの場合は、サービスを開始するか、ドライバーを導入してください。",
        "macOSはリーダーがあれば自動で開始します。リーダーを抜いて差し直し、直らない場合はMacを再起動してください。",
    ),
    "service/protocol": Japanese(
        "PC/SCサービスのプロトコルは{protocol}（pcsc-lite {versions}）で、PC/SCライブラリのものと異なります。",
        "ライブラリとサービスの版を揃えてください。pcsc-liteの更新後はサービスを再起動し、コンテナー・Flatpak・Snapの"
        "中では外のシステムと同じ版のライブラリを導入してください。",
    ),
    "service/refuses": Japanese(
        "PC/SCサービスがこのユーザーまたはセッションを拒否しています（{session}）。",
        "Linuxではpolkitが判断します。SSH・コンテナー・バックグラウンドのサービスには、"
        "org.debian.pcsc-lite.access_pcsc と org.debian.pcsc-lite.access_card を許すルールが必要です"
        "（例は docs/doctor.md）。",
        "コンピューター本体のセッションで実行してください。リモートデスクトップの場合はスマートカードの"
        "リダイレクトを有効にしてください。",
        "ターミナルから実行してください。サンドボックス内のプログラムには、Appleのエンタイトルメント "
        "com.apple.security.smartcard が必要です。",
    ),
    "service/silent": Japanese("PC/SCサービスが応答しません（{call}）。", _RESTART, *_RESTARTS),
    "service/failed": Japanese("PC/SCサービスでエラーが起きました: {reason}", _RESTART, *_RESTARTS),
    "reader/found": Japanese("リーダー: {reader}"),
    "reader/none": Japanese(
        "カードリーダーが接続されていないか、PC/SCが認識していません。",
        "接続してください。接続済みの場合はPC/SCドライバーが必要です（LinuxのソニーRC-S380のように、"
        "ドライバーのない製品もあります）。",
        *("接続してください。接続済みの場合は、メーカーのドライバーを導入してください。",) * 2,
    ),
    "reader/other": Japanese(
        "{name}という名前のリーダーはありません。", "次の名前の一部を指定してください: {readers}"
    ),
    "usb/found": Japanese("USBにカードリーダーがあります: {device}"),
    "usb/none": Japanese(
        "USBにカードリーダーがありません。",
        "接続してください。接続済みの場合は、別のケーブルまたは別のポートで試してください。",
    ),
    "usb/no-driver": Japanese(
        "USBに{device}があります。メーカー独自の方式で、Linux用のPC/SCドライバーがありません（使用者: {module}）。",
        "CCID対応のリーダー（ソニーRC-S300、ACS ACR39Uなど）を使用してください。",
    ),
    "usb/kernel-module": Japanese(
        "USBに{device}がありますが、カーネルモジュール{module}が使用しているため、PC/SCサービスから使えません。",
        "モジュールを止めてください: echo blacklist {module} | sudo tee /etc/modprobe.d/{module}.conf; "
        "sudo modprobe -r {module}。その後、リーダーを差し直してください。",
    ),
    "usb/not-in-pcsc": Japanese(
        "USBに{device}がありますが、PC/SCが認識していません。ドライバーがないか、古すぎます。",
        "CCIDドライバーの最新版を導入し（sudo apt install libccid、sudo dnf install pcsc-lite-ccid）、"
        "リーダーを差し直してください。RC-S300にはlibccid 1.4.35以降が必要です。",
        _MAKERS_DRIVER, _MAKERS_DRIVER,
    ),
    "card/none": Japanese("{reader}にカードがありません。", "カードを置いてください。"),
    "card/mute": Japanese("{reader}のカードが応答しません。", _TAKE_OFF),
    "card/exclusive": Japanese("別のプログラムが{reader}のカードを占有しています。", _CLOSE),
    "card/held": Japanese("別のプログラムが{reader}のカードを放しません。", _CLOSE),
    "card/shared": Japanese(
        "別のプログラムも{reader}のカードに接続しています: {holders}",
        "支障がなければ、何もする必要はありません。そのプログラムにできることは docs/security.md をご覧ください。",
    ),
    "card/lost": Japanese("調べている間に{reader}のカードがなくなりました。", _TAKE_OFF),
    "card/failed": Japanese("{reader}のカードを使用できません: {reason}", _TAKE_OFF),
    "card/other": Japanese(
        "{reader}のカードにはJPKIアプリケーションがありません。マイナンバーカードではありません。",
        "マイナンバーカードまたは在留カードを置いてください。",
    ),
    "card/residence": Japanese(
        "{reader}のカードは{card}です。",
        "mynacard residence で読めます。JPKIを使うには、マイナンバーカードを置いてください。",
    ),
    "card/jpki": Japanese("{reader}のカードはマイナンバーカードです（{token}）。"),
    "certificate/present": Japanese("{certificate}電子証明書がカードにあります。"),
    "certificate/valid": Japanese("{certificate}電子証明書がカードにあり、90日より長く有効です。"),
    "certificate/ends-in-90-days": Japanese("{certificate}電子証明書の有効期限まで90日以内です。", _RENEW),
    "certificate/ends-in-30-days": Japanese("{certificate}電子証明書の有効期限まで30日以内です。", _RENEW),
    "certificate/expired": Japanese("{certificate}電子証明書の有効期限が切れています。", _RENEW),
    "certificate/not-yet-valid": Japanese(
        "{certificate}電子証明書の有効期間はまだ始まっていません。",
        "コンピューターの時計を合わせてください。正しい場合は、有効期間の初日までお待ちください（mynacard info）。",
    ),
    "certificate/absent": Japanese(
        "カードに{certificate}電子証明書がありません。",
        "必要な場合は、市区町村の窓口で発行を受けてください（署名用は原則15歳以上）。",
    ),
    "certificate/unreadable": Japanese("{certificate}電子証明書を読めません: {reason}", _AGAIN),
    "pin/good": Japanese("{pin}の試行回数は減っていません。"),
    "pin/fewer-tries": Japanese(
        "{pin}の残り試行回数は{all}回中{tries}回です。",
        "慎重に入力してください。正しく入力すると回数は元に戻ります。",
    ),
    "pin/last-try": Japanese(
        "{pin}の残り試行回数は1回です。間違えるとロックされます。",
        "確実に分かる場合にだけ入力してください。正しく入力すると回数は元に戻ります。分からない場合は市区町村の窓口へ。",
    ),
    "pin/blocked": Japanese("{pin}はロックされています。試行回数が残っていません。", _ELSEWHERE),
    "pin/tries-unknown": Japanese(
        "カードは{pin}の残り試行回数を示しません。", "確実に分かる場合にだけ入力してください。"
    ),
    "pin/open": Japanese(
        "カードは今{pin}を求めず、残り試行回数を示しません。照合済みの可能性があります。",
        "カードを取って置き直してください。",
    ),
    "pin/not-set": Japanese(
        "{pin}は設定されていません。暗証番号のない、顔認証のカードです。",
        "必要な場合は市区町村の窓口で設定できます。設定がないと、この鍵による署名はできません。",
    ),
    "pin/untold": Japanese("カードは{pin}の状態を示しません: {reason}", _AGAIN),
    "clock/good": Japanese("コンピューターの時計に明らかな誤りはありません。"),
    "clock/behind": Japanese(
        "コンピューターの時計が遅れています。{than}のほうが新しい日時のものです。",
        "時計を合わせるか、ネットワークで合わせてください: sudo timedatectl set-ntp true",
        "時計を合わせてください:「設定」→「時刻と言語」→「日付と時刻」→「今すぐ同期」。",
        "時計を合わせてください:「システム設定」→「一般」→「日付と時刻」→「日付と時刻を自動的に設定」。",
    ),
}  # fmt: skip

WORDS: Final[Mapping[str, str]] = {
    "good": "正常",
    "notice": "注意",
    "problem": "問題",
    "not known here": "不明",
    "nobody": "なし",
    "a container": "コンテナー",
    "an SSH session": "SSHのセッション",
    "a remote desktop session": "リモートデスクトップのセッション",
    "no login session, as of a background service": "ログインセッションなし（バックグラウンドのサービスなど）",
    "a session at this computer": "このコンピューターでのセッション",
    "this version of mynacard": "このmynacardの版",
    "the card's certificate": "カードの電子証明書",
    "user-authentication": "利用者証明用",
    "digital-signature": "署名用",
    "user-authentication PIN": "利用者証明用電子証明書の暗証番号",
    "digital-signature password": "署名用電子証明書の暗証番号",
    "residence card, first generation": "在留カード（第1世代）",
    "special permanent resident certificate, first generation": "特別永住者証明書（第1世代）",
    "residence card, second generation": "在留カード（第2世代）",
    "special permanent resident certificate, second generation": "特別永住者証明書（第2世代）",
    "specified residence card": "特定在留カード",
    "specified special permanent resident certificate": "特定特別永住者証明書",
    "The system's PC/SC framework could not be loaded.": "システムのPC/SCフレームワークを読み込めませんでした。",
    "The system's PC/SC library, winscard.dll, could not be loaded.": (
        "システムのPC/SCライブラリwinscard.dllを読み込めませんでした。"
    ),
    "This machine has no PC/SC library: install it (Debian, Ubuntu: sudo apt install pcscd; "
    "Fedora: sudo dnf install pcsc-lite pcsc-lite-ccid).": (
        "PC/SCライブラリを導入してください（Debian、Ubuntu: sudo apt install pcscd、"
        "Fedora: sudo dnf install pcsc-lite pcsc-lite-ccid）。"
    ),
    'This Python has no usable PC/SC binding: install it with pip install "mynacard[pcsc]" '
    "(Debian, Ubuntu: or with sudo apt install python3-pyscard).": (
        'このPythonから使えるPC/SCバインディングがありません: pip install "mynacard[pcsc]" で導入してください'
        "（Debian、Ubuntuでは sudo apt install python3-pyscard でも可）。"
    ),
}


def _translations() -> Iterator[tuple[str, str]]:
    yield from WORDS.items()
    for code, row in SENTENCES.items():
        kind = FINDINGS[code]
        yield kind.cause, row.cause
        yield kind.cure, row.cure
        yield kind.cures.get(System.WINDOWS, kind.cure), row.windows or row.cure
        yield kind.cures.get(System.MACOS, kind.cure), row.macos or row.cure


_BY_ENGLISH: Final = dict(_translations())


def japanese(text: str) -> str:
    """*text*, a sentence of a finding or a word in it, in Japanese; itself where it is neither."""
    return _BY_ENGLISH.get(text, text)
