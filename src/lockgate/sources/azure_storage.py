"""Append blobs of a container of Azure Storage, which grow: diagnostic settings write their logs into such.

https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs-schema: one record a line, in
``resourceId=.../y=2026/m=11/d=27/h=10/m=00/PT1H.json``. Read by ``azure-storage-blob``, which ``lockgate[azure]`` adds.
Who asks is said by the address (a shared access signature), by AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, or
by whatever ``azure-identity`` finds. What does not belong: what the records say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError, UsageError

SCHEMES = ("https://", "http://")
MOST = 32 << 20
"""Bytes that are read of one blob at once."""
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})
_EXTRA = "pip install 'lockgate[azure]'"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of one blob, from ``begin`` up to ``end``."""

    name: str
    made: str
    """When the blob was made: one of the same name that is made anew is another."""
    begin: int
    end: int


class Container:
    """A container, or what is below a path of it."""

    def __init__(self, address: str) -> None:
        """``address``: ``https://ACCOUNT.blob.core.windows.net/CONTAINER[/PATH]``. Raises :class:`UsageError` for what
        is none, :class:`SourceError` without the package."""
        parts = urlsplit(address)
        path = [one for one in parts.path.split("/") if one]
        emulated = parts.hostname in _HERE  # which has the account in the path
        if (parts.scheme != "https" and not emulated) or len(path) < 1 + emulated or parts.username:
            raise UsageError("it is no address of a container", where=address.partition("?")[0],
                             hint="https://ACCOUNT.blob.core.windows.net/CONTAINER[/PATH]")  # fmt: skip
        container = urlunsplit((parts.scheme, parts.netloc, "/".join(["", *path[: 1 + emulated]]), parts.query, ""))
        self.where = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        """The address without what lets one in."""
        self._prefix = "/".join(path[1 + emulated :])
        try:
            from azure.core.exceptions import AzureError, ResourceNotFoundError
            from azure.storage.blob import ContainerClient
        except ImportError:
            raise SourceError("azure-storage-blob is not installed", where=self.where, hint=_EXTRA) from None
        self._error, self._gone = AzureError, ResourceNotFoundError
        self._client = ContainerClient.from_container_url(container, credential=_credential(bool(parts.query)))

    def grown(self, read: Mapping[str, tuple[str, int]]) -> Iterator[Piece | str]:
        """What blobs have beyond what was ``read``, by name: when it was made and up to where. Names of those that are
        no append blobs come as they are. Raises :class:`SourceError`."""
        try:
            for blob in self._client.list_blobs(name_starts_with=self._prefix or None):
                if str(blob.blob_type).rpartition(".")[2] not in ("AppendBlob", "APPENDBLOB"):
                    yield blob.name
                    continue
                made = blob.creation_time.isoformat() if blob.creation_time else ""
                before, end = read.get(blob.name, (made, 0))
                begin = end if before == made else 0
                for at in range(begin, blob.size, MOST):
                    yield Piece(blob.name, made, at, min(at + MOST, blob.size))
        except self._error as error:
            raise self._failed(error) from None

    def content(self, piece: Piece) -> bytes:
        """The bytes of a piece; none where the blob is gone meanwhile. Raises :class:`SourceError`."""
        try:
            download = self._client.download_blob(piece.name, offset=piece.begin, length=piece.end - piece.begin)
            return bytes(download.readall())
        except self._gone:
            return b""
        except self._error as error:
            raise self._failed(error) from None

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _failed(self, error: Exception) -> SourceError:
        said = str(getattr(error, "message", "") or error).splitlines()[0][:300]
        hint = "AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN or a login must let you in"
        return SourceError(f"storage does not give its blobs: {said}", where=self.where, hint=hint)


def _credential(signed: bool) -> Any:
    if signed:
        return None
    told = os.environ.get("AZURE_STORAGE_ACCOUNT_KEY") or os.environ.get("AZURE_STORAGE_SAS_TOKEN")
    if told:
        return told
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
