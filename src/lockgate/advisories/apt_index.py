"""Indexes of an apt repository: ``Release``, and ``Packages`` of a suite with security updates.

A suite such as ``bookworm-security`` holds, of each source package that ever got a security update in that release, the
newest version. What is installed in an older one lacks that update, whoever knows which flaws it mends. Source: Debian
Repository Format (https://wiki.debian.org/DebianRepository/Format), deb822(5). Signatures are the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from lockgate.advisories.versions import VersionError, sort_key
from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.installed import System
from lockgate.formats.installed._distribution import ecosystem_of
from lockgate.lazy_pattern import lazy_pattern

MAX_RELEASE = 16 * 1024 * 1024
MAX_LINE = 1024 * 1024
MAX_STANZAS = 1_000_000
_SOURCE = lazy_pattern(r"(?P<name>[a-z0-9][a-z0-9+.-]{1,120})(?: \((?P<version>[^()\s]{1,120})\))?\Z")
_DIGEST = lazy_pattern(r"[0-9a-f]{64}\Z")
_IDS = {"Debian": "debian", "Ubuntu": "ubuntu"}
PENDING = "update-pending"
"""``informational`` of the records that are made here."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file that a Release vouches for."""

    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Release:
    """A suite at one moment."""

    ecosystem: str
    """As OSV names the release: ``Debian:12``."""
    suite: str
    codename: str
    made: datetime
    until: datetime | None
    """After that it may be an old copy, put in the way of a newer one; None: it does not say."""
    files: Mapping[str, Listed]
    """By path below the suite."""


def release_of(text: bytes) -> Release:
    """A Release file, without its signature. Raises :class:`FormatError`."""
    if len(text) > MAX_RELEASE:
        raise FormatError("the Release is too large")
    fields: dict[str, str] = {}
    files: dict[str, Listed] = {}
    name = ""
    for line in text.decode("utf-8", "replace").splitlines():
        if line.startswith((" ", "\t")):
            if name == "SHA256":
                digest, size, path = (*line.split(), "", "", "")[:3]
                if _DIGEST.match(digest) and size.isdigit() and path:
                    files[path] = Listed(int(size), digest)
            continue
        name, _, value = line.partition(":")
        fields.setdefault(name, value.strip())
    system = _IDS.get(fields.get("Origin", ""))
    if system is None:
        raise FormatError("the Release is neither of Debian nor of Ubuntu")
    said = " ".join(fields.get(key, "") for key in ("Suite", "Codename", "Label")).lower()
    if "security" not in said:
        raise FormatError("the suite is none of security updates, such as bookworm-security")
    version, codename = fields.get("Version", ""), fields.get("Codename", "").partition("-")[0]
    if not version:
        raise FormatError("the Release does not say which version of the distribution it is for")
    made = _moment(fields.get("Date", ""))
    if made is None:
        raise FormatError("the Release does not say when it was made")
    ecosystem = ecosystem_of(System(system, version, "", codename), "deb")
    return Release(ecosystem, fields.get("Suite", ""), codename, made, _moment(fields.get("Valid-Until", "")), files)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def newest_of(lines: Iterable[bytes], ecosystem: str) -> dict[str, str]:
    """Source package -> its newest version, from a ``Packages`` file. Raises :class:`FormatError`.

    A stanza names its source where that is called otherwise or has another version than the package itself.
    """
    newest: dict[str, tuple[str, str]] = {}
    for stanza in _stanzas(lines):
        found = _SOURCE.match(stanza.get("Source", "") or stanza.get("Package", ""))
        version = (found["version"] or stanza.get("Version", "")) if found is not None else ""
        if found is None or not version:
            continue
        try:
            key = sort_key(ecosystem, version)
        except VersionError:
            continue
        name = found["name"]
        if name not in newest or newest[name][0] < key:
            newest[name] = key, version
    return {name: version for name, (_, version) in sorted(newest.items())}


def _stanzas(lines: Iterable[bytes]) -> Iterator[Mapping[str, str]]:
    count, stanza = 0, dict[str, str]()
    for raw in lines:
        if len(raw) > MAX_LINE:
            raise FormatError("a line of the index is too long")
        line = raw.rstrip(b"\r\n")
        if not line:
            if stanza:
                yield stanza
                count, stanza = count + 1, {}
                if count > MAX_STANZAS:
                    raise FormatError("the index has too many packages")
        elif line.startswith((b"Package:", b"Source:", b"Version:")):
            name, _, value = line.decode("utf-8", "replace").partition(":")
            stanza.setdefault(name, value.strip())
    if stanza:
        yield stanza


def records_of(release: Release, newest: Mapping[str, str]) -> list[dict[str, Any]]:
    """A record in OSV's form for each source package: versions before the newest lack a security update."""
    stem = release.ecosystem.replace(":", "-")
    return [
        {
            "id": f"UPDATE-{stem}-{name}",
            "modified": release.made.isoformat(timespec="seconds"),
            "summary": f"the security update {version} of {name} is out",
            "affected": [
                {
                    "package": {"ecosystem": release.ecosystem, "name": name},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": version}]}],
                    "database_specific": {"informational": PENDING},
                }
            ],
        }
        for name, version in newest.items()
    ]  # fmt: skip
