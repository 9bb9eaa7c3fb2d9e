"""What is installed in a file system: package databases of distributions, and what package managers of languages leave.

One format a module, under ``READER``. A reader sees one file and says what that file states; what needs more than one
(which distribution it is, whose file an artefact is) is put together by ``inventory``. So an answer about a file of an
image layer holds wherever the layer is used, and may be kept by the layer's digest.

A reader promises: it never raises on any input (what it cannot read becomes a Skip with a reason), its time and memory
are bounded by limits named in its module, and it never runs or fetches anything.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cache
from typing import BinaryIO

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.model import Component, Skip, SkipKind

MAX_TEXT = 64 * 1024 * 1024
"""Bytes of a file that a reader takes into memory as a whole; a larger one is a Skip."""
FAMILY = "dependencies"
HEAD = 4
"""Bytes at the start of a file that tell whether it is a program."""
_PROGRAMS = (
    b"\x7fELF", b"MZ",
    b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe",
)  # fmt: skip

_SCRIPTS = (".sh", ".py", ".pl", ".rb", ".js", ".txt", ".md", ".json", ".html", ".so.debug", ".pyc", ".mjs", ".ts")
"""Executables that are no programs by their names: in many images every file is executable."""
Content = bytes | BinaryIO
"""A file's bytes, or a seekable reader of them."""
Sibling = Callable[[str], bytes | None]
"""Another file of the same file system by its path, or None."""


@dataclass(frozen=True, slots=True)
class System:
    """What ``os-release`` says of the distribution."""

    id: str
    """``ID``, in lower case: ``debian``, ``rhel``."""
    version: str
    """``VERSION_ID``; empty for a rolling release."""
    name: str
    """``PRETTY_NAME``."""
    codename: str = ""
    """``VERSION_CODENAME``."""
    like: tuple[str, ...] = ()
    """``ID_LIKE``."""
    release: str = ""
    """``VERSION``, with the words in it (``24.04.1 LTS (Noble Numbat)``)."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What one file states."""

    components: tuple[Component, ...] = ()
    """Those of a distribution have ``deb``, ``apk`` or ``rpm`` for an ecosystem, and no package URL yet."""
    skips: tuple[Skip, ...] = ()
    owned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By name of a distribution's package, the files it brought that another reader may want to know of."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """By name of an RPM package, the module stream that it is part of."""
    system: System | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """One format."""

    read: Callable[[str, Content, Sibling], Installed]
    """May raise ``FormatError``, which :func:`read` of this package turns into a Skip."""
    names: frozenset[str] = frozenset()
    """Names of files, in any folder, that it may want."""
    endings: tuple[str, ...] = ()
    """How paths of other files end that it may want."""
    folders: tuple[str, ...] = ()
    """How paths of yet others begin."""
    programs: bool = False
    """Whether it wants every executable."""
    test: Callable[[str], bool] = lambda path: True
    """Which of the files meant so far (executables aside) it does want. The path is relative to the root, with forward
    slashes."""

    def wants(self, path: str, *, executable: bool) -> bool:
        """Whether it reads the file."""
        if self.programs and executable:
            return True
        meant = (
            path[path.rfind("/") + 1 :] in self.names
            or bool(self.endings and path.endswith(self.endings))
            or bool(self.folders and path.startswith(self.folders))
        )
        return meant and self.test(path)


def nothing_beside(path: str) -> bytes | None:
    """Where a file is seen alone."""
    return None


@cache
def readers() -> dict[str, Reader]:
    """Every reader by module name."""
    import lockgate.formats.installed as package
    from lockgate.discover import discover

    return discover(package, "READER", Reader)


@cache
def _hints() -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
    """Names, endings and folders of all readers: most files of a file system are passed over by these alone."""
    every = readers().values()
    return (
        frozenset(name for reader in every for name in reader.names),
        tuple(sorted({ending for reader in every for ending in reader.endings})),
        tuple(sorted({folder for reader in every for folder in reader.folders})),
    )


def wants(path: str, *, executable: bool = False) -> bool:
    """Whether some reader wants the file at ``path`` (relative to the root, with forward slashes).

    Every executable is wanted that may be a program; once its first bytes are known, :func:`is_program` says more.
    """
    names, endings, folders = _hints()
    meant = path[path.rfind("/") + 1 :] in names or path.endswith(endings) or path.startswith(folders)
    if meant and any(reader.wants(path, executable=False) for reader in readers().values()):
        return True
    return executable and not path.endswith(_SCRIPTS)


def is_program(head: bytes) -> bool:
    """Whether a file that starts so is a program in a format that is read here (ELF, PE, Mach-O)."""
    return head.startswith(_PROGRAMS)


def read(path: str, content: Content, sibling: Sibling = nothing_beside, *, executable: bool = False) -> Installed:
    """What the file states. Never raises: what cannot be read is a Skip of the family ``dependencies``."""
    for reader in readers().values():
        if not reader.wants(path, executable=executable):
            continue
        try:
            return reader.read(path, content, sibling)
        except FormatError as error:
            return Installed(skips=(Skip(path, error.kind, error.reason, FAMILY, error.line),))
        except RecursionError:
            return Installed(skips=(Skip(path, SkipKind.TOO_LARGE, "nested too deeply", FAMILY),))
        except OSError as error:
            reason = error.strerror or "cannot be read"
            return Installed(skips=(Skip(path, SkipKind.UNREADABLE, reason, FAMILY),))
    return Installed()


def size_of(content: Content) -> int:
    """Bytes."""
    return len(content) if isinstance(content, bytes) else content.seek(0, io.SEEK_END)


def head_of(content: Content) -> bytes:
    """The first bytes, as many as tell whether it is a program."""
    if isinstance(content, bytes):
        return content[:HEAD]
    content.seek(0)
    return content.read(HEAD)


def stream_of(content: Content) -> BinaryIO:
    """A seekable reader of a file, wherever it stands."""
    return io.BytesIO(content) if isinstance(content, bytes) else content


def whole(content: Content, limit: int = MAX_TEXT) -> bytes:
    """All of a file. Raises ``FormatError`` for one of more than ``limit`` bytes."""
    size = size_of(content)
    if size > limit:
        raise FormatError(f"larger than {limit} bytes", kind=SkipKind.TOO_LARGE)
    if isinstance(content, bytes):
        return content
    content.seek(0)
    return content.read(limit)


def text_of(content: Content, limit: int = MAX_TEXT) -> str:
    """All of a text; what is not UTF-8 in it is replaced, since names of maintainers are in any encoding."""
    return whole(content, limit).decode("utf-8-sig", "replace")
