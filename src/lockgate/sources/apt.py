"""The security index of Debian and Ubuntu, from the mirror that packages come from.

Given as a line of ``sources.list``: ``deb [signed-by=FILE arch=amd64] http://mirror/debian-security bookworm-security
main``. The signature of ``InRelease`` is checked by ``gpgv``, as apt does, and every index by the digest that it names,
so plain HTTP does. The mirror is whom a person names, so it may stand in a private network, never at a link-local
address; redirects are not followed.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from lockgate.advisories.apt_index import MAX_RELEASE, Listed, Release, newest_of, records_of, release_of
from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError
from lockgate.formats.addresses import link_local
from lockgate.formats.format_error import FormatError
from lockgate.lazy_pattern import lazy_pattern

_LINE = lazy_pattern(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>\S.*)\Z")
_WORD = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*\Z")
_KEYRINGS = tuple(f"/usr/share/keyrings/{name}-archive-keyring.gpg" for name in ("debian", "ubuntu"))
_PACKED: dict[str, Callable[[BinaryIO], Any]] = {
    ".xz": lzma.open, ".gz": lambda file: gzip.GzipFile(fileobj=file), ".bz2": bz2.open, "": lambda file: file,
}  # fmt: skip
_MOST_PACKED, _MOST_UNPACKED = 128 * 1024 * 1024, 1024 * 1024 * 1024
_SECONDS, _SILENCE = 300.0, 30.0
_OPTIONS = ("signed-by", "arch", "trusted", "check-valid-until")


@dataclass(frozen=True, slots=True)
class Repository:
    """One line of ``sources.list``."""

    uri: str
    suite: str
    components: tuple[str, ...]
    arch: str = "amd64"
    signed_by: str = ""
    """Keyring; empty: that of the distribution on this machine."""
    trusted: bool = False
    """Whether it counts without a signature, as apt's ``trusted=yes``."""
    check_valid_until: bool = True


def parsed(line: str) -> Repository:
    """Raises ``UsageError``."""
    match = _LINE.match(line.strip())
    if match is None:
        hint = "as in sources.list: deb [signed-by=FILE] http://HOST/debian-security bookworm-security main"
        raise UsageError("not one line of an apt source", where=line[:200], hint=hint)
    options = dict(word.partition("=")[::2] for word in (match["options"] or "").split())
    wrong = [name for name in options if name not in _OPTIONS]
    words = (match["suite"], *match["components"].split(), options.get("arch", "amd64"))
    place = match["uri"].startswith(("http://", "https://", "file:/"))
    if wrong or not place or not all(_WORD.match(word) for word in words):
        reason = f"the option {wrong[0][:40]!r} is not known here" if wrong else "a part of it is not understood"
        raise UsageError(reason, where=line[:200], hint=f"options: {', '.join(_OPTIONS)}; http, https or file")
    return Repository(
        match["uri"].rstrip("/"), match["suite"], tuple(match["components"].split()), options.get("arch", "amd64"),
        options.get("signed-by", ""), options.get("trusted") == "yes", options.get("check-valid-until") != "no",
    )  # fmt: skip


def records(repository: Repository, *, cache: Path | None, now: datetime | None = None) -> list[dict[str, Any]]:
    """Records in OSV's form about packages of which the index has a newer version.

    ``cache``: folder for indexes by their digest, which are then not fetched again. Raises ``SourceError``.
    """
    where = f"{_shown(repository.uri)} {repository.suite}"
    deadline = time.monotonic() + _SECONDS
    signed = b"".join(_pieces(repository, f"dists/{repository.suite}/InRelease", MAX_RELEASE, deadline))
    try:
        release = release_of(_verified(signed, repository, where))
        _fresh(release, repository, now or datetime.now(UTC), where)
        newest: dict[str, str] = {}
        for component in repository.components:
            for name, version in _newest(repository, release, component, cache, deadline).items():
                newest.setdefault(name, version)
    except FormatError as error:
        raise SourceError(error.reason, where=where) from None
    return records_of(release, newest)


def _fresh(release: Release, repository: Repository, now: datetime, where: str) -> None:
    if release.until is not None and release.until < now and repository.check_valid_until:
        hint = "a mirror that is not kept up, or updates that are held back; check-valid-until=no takes it all the same"
        raise SourceError(f"the index was valid until {release.until:%Y-%m-%d}", where=where, hint=hint)


def _verified(signed: bytes, repository: Repository, where: str) -> bytes:
    """The text that the signature is about, and nothing beside it."""
    if repository.trusted:
        return _unclothed(signed)
    gpgv = shutil.which("gpgv")
    keyrings = [repository.signed_by] if repository.signed_by else [one for one in _KEYRINGS if Path(one).is_file()]
    if gpgv is None or not keyrings:
        missing = "gpgv is not installed" if gpgv is None else "no keyring of Debian or Ubuntu is installed"
        hint = "install gpgv and name the keyring: signed-by=FILE; trusted=yes believes the mirror"
        raise SourceError(f"the signature cannot be checked: {missing}", where=where, hint=hint)
    with tempfile.TemporaryDirectory(prefix="lockgate-apt-") as folder:
        text, given = Path(folder, "Release"), Path(folder, "InRelease")
        given.write_bytes(signed)
        rings = [word for ring in keyrings for word in ("--keyring", str(Path(ring).absolute()))]
        done = subprocess.run(
            [gpgv, "--quiet", *rings, "--output", str(text), str(given)], capture_output=True, timeout=60, check=False,
            env={"GNUPGHOME": folder, "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )  # fmt: skip
        if done.returncode or not text.is_file():
            hint = f"keyrings: {', '.join(keyrings)}"
            raise SourceError("the index is not signed by a key that is trusted", where=where, hint=hint)
        return text.read_bytes()


def _unclothed(signed: bytes) -> bytes:
    """Without the armour of a clear signature (RFC 9580, 7)."""
    begin, end = b"-----BEGIN PGP SIGNED MESSAGE-----", b"-----BEGIN PGP SIGNATURE-----"
    if not signed.startswith(begin):
        return signed
    return signed.partition(b"\n\n")[2].partition(end)[0].replace(b"\n- ", b"\n")


def _newest(
    repository: Repository, release: Release, component: str, cache: Path | None, deadline: float
) -> dict[str, str]:
    stem = f"{component}/binary-{repository.arch}/Packages"
    suffix = next((one for one in _PACKED if f"{stem}{one}" in release.files), None)
    if suffix is None:
        raise FormatError(f"the suite has no packages of {component} for {repository.arch}")
    packed = _index(repository, f"{stem}{suffix}", release.files[f"{stem}{suffix}"], cache, deadline)
    try:
        return newest_of(_lines(_PACKED[suffix](io.BytesIO(packed))), release.ecosystem)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise FormatError(f"the index cannot be unpacked ({type(error).__name__})") from None


def _index(repository: Repository, path: str, listed: Listed, cache: Path | None, deadline: float) -> bytes:
    kept = cache / listed.sha256 if cache is not None else None
    if kept is not None and kept.is_file():
        content = kept.read_bytes()
        if hashlib.sha256(content).hexdigest() == listed.sha256:
            return content
    if listed.size > _MOST_PACKED:
        raise FormatError(f"an index of {listed.size:,} bytes")
    content = b"".join(_pieces(repository, f"dists/{repository.suite}/{path}", listed.size, deadline))
    if hashlib.sha256(content).hexdigest() != listed.sha256:
        raise FormatError("an index has another digest than the signed Release says; the mirror may be in the midst of "
                          "an update: try again")  # fmt: skip
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f".{kept.name}.part")
        part.write_bytes(content)
        part.replace(kept)
    return content


def _lines(file: BinaryIO) -> Iterator[bytes]:
    left = _MOST_UNPACKED
    while line := file.readline(1024 * 1024 + 1):
        left -= len(line)
        if left < 0:
            raise FormatError(f"an index of more than {_MOST_UNPACKED:,} bytes")
        yield line


def _pieces(repository: Repository, path: str, most: int, deadline: float) -> Iterator[bytes]:
    """The content of a file of the repository, of at most ``most`` bytes."""
    address = f"{repository.uri}/{path}"
    parts = urlsplit(address)
    opened = _read_file(unquote(parts.path)) if parts.scheme == "file" else _fetched(address, deadline)
    size = 0
    for piece in opened:
        size += len(piece)
        if size > most:
            raise SourceError(f"more than {most:,} bytes", where=_shown(address))
        if time.monotonic() > deadline:
            raise SourceError(f"not there within {_SECONDS:.0f} s", where=_shown(address))
        yield piece


def _read_file(path: str) -> Iterator[bytes]:
    try:
        with Path(path).open("rb") as file:
            while piece := file.read(64 * 1024):
                yield piece
    except OSError as error:
        raise SourceError(error.strerror or "cannot be read", where=path) from None


def _fetched(address: str, deadline: float) -> Iterator[bytes]:
    import urllib3

    parts = urlsplit(address)
    where = _shown(address)
    host = parts.hostname or ""
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        if any(link_local(one) for one in found):
            raise SourceError("the mirror has an address that may not be asked", where=where)
        timeout = urllib3.Timeout(connect=_SILENCE, read=_SILENCE)
        pool: Any = (
            urllib3.HTTPSConnectionPool(found[0], port, server_hostname=host, assert_hostname=host, timeout=timeout)
            if parts.scheme == "https"
            else urllib3.HTTPConnectionPool(found[0], port, timeout=timeout)
        )
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            answer = pool.request("GET", target, headers={"Host": parts.netloc.rpartition("@")[2]}, retries=False,
                                  redirect=False, preload_content=False, decode_content=False)  # fmt: skip
            if answer.status != 200:
                raise SourceError(f"the mirror answers {answer.status}", where=where)
            while (piece := answer.read(64 * 1024)) and time.monotonic() < deadline:
                yield piece
        finally:
            pool.close()
    except (OSError, UnicodeError, ValueError, urllib3.exceptions.HTTPError) as error:
        raise SourceError(f"the mirror does not answer ({type(error).__name__})", where=where) from None


def _shown(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def all_records(lines: Sequence[str], *, cache: Path | None) -> list[dict[str, Any]]:
    """The records of several repositories, in their order. Raises ``UsageError`` and ``SourceError``."""
    return [one for repository in [parsed(line) for line in lines] for one in records(repository, cache=cache)]
