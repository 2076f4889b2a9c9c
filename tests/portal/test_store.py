"""The receiver's folder: only its own, for its owner, shared by processes; a crash or a full disk loses nothing."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from mynacard import storage
from mynacard.errors import MynacardError
from mynacard.portal import Store
from mynacard.portal.challenges import Bound
from mynacard.portal.database import StoreError
from mynacard.submission.calls import PortalError
from mynacard.submission.client import Client
from mynacard.submission.exchange import Purpose
from mynacard.submission.outbox import EntryState, Outbox
from tests.full_disk import limited
from tests.portal.campaign import Line
from tests.portal.people import ORIGIN, Somebody, logged_in, packed, receiver, registered

ROOT: Final = Path(__file__).parents[2]
OURS: Final = "0123456789abcdef-0123456789abcdef.zip"


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file with its content, and every folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")
    }


def new_store(folder: Path) -> Path:
    Store(folder).close()
    return folder


# --- whose folder it is ----------------------------------------------------------------------------------------------


def test_a_folder_with_other_files_is_refused_and_nothing_in_it_is_touched(tmp_path: Path) -> None:
    for name in ("packages/thesis.tex", "incoming/scan.pdf", f"packages/{OURS}"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("my work", "utf-8")
    tmp_path.chmod(0o755)
    before = tree(tmp_path)
    with pytest.raises(StoreError, match="has other files in it") as raised:
        Store(tmp_path)
    assert isinstance(raised.value, MynacardError)
    assert raised.value.code == "portal/store"
    assert tree(tmp_path) == before
    assert os.name == "nt" or stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.parametrize("content", [b"", b"SQLite", b"SQLite format 3\0" + bytes(84), b"x" * 4096])
def test_a_file_of_the_same_name_does_not_make_a_folder_a_receiver_s(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "store.sqlite").write_bytes(content)
    (tmp_path / "mine.txt").write_text("my work", "utf-8")
    before = tree(tmp_path)
    with pytest.raises(StoreError):
        Store(tmp_path)
    assert tree(tmp_path) == before


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as database:
        database.executescript("PRAGMA application_id = 42; CREATE TABLE accounts (id TEXT);")
    before = tree(tmp_path)
    with pytest.raises(StoreError):
        Store(tmp_path)
    assert tree(tmp_path) == before


def test_a_newer_version_s_store_is_refused_and_unchanged(tmp_path: Path) -> None:
    (new_store(tmp_path) / "packages" / OURS).write_bytes(b"of a newer form")
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as database:
        database.execute("PRAGMA user_version = 2")
    before = tree(tmp_path)
    with pytest.raises(StoreError, match="another version"):
        Store(tmp_path)
    after = tree(tmp_path)
    assert {name: after[name] for name in before if name != "store.sqlite"} == {
        name: content for name, content in before.items() if name != "store.sqlite"
    }
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_damaged_database_is_an_error_of_ours(tmp_path: Path) -> None:
    content = bytearray((new_store(tmp_path) / "store.sqlite").read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    (tmp_path / "store.sqlite").write_bytes(content)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(tmp_path)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_damaged_key_is_refused(tmp_path: Path, length: int) -> None:
    (new_store(tmp_path) / "challenge.key").write_bytes(bytes(length))
    with pytest.raises(StoreError, match="is damaged"):
        Store(tmp_path)


def test_a_start_that_was_cut_short_anywhere_is_made_up_for(tmp_path: Path) -> None:
    """The writer dies before or after each of its first writes; the next one opens the folder, and it works."""
    steps = 0
    while True:
        folder = tmp_path / str(steps)
        with dying_at(steps) as died:
            try:
                Store(folder).close()
            except Killed:
                died.append(True)
        store = Store(folder)
        nonce = store.new_challenge(Bound(Purpose.SESSION), 300)
        store.use_challenge(nonce, Bound(Purpose.SESSION), 0)
        store.close()
        if not died:
            break
        steps += 1
    assert steps >= 10


class Killed(BaseException):
    """The program was killed."""


@contextmanager
def dying_at(step: int) -> Iterator[list[bool]]:
    """Let the writer die at the *step*-th call that makes, locks or changes a file or the database's mark."""
    left = [step]

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == -1:
                raise Killed
            return call(*arguments, **named)

        return stepped

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            (storage, "private_folder"), (storage, "private_file"), (storage, "replace_file"), (storage, "lock"),
            (Path, "chmod"), (storage, "move"), (storage, "flush"),
        ):  # fmt: skip
            patch.setattr(owner, name, around(getattr(owner, name)))
        yield []


# --- for its owner ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_folders_are_0700_and_files_0600_also_in_a_folder_that_was_there(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = tmp_path / "store"
        folder.mkdir(mode=0o777)
        made, outbox, jane = receiver(folder), Outbox(tmp_path / "outbox"), Somebody()
        with Client(ORIGIN, outbox, transport=Line(made)) as client:
            registered(client, jane)
            logged_in(client, jane)
            client.submit(packed(client, outbox, jane, tmp_path / "files"))
        with made.store.receiving() as path, storage.create_stream(path):
            modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
        made.store.close()
    finally:
        os.umask(before)
    assert {path.name for path in modes} >= {
        "store.sqlite",
        "store.sqlite-wal",
        "challenge.key",
        "packages",
        "setup.lock",
    }
    assert {oct(mode) for path, mode in modes.items() if path.is_dir()} == {"0o700"}
    assert {oct(mode) for path, mode in modes.items() if not path.is_dir()} == {"0o600"}


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="link"):
        Store(tmp_path / "link")


# --- processes -------------------------------------------------------------------------------------------------------

HOLDER: Final = """
import sys
from pathlib import Path
from mynacard import storage
from mynacard.portal import Store
store = Store(Path(sys.argv[1]))
with store.receiving() as coming, store.receiving() as whole:
    coming.write_bytes(b"coming in")
    whole.write_bytes(b"whole")
    with store.keeping(whole) as name:
        print(coming.name, name, flush=True)
        sys.stdin.read()
"""


def test_a_start_removes_only_what_no_living_process_holds(tmp_path: Path) -> None:
    folder = new_store(tmp_path / "store")
    (folder / "packages" / "thesis.tex").write_text("not of our form", "utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        coming, kept = process.stdout.readline().split()
        for _ in range(2):
            new_store(folder)
            assert (folder / "incoming" / coming).exists()
            assert (folder / "packages" / kept).exists()
        process.kill()
        process.wait()
    assert (folder / "packages" / kept).exists(), "killed, it cleans up nothing"
    new_store(folder)
    assert [path.name for path in (folder / "packages").iterdir()] == ["thesis.tex"]
    assert list((folder / "incoming").iterdir()) == []
    assert list((folder / "running").iterdir()) == []


def test_an_accepted_package_is_there_after_every_start(tmp_path: Path) -> None:
    made, outbox, jane = receiver(tmp_path / "store"), Outbox(tmp_path / "outbox"), Somebody()
    with Client(ORIGIN, outbox, transport=Line(made)) as client:
        registered(client, jane)
        logged_in(client, jane)
        entry = packed(client, outbox, jane, tmp_path / "files")
        client.submit(entry)
    for _ in range(2):
        made.store.close()
        made = receiver(tmp_path / "store")
        (kept,) = (tmp_path / "store" / "packages").iterdir()
        assert kept.read_bytes() == outbox.package(entry).read_bytes()
    made.store.close()


def test_many_that_start_at_once_share_one_store(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(Store, [tmp_path / "store"] * 8))
    bound = Bound(Purpose.SESSION)
    nonce = stores[0].new_challenge(bound, 300)
    for store in stores:
        store.check_challenge(nonce, bound, 0)
    stores[3].use_challenge(nonce, bound, 0)
    for store in stores:
        with pytest.raises(MynacardError):
            store.check_challenge(nonce, bound, 0)
        store.close()
    assert list((tmp_path / "store" / "running").iterdir()) == []


# --- a full disk -----------------------------------------------------------------------------------------------------


def no_space(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full(store: Store) -> None:
    """Let the database grow no more, and each submission need another page."""
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.executescript(
        f"CREATE TABLE filler (bytes); PRAGMA max_page_count = {pages + 2};"
        "CREATE TEMP TRIGGER filling AFTER INSERT ON submissions BEGIN INSERT INTO filler VALUES (zeroblob(90000)); END"
    )


def roomy(store: Store) -> None:
    store._connection.executescript("PRAGMA max_page_count = 1000000; DROP TRIGGER IF EXISTS filling")


FULL: Final[dict[str, Callable[[pytest.MonkeyPatch, Store], object]]] = {
    "the body": lambda patch, _: patch.setattr(storage, "create_stream", _narrow),
    "its flush": lambda patch, _: patch.setattr(storage, "flush", no_space),
    "the move": lambda patch, _: patch.setattr(storage, "move", no_space),
    "the folder's flush": lambda patch, _: patch.setattr(storage, "_sync_folder", no_space),
    "the commit": lambda patch, store: patch.setattr(store, "_commit", no_space),
    "the database": lambda _, store: full(store),
}


def _narrow(path: Path) -> Any:
    class Narrow:
        """A file that takes its first bytes, and no more."""

        def __enter__(self) -> Narrow:
            self.file = path.open("wb")
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, piece: bytes) -> None:
            self.file.write(piece[:100])
            no_space()

    return Narrow()


@pytest.mark.parametrize("where", FULL)
def test_a_full_disk_acknowledges_nothing_leaves_nothing_and_is_over_when_there_is_room(
    where: str, tmp_path: Path
) -> None:
    made, outbox, jane = receiver(tmp_path / "store"), Outbox(tmp_path / "outbox"), Somebody()
    folder = made.store.folder
    with Client(ORIGIN, outbox, transport=Line(made)) as client:
        registered(client, jane)
        logged_in(client, jane)
        filled = client.submit(packed(client, outbox, jane, tmp_path / "files"))
        entry = packed(client, outbox, jane, tmp_path / "more", size=20_000)
        with pytest.MonkeyPatch.context() as patch:
            FULL[where](patch, made.store)
            for _ in range(2):
                with pytest.raises(PortalError) as refused:
                    client.submit(entry)
                assert (refused.value.problem, refused.value.status) == ("store/full", 507)
                assert list((folder / "incoming").iterdir()) == []
                assert len(list((folder / "packages").iterdir())) == 1
        roomy(made.store)
        assert client.submit(entry).state is EntryState.RECEIVED
        assert client.submit(filled) == filled
    assert len(list((folder / "packages").iterdir())) == made.store.count() == 2
    made.store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not limit the size of files")
def test_a_file_that_may_not_grow_is_refused_as_a_full_disk(tmp_path: Path) -> None:
    made, outbox, jane = receiver(tmp_path / "store"), Outbox(tmp_path / "outbox"), Somebody()
    with Client(ORIGIN, outbox, transport=Line(made)) as client:
        registered(client, jane)
        logged_in(client, jane)
        entry = packed(client, outbox, jane, tmp_path / "files", size=50_000)
        with limited(20_000), pytest.raises(PortalError) as refused:
            client.submit(entry)
        assert (refused.value.problem, refused.value.status) == ("store/full", 507)
        assert [[*(made.store.folder / name).iterdir()] for name in ("incoming", "packages")] == [[], []]
        assert client.submit(entry).state is EntryState.RECEIVED
    made.store.close()
