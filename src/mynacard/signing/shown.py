"""Files that are signed as they were shown: only what the holder saw before typing a password gets a signature."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Self

from mynacard._dataclasses import dataclass
from mynacard.apdu.pins import PinSecret
from mynacard.errors import UsageError
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.jpki import DIGITAL_SIGNATURE, JpkiSession
from mynacard.jpki.session import again_if_held
from mynacard.opening.pins import PinProvider, verified_session
from mynacard.signing.by_card import signed
from mynacard.signing.content import hashed
from mynacard.signing.making import Format, Making
from mynacard.texts import N_, Sentence

__all__ = ["ShownFile", "sign_files", "signer"]


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file to sign, as it is shown before a password is typed.

    Attributes:
        path: the file.
        algorithm: the hash function of *digest*, and of the signature.
        digest: the hash of the file, to be shown.
        content: the file, if it is kept; else it is read again when it is signed.
        remarks: what its signer should know (:meth:`mynacard.signing.making.Making.check`).
    """

    path: Path
    algorithm: HashAlgorithm
    digest: bytes
    content: bytes | None = field(default=None, repr=False)
    remarks: tuple[Sentence, ...] = ()

    @classmethod
    def of(cls, path: Path, making: Making, *, keep: bool) -> Self:
        """The file *path*, signed once with a stand-in's key, unless the signature is to be raw.

        Args:
            path: the file; for a raw signature of any length.
            making: how it will be signed.
            keep: whether to keep the content in memory, as a pipe needs, which can be read only once. For a raw
                signature the digest is enough, and nothing is kept.

        Raises:
            MissingExtraError, PdfFileError, UsageError: as :meth:`Making.check`.
            OSError: the file cannot be read.
        """
        if making.format is Format.RAW:
            return cls(path, making.hash_, _digest(path, making.hash_))
        content = path.read_bytes()
        remarks = making.check(content)
        return cls(path, making.hash_, making.hash_.digest(content), content if keep else None, remarks)

    def read(self) -> bytes:
        """The content as it was shown.

        Raises:
            UsageError: the file was changed since.
            OSError: it cannot be read.
        """
        content = self.path.read_bytes() if self.content is None else self.content
        if self.algorithm.digest(content) != self.digest:
            raise UsageError(N_("{file} was changed after it was shown, and is not signed."), file=self.path)
        return content


def signer(session: JpkiSession, making: Making) -> Callable[[ShownFile], bytes]:
    """A function that signs a file as *making* says, with the signing key, whose password *session* has verified.

    Each call of the function makes one signature on the card, and a second one if *session* was given a certificate
    that is not that of the card's key. It raises what :func:`mynacard.signing.by_card.signed`, :meth:`ShownFile.read`
    and :meth:`Making.sign` do.
    """
    if making.format is Format.RAW:
        return lambda file: again_if_held(lambda: session.sign_digest_info(digest_info(file.algorithm, file.digest)))

    def sign(file: ShownFile) -> bytes:
        document = file.read()
        return signed(session, lambda certificate, key: making.sign(document, certificate, key))

    return sign


def sign_files(
    making: Making, files: Sequence[Path], pin: PinSecret | PinProvider, *, name: str | None = None, purpose: str = ""
) -> Iterator[tuple[Path, bytes]]:
    """Sign many files after one PIN entry. All are checked before; then each comes out as soon as it is signed.

    The session ends with the iterator: exhaust it, or close it.

    Args:
        making: how they are signed.
        files: the files; each is read again when it is signed.
        pin: the password of the signing key, or a provider, which is called when all files were checked.
        name: which card, as :func:`mynacard.open_card` takes it.
        purpose: what the password is for, to show to the holder.

    Raises:
        MissingExtraError, PdfFileError, UsageError, OSError: as :meth:`ShownFile.of`; nothing was signed.

    The iterator raises what :func:`mynacard.verified_session` and the function of :func:`signer` do.
    """
    shown = [ShownFile.of(path, making, keep=False) for path in files]
    return _signed(shown, making, pin, name, purpose)


def _signed(
    shown: Sequence[ShownFile], making: Making, pin: PinSecret | PinProvider, name: str | None, purpose: str
) -> Iterator[tuple[Path, bytes]]:
    with verified_session(DIGITAL_SIGNATURE, pin, name=name, purpose=purpose, signatures=len(shown)) as session:
        sign = signer(session, making)
        for file in shown:
            yield file.path, sign(file)


def _digest(path: Path, algorithm: HashAlgorithm) -> bytes:
    """The digest of the file *path*, which is to get a bare signature."""
    with path.open("rb") as stream:
        content = hashed(stream, algorithm)
    if content.are_signed_attributes:
        raise UsageError(
            N_(
                "{file} is not signed: it has the form of the signed attributes of a CMS signature, and its raw"
                " signature would be a signature of another file, too. Sign it in another format."
            ),
            file=path,
        )
    return content.digest
