"""Blobs and manifests sent to a repository. Source: OCI distribution-spec 1.1, "Push".

A blob goes in one piece: a session, then all of it with its digest. Where that breaks, a new session is begun, since
what became of the old one nobody says.
"""

from __future__ import annotations

from urllib.parse import urlencode, urljoin

from lockgate.errors import SourceError
from lockgate.formats.oci import digests
from lockgate.sources.image.place import Body, Held
from lockgate.sources.image.registry.client import Client
from lockgate.sources.image.registry.exchange import Answer
from lockgate.transport import RefusedError

_SESSIONS = 4
_LOST = frozenset((404, 416, 503))
"""What the second half of an upload is answered whose session broke off."""
_LONGEST = 8_192


def upload(client: Client, digest: str, body: Body, *, mounted_from: str = "") -> None:
    """Bring a blob into the repository, unless it is there. Raises ``SourceError``."""
    if _holds(client, digest):
        return
    for attempt in range(1, _SESSIONS + 1):
        query = urlencode({"mount": digest, "from": mounted_from}) if mounted_from else ""
        begun = client.write("POST", f"blobs/uploads/{f'?{query}' if query else ''}", success=(201, 202))
        if begun.status == 201 and mounted_from:
            return
        try:
            headers = {"Content-Type": "application/octet-stream"}
            put = client.write(
                "PUT", _session(begun, digest, client.name), success=(201, 204), headers=headers, body=body, again=False
            )
        except RefusedError as error:
            if error.status not in _LOST or attempt == _SESSIONS:
                raise
            client.pause(attempt, error.message, f"blobs/{digest}")
            continue
        _same(put, digest, client.name)
        return


def put(client: Client, content: bytes, media_type: str, *, key: str, headers: dict[str, str] | None = None) -> Answer:
    """Write a manifest under a tag or its digest. Raises ``SourceError``."""
    sent = {"Content-Type": media_type, **(headers or {})}
    answer = client.write("PUT", f"manifests/{key}", success=(200, 201, 202), headers=sent, body=Held(content))
    _same(answer, digests.digest_of(content), client.name)
    return answer


def _holds(client: Client, digest: str) -> bool:
    try:
        client.write("HEAD", f"blobs/{digest}", success=(200,))
    except RefusedError as error:
        if error.status in (404, 405):
            return False
        raise
    return True


def _session(begun: Answer, digest: str, where: str) -> str:
    location = begun.headers.get("location", "")
    if not location or len(location) > _LONGEST:
        raise SourceError("the registry begins an upload and does not say where", where=where)
    address = urljoin(begun.address, location)
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'digest': digest})}"


def _same(answer: Answer, digest: str, where: str) -> None:
    """Whether the registry took what was sent, by its own word."""
    told = answer.headers.get("docker-content-digest", "")
    if told.partition(":")[0] == digest.partition(":")[0] and told != digest:
        raise SourceError("the registry took something else than what was sent", where=f"{where}: {digest}")
