"""Where a project's record lies, and what is made once for it: the folder, the salt, the caches.

The workspace is ``.lockgate/`` at the top of the project, or ``LOCKGATE_WORKSPACE``. It ignores itself in git.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError

FOLDER = ".lockgate"
VARIABLE = "LOCKGATE_WORKSPACE"


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace: a local folder for caches and in-place state, and the address of the record."""

    folder: Path
    record: str
    """The record's own address: ``folder``, or an object-store address."""

    @property
    def cache_dir(self) -> Path:
        """Compiled things and results that can be made again."""
        return self.folder / "cache"

    @property
    def mirror(self) -> Path:
        """What is kept here of a record on an object store."""
        return self.cache_dir / "mirror"

    @property
    def advisories(self) -> Path:
        """The compiled advisory store, unless ``LOCKGATE_ADVISORIES`` names one."""
        named = os.environ.get("LOCKGATE_ADVISORIES")
        return Path(named) if named else self.folder / "advisories.db"


def workspace_of(project: Path) -> Workspace:
    """The workspace of ``project``; nothing is made yet."""
    named = os.environ.get(VARIABLE, "")
    if "://" in named:
        return Workspace(project / FOLDER, named)
    folder = Path(named) if named else project / FOLDER
    return Workspace(folder, str(folder))


def prepare(workspace: Workspace, *, tracked: Callable[[Path], bool] = lambda folder: False) -> None:
    """Make the folder. Raises :class:`StoreError` where it cannot be written.

    ``tracked`` says whether the repository under check brings files of that folder along: such a workspace is refused,
    because whoever wrote it could call a finding known, or a file unchanged.
    """
    if workspace.folder.is_symlink() or tracked(workspace.folder):
        raise StoreError(
            "the repository brings its own workspace, which could call findings known that nobody has seen",
            where=str(workspace.folder),
            hint=f"remove it from the repository, set {VARIABLE} to a folder of yours, or use --no-store",
        )
    try:
        workspace.cache_dir.mkdir(parents=True, exist_ok=True)
        ignore = workspace.folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# made by lockgate: a record of what was seen here, not part of the code\n*\n")
    except OSError as error:
        raise StoreError(
            f"the workspace cannot be written: {error.strerror}",
            where=str(workspace.folder),
            hint=f"set {VARIABLE} to a folder that can, or use --no-store",
        ) from None


def salt_of(workspace: Workspace | None) -> bytes:
    """The salt of the hashes of secrets.

    ``LOCKGATE_SALT`` (the same on every machine of a team makes identities of secrets the same there), or 32 random
    bytes kept in the workspace, or, without a workspace, random bytes for this run alone.
    """
    named = os.environ.get("LOCKGATE_SALT", "")
    if named:
        return named.encode().ljust(16, b"\0")
    if workspace is None:
        return os.urandom(32)
    path = workspace.folder / "salt"
    if not path.exists():
        try:
            _place_salt(path)
        except OSError as error:
            raise StoreError(f"the salt cannot be written: {error.strerror}", where=str(path)) from None
    if not path.is_file():  # a pipe would be waited for
        raise StoreError("the salt is not a regular file", where=str(path), hint="delete it: a new one is made")
    kept = path.read_bytes()
    if len(kept) < 16:
        raise StoreError("the salt was cut short", where=str(path), hint="delete the file: a new one is made")
    return kept


def _place_salt(path: Path) -> None:
    """A salt, whole or not at all; when two runs make one at once, the first stays."""
    fresh = path.with_name(f".salt-{os.urandom(8).hex()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(os.urandom(32))
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
