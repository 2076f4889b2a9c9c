"""Files that are signed as they were shown: only what the holder saw before typing a password gets a signature."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from io import BufferedIOBase
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
from mynacard.signing.content import Content, Hashed, hashed
from mynacard.signing.making import Format, Making
from mynacard.signing.streams import PIECE
from mynacard.storage import check_free, whole_file
from mynacard.texts import N_, Sentence

__all__ = ["ShownFile", "file_signer", "sign_files", "sign_to_files", "signer"]


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file to sign, as it is shown before a password is typed.

    Attributes:
        path: the file.
        algorithm: the hash function of *digest*, and of the signature.
        digest: the hash of the file, to be shown.
        content: the file, if it is kept; else what is needed of it is read again when it is signed.
        remarks: what its signer should know (:meth:`mynacard.signing.making.Making.check`).
        state: the size and the time of the last change in ns; None if it is not a regular file.
    """

    path: Path
    algorithm: HashAlgorithm
    digest: bytes
    content: bytes | None = field(default=None, repr=False)
    remarks: tuple[Sentence, ...] = ()
    state: tuple[int, int] | None = None

    @classmethod
    def of(cls, path: Path, making: Making, *, keep: bool) -> Self:
        """The file *path*, signed once with a stand-in's key, unless the signature is to be raw.

        A PDF file, and one that is signed by its digest, is read in pieces and may have any length.

        Args:
            path: the file.
            making: how it will be signed.
            keep: whether to keep the content in memory, as a pipe needs, which can be read only once. For a raw
                signature the digest is enough, and nothing is kept.

        Raises:
            MissingExtraError, PdfFileError, UsageError: as :meth:`Making.check`; or it was changed meanwhile.
            OSError: the file cannot be read.
        """
        if making.format is Format.RAW or not (keep or making.opaque):
            return cls._in_pieces(path, making)
        content = path.read_bytes()
        remarks = making.check(content)
        return cls(path, making.hash_, making.hash_.digest(content), content if keep else None, remarks)

    @classmethod
    def _in_pieces(cls, path: Path, making: Making) -> Self:
        with path.open("rb") as stream:
            state = _state(stream.fileno())
            content = hashed(stream, making.hash_)
            if making.format is Format.RAW and content.are_signed_attributes:
                raise _signed_attributes(path)
            try:
                remarks = making.check_in(stream) if making.is_in_pdf else making.check(b"")
            finally:
                if _state(stream.fileno()) != state:  # so what was checked says nothing
                    raise _changed(path)
        return cls(path, making.hash_, content.digest, remarks=remarks, state=state)

    def read(self) -> bytes:
        """The content as it was shown.

        Raises:
            UsageError: the file was changed since.
            OSError: it cannot be read.
        """
        content = self.path.read_bytes() if self.content is None else self.content
        if self.algorithm.digest(content) != self.digest:
            raise _changed(self.path)
        return content

    def copy_to(self, output: BufferedIOBase) -> None:
        """Write the content as it was shown to *output*, in pieces.

        Raises:
            UsageError: the file was changed since; *output* has to be thrown away.
            OSError: it cannot be read, or *output* cannot be written.
        """
        if self.content is not None:
            output.write(self.content)
            return
        hasher = hashlib.new(self.algorithm.value)
        with self.path.open("rb") as file:
            while piece := file.read(PIECE):
                hasher.update(piece)
                output.write(piece)
        if hasher.digest() != self.digest:
            raise _changed(self.path)

    def by_digest(self) -> Content:
        """The content, of which only the digest that was shown is used: no later change can get a signature.

        Raises:
            UsageError: the file was changed since, by its size or time.
            OSError: it is not there any more.
        """
        if self.state is not None and _state(self.path) != self.state:
            raise _changed(self.path)
        return Content({self.algorithm: Hashed(self.digest, are_signed_attributes=False)}.__getitem__)


def _state(file: Path | int) -> tuple[int, int] | None:
    """The size of *file* and the time of its last change in ns; None if it is not a regular file."""
    status = os.stat(file)
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _changed(path: Path) -> UsageError:
    return UsageError(N_("{file} was changed after it was shown, and is not signed."), file=path)


def _signed_attributes(path: Path) -> UsageError:
    return UsageError(
        N_(
            "{file} is not signed: it has the form of the signed attributes of a CMS signature, and its raw"
            " signature would be a signature of another file, too. Sign it in another format."
        ),
        file=path,
    )


def signer(session: JpkiSession, making: Making) -> Callable[[ShownFile], bytes]:
    """A function that signs a file as *making* says, with the signing key, whose password *session* has verified.

    Each call of the function makes one signature on the card, and a second one if *session* was given a certificate
    that is not that of the card's key. It raises what :func:`mynacard.signing.by_card.signed`, :meth:`ShownFile.read`
    and :meth:`Making.sign` do.
    """
    if making.format is Format.RAW:
        return lambda file: again_if_held(lambda: session.sign_digest_info(digest_info(file.algorithm, file.digest)))

    def sign(file: ShownFile) -> bytes:
        by_digest = making.needs_only_digest and file.content is None and file.algorithm is making.hash_
        document = file.by_digest() if by_digest else file.read()
        return signed(session, lambda certificate, key: making.sign(document, certificate, key))

    return sign


def file_signer(session: JpkiSession, making: Making) -> Callable[[ShownFile, BufferedIOBase], None]:
    """As :func:`signer`, for a function that writes to an empty file, open for reading and writing.

    A PDF file is copied there and signed in the copy, which no other program changes meanwhile; it is not held in
    memory. After an error, also an OSError, what was written has to be thrown away.
    """
    sign = signer(session, making)

    def sign_to(file: ShownFile, output: BufferedIOBase) -> None:
        if not making.is_in_pdf:
            output.write(sign(file))
            return
        file.copy_to(output)
        signed(session, lambda certificate, key: making.sign_in(output, certificate, key))

    return sign_to


def sign_files(
    making: Making, files: Sequence[Path], pin: PinSecret | PinProvider, *, name: str | None = None, purpose: str = ""
) -> Iterator[tuple[Path, bytes]]:
    """Sign many files after one PIN entry. All are checked before; then each comes out as soon as it is signed.

    The session ends with the iterator: exhaust it, or close it. PDF files that are large take less memory by
    :func:`sign_to_files`.

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


def sign_to_files(
    making: Making,
    outputs: Mapping[Path, Path],
    pin: PinSecret | PinProvider,
    *,
    replace: bool = False,
    name: str | None = None,
    purpose: str = "",
) -> Iterator[Path]:
    """As :func:`sign_files`, from file to file. An output is there whole or not at all, and is returned when it is.

    Args:
        making: how they are signed.
        outputs: for each file, where its signature or the signed PDF file goes.
        pin: the password of the signing key, or a provider, which is called when all files were checked.
        replace: whether outputs that exist are replaced.
        name: which card, as :func:`mynacard.open_card` takes it.
        purpose: what the password is for, to show to the holder.

    Raises:
        FileExistsError: not *replace*, and there is something where an output goes; nothing was signed.
        MissingExtraError, PdfFileError, UsageError, OSError: as :meth:`ShownFile.of`; nothing was signed.

    The iterator raises what :func:`mynacard.verified_session` and the function of :func:`file_signer` do, and OSError
    where an output cannot be written; those before stay.
    """
    if not replace:
        for output in outputs.values():
            check_free(output)
    shown = [ShownFile.of(path, making, keep=False) for path in outputs]
    return _signed_to_files(shown, outputs, making, pin, replace, name, purpose)


def _signed_to_files(
    shown: Sequence[ShownFile],
    outputs: Mapping[Path, Path],
    making: Making,
    pin: PinSecret | PinProvider,
    replace: bool,
    name: str | None,
    purpose: str,
) -> Iterator[Path]:
    with verified_session(DIGITAL_SIGNATURE, pin, name=name, purpose=purpose, signatures=len(shown)) as session:
        sign = file_signer(session, making)
        for file in shown:
            with whole_file(outputs[file.path], replace=replace) as output:
                sign(file, output)
            yield outputs[file.path]
