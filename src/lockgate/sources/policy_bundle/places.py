"""Where artifacts lie: an OCI image layout in a folder, or a registry on a host that is allowed.

Every blob is checked against its digest before anybody sees it. Source: OCI image layout 1.1, OCI distribution 1.1.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from lockgate.errors import SourceError, UsageError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci.digests import digest_of
from lockgate.transport import Transport, Trust

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MAX_BLOB = 32 * 1024 * 1024
_MAX_JSON = 1024 * 1024
_NAME = "org.opencontainers.image.ref.name"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_REPOSITORY = re.compile(r"[a-z0-9]+([._/-][a-z0-9]+)*\Z")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SECONDS = 20


class Place(Protocol):
    """One place of artifacts."""

    @property
    def name(self) -> str:
        """For people."""

    def manifest(self, tag: str) -> bytes | None:
        """The manifest of a tag; None when there is none. Raises ``SourceError``."""

    def blob(self, digest: str) -> bytes:
        """The bytes of that digest, checked. Raises ``SourceError``."""


def place_of(address: str, *, allowed: Collection[str] = ()) -> Place:
    """A folder, or ``oci://host/repository`` (``oci+http://`` on this machine) when ``allowed`` names the host."""
    if not address.startswith(("oci://", "oci+http://")):
        return Layout(Path(address))
    parts = urlsplit(address)
    host, repository = parts.netloc, parts.path.strip("/")
    if not _REPOSITORY.match(repository) or "@" in host or not host:
        raise UsageError(f"{address!r} is no address of a repository", hint="oci://host/team/policies")
    if host not in allowed:
        raise UsageError(f"bundles may not come from {host}", hint=f"allow it: --allow-host {host}")
    if parts.scheme == "oci+http" and parts.hostname not in _LOOPBACK:
        raise UsageError("plain HTTP is for registries on this machine alone", hint="use oci://")
    return Registry(host, repository, tls=parts.scheme == "oci")


@dataclass(frozen=True, slots=True)
class Layout:
    """An OCI image layout."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    def manifest(self, tag: str) -> bytes | None:
        """By ``index.json``."""
        for entry in self._index().get("manifests") or ():
            if isinstance(entry, dict) and (entry.get("annotations") or {}).get(_NAME) == tag:
                return self.blob(str(entry.get("digest")))
        return None

    def blob(self, digest: str) -> bytes:
        """From ``blobs/sha256``."""
        if not _DIGEST.match(digest):
            raise SourceError(f"{digest[:80]!r} is no digest", where=self.name)
        return _checked(self._read(self.folder / "blobs" / "sha256" / digest[7:], MAX_BLOB), digest, self.name)

    def add(self, content: bytes) -> dict[str, Any]:
        """Keep a blob; its digest and size for a descriptor."""
        digest = digest_of(content)
        self._write(self.folder / "blobs" / "sha256" / digest[7:], content)
        return {"digest": digest, "size": len(content)}

    def tag(self, tag: str, manifest: bytes, **more: Any) -> None:
        """Keep a manifest under a tag, in place of the one before."""
        if not _TAG.match(tag):
            raise UsageError(f"{tag!r} is no tag")
        self._write(self.folder / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        index = self._index() if (self.folder / "index.json").exists() else {}
        kept = [one for one in index.get("manifests") or ()
                if isinstance(one, dict) and (one.get("annotations") or {}).get(_NAME) != tag]  # fmt: skip
        entry = {"mediaType": MANIFEST, **more, **self.add(manifest), "annotations": {_NAME: tag}}
        whole = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                 "manifests": [*kept, entry]}  # fmt: skip
        self._write(self.folder / "index.json", json.dumps(whole, indent=1).encode())

    def _index(self) -> dict[str, Any]:
        return _json(self._read(self.folder / "index.json", _MAX_JSON), f"{self.folder}/index.json")

    def _read(self, path: Path, most: int) -> bytes:
        try:
            with path.open("rb") as stream:
                content = stream.read(most + 1)
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror}", where=str(path)) from None
        if len(content) > most:
            raise SourceError(f"larger than {most} bytes", where=str(path))
        return content

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except OSError as error:
            raise SourceError(f"cannot be written: {error.strerror}", where=str(path)) from None


@dataclass(frozen=True, slots=True)
class Registry:
    """One repository of a registry, read without credentials, through the proxy that the environment names. Redirects
    are not followed: they lead to other hosts."""

    host: str
    repository: str
    tls: bool = True

    @property
    def name(self) -> str:
        """The address without its scheme."""
        return f"{self.host}/{self.repository}"

    def manifest(self, tag: str) -> bytes | None:
        """By ``GET /v2/<name>/manifests/<tag>``."""
        if not (_TAG.match(tag) or _DIGEST.match(tag)):
            raise UsageError(f"{tag!r} is no tag")
        content = self._get(f"manifests/{tag}", _MAX_JSON)
        return content if content is None or not _DIGEST.match(tag) else _checked(content, tag, self.name)

    def blob(self, digest: str) -> bytes:
        """By ``GET /v2/<name>/blobs/<digest>``."""
        if not _DIGEST.match(digest):
            raise SourceError(f"{digest[:80]!r} is no digest", where=self.name)
        content = self._get(f"blobs/{digest}", MAX_BLOB)
        if content is None:
            raise SourceError(f"the registry has no blob {digest}", where=self.name)
        return _checked(content, digest, self.name)

    def _get(self, path: str, most: int) -> bytes | None:
        import urllib3

        transport = Transport(self.host, Trust(plain_http=not self.tls, always_tls=self.tls))
        address, timeout = f"{transport.base}/v2/{self.repository}/{path}", urllib3.Timeout(_SECONDS)
        headers = {"Accept": MANIFEST + ", */*", "User-Agent": "lockgate"}
        try:
            answer = transport.request("GET", address, headers=headers, body=None, timeout=timeout)
            try:
                content = answer.read(most + 1)
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise SourceError(f"the registry does not answer: {type(error).__name__}", where=self.name) from None
        finally:
            transport.close()
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise SourceError(f"the registry answers {answer.status}", where=f"{self.name}: {path}"[:300])
        if len(content) > most:
            raise SourceError(f"larger than {most} bytes", where=f"{self.name}: {path}"[:300])
        return bytes(content)


def _checked(content: bytes, digest: str, where: str) -> bytes:
    if digest_of(content) != digest:
        raise SourceError("the content does not have its digest", where=f"{where}: {digest}")
    return content


def _json(content: bytes, where: str) -> dict[str, Any]:
    try:
        body = json_safe.load(content, max_bytes=_MAX_JSON)
    except FormatError as error:
        raise SourceError(str(error), where=where) from None
    if not isinstance(body, dict):
        raise SourceError("is no JSON object", where=where)
    return body


def manifest_json(content: bytes, where: str) -> dict[str, Any]:
    """A manifest as a mapping. Raises ``SourceError``."""
    return _json(content, where)
