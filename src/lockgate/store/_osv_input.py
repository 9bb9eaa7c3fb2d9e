"""Where advisories are read from: a folder, a zip, a single file or an https address. Nothing there is trusted.

This is no ``Source``: a source yields files, components or findings of the thing under judgement, in one run; this
yields documents for a data base that many runs use, and nothing of it is ever judged. What a document means is read by
``advisories.osv`` and ``advisories.rustsec``.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats.addresses import public
from lockgate.model import Skip, SkipKind

MAX_DOCUMENT = 8 * 1024 * 1024
MAX_LIST = 64 * 1024 * 1024
"""A single file named by the caller may be an array of records."""
MAX_DOCUMENTS = 2_000_000
MAX_UNPACKED = 8 * 1024 * 1024 * 1024
MAX_DOWNLOAD = 2 * 1024 * 1024 * 1024
MAX_SECONDS = 600
MAX_REDIRECTS = 4
SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Document:
    """One file that may hold records."""

    name: str
    content: bytes


def _wanted(name: str) -> bool:
    # Folders of records hold a README too; RustSec's records are the only Markdown among them.
    name = name.rpartition("/")[2]
    return name.endswith(SUFFIXES) or (name.startswith("RUSTSEC-") and name.endswith(".md"))


def documents(place: str, *, allow_private: bool = False) -> Iterator[Document | Skip]:
    """The documents of ``place`` in a stable order. Raises ``SourceError`` when the place itself cannot be read.

    ``allow_private`` lets an address resolve to a loopback, private or link-local host, for a mirror in one's own
    network; plain http is refused in any case.
    """
    if "://" in place:
        with _downloaded(place, allow_private=allow_private) as file:
            yield from _file(file, name=urlsplit(place).path.rpartition("/")[2] or "download")
        return
    path = Path(place)
    if path.is_dir():
        yield from _folder(path)
    elif path.is_file():
        yield from _file(path, name=path.name)
    else:
        raise SourceError("there is no such folder or file", where=place, hint="name OSV records: a folder or a zip")


def _folder(root: Path) -> Iterator[Document | Skip]:
    count = 0
    for folder, names, files in os.walk(root, followlinks=False):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not _wanted(name):
                continue
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            count += 1
            if count > MAX_DOCUMENTS:
                yield Skip(relative, SkipKind.LIMIT, f"more than {MAX_DOCUMENTS} files", "dependencies")
                return
            yield _read(path, relative)


def _read(path: Path, name: str) -> Document | Skip:
    try:
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode):
            return Skip(name, SkipKind.SPECIAL, "not a regular file", "dependencies")
        if info.st_size > MAX_DOCUMENT:
            return Skip(name, SkipKind.TOO_LARGE, f"larger than {MAX_DOCUMENT} bytes", "dependencies")
        return Document(name, path.read_bytes())
    except OSError as error:
        return Skip(name, SkipKind.UNREADABLE, error.strerror or "cannot be read", "dependencies")


def _file(path: Path, *, name: str) -> Iterator[Document | Skip]:
    with path.open("rb") as stream:
        start = stream.read(4)
    if start.startswith(b"PK"):
        yield from _zip(path, name)
    elif path.stat().st_size > MAX_LIST:
        yield Skip(name, SkipKind.TOO_LARGE, f"larger than {MAX_LIST} bytes", "dependencies")
    else:
        yield Document(name if _wanted(name) else name + ".json", path.read_bytes())


def _zip(path: Path, name: str) -> Iterator[Document | Skip]:
    # Entries are read into memory and never written out, so a name with '..' is a name and not a path.
    unpacked = 0
    try:
        with zipfile.ZipFile(path) as archive:
            entries = sorted(archive.infolist(), key=lambda entry: entry.filename)
            for count, entry in enumerate(entry for entry in entries if _wanted(entry.filename)):
                document = _entry(archive, entry)
                unpacked += len(document.content) if isinstance(document, Document) else MAX_DOCUMENT
                if count >= MAX_DOCUMENTS or unpacked > MAX_UNPACKED:
                    yield Skip(name, SkipKind.LIMIT, "the archive unpacks to too much", "dependencies")
                    return
                yield document
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise SourceError(f"the archive cannot be read ({type(error).__name__})", where=name) from None


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Document | Skip:
    name = entry.filename[:300]
    try:
        with archive.open(entry) as stream:  # what the directory says of the size is not believed
            content = stream.read(MAX_DOCUMENT + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError):
        return Skip(name, SkipKind.MALFORMED, "the entry cannot be unpacked", "dependencies")
    if len(content) > MAX_DOCUMENT:
        return Skip(name, SkipKind.TOO_LARGE, f"unpacks to more than {MAX_DOCUMENT} bytes", "dependencies")
    return Document(name, content)


@contextmanager
def _downloaded(address: str, *, allow_private: bool) -> Iterator[Path]:
    deadline = time.monotonic() + MAX_SECONDS
    with tempfile.TemporaryDirectory(prefix="lockgate-") as folder:
        target = Path(folder) / "download"
        try:
            _fetch(address, target, allow_private=allow_private, deadline=deadline)
        except (OSError, http.client.HTTPException) as error:
            raise SourceError(f"cannot be fetched ({type(error).__name__})", where=_shown(address)) from None
        yield target


def _shown(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"  # without user, password and query


def _fetch(address: str, target: Path, *, allow_private: bool, deadline: float) -> None:
    for _ in range(MAX_REDIRECTS + 1):
        parts = urlsplit(address)
        if parts.scheme != "https" or not parts.hostname:
            raise SourceError("only https addresses are fetched", where=_shown(address))
        connection = _CheckedConnection(parts.hostname, parts.port or 443, allow_private=allow_private)
        try:
            path = parts.path or "/"
            connection.request("GET", f"{path}?{parts.query}" if parts.query else path, headers={"Accept": "*/*"})
            answer = connection.getresponse()
            if answer.status in (301, 302, 303, 307, 308):
                address = urljoin(address, answer.getheader("Location", ""))
                continue
            if answer.status != 200:
                raise SourceError(f"the server answers {answer.status}", where=_shown(address))
            _save(answer, target, address, deadline)
            return
        finally:
            connection.close()
    raise SourceError("too many redirects", where=_shown(address))


def _save(answer: http.client.HTTPResponse, target: Path, address: str, deadline: float) -> None:
    size = 0
    with target.open("wb") as stream:
        while chunk := answer.read(1024 * 1024):
            size += len(chunk)
            if size > MAX_DOWNLOAD or time.monotonic() > deadline:
                raise SourceError("the download is too large or too slow", where=_shown(address))
            stream.write(chunk)


class _CheckedConnection(http.client.HTTPSConnection):
    """Connects to the very address that was checked, so that a name cannot point elsewhere a moment later."""

    def __init__(self, host: str, port: int, *, allow_private: bool) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=30, context=self._tls)
        self._allow_private = allow_private

    def connect(self) -> None:
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = [str(info[4][0]) for info in found]
        if not self._allow_private and not all(public(address) for address in addresses):
            raise SourceError(
                "the host is in a private network",
                where=self.host,
                hint="allow private addresses explicitly if this is your own mirror",
            )
        raw = socket.create_connection((addresses[0], self.port), timeout=30)
        self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)
