"""What says something of an image: the registry's own list, and where it keeps none the index under a tag.

Source: OCI distribution-spec 1.1, "Listing Referrers", "Referrers Tag Schema", "Pushing Manifests with Subject".
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from lockgate.errors import SourceError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import artifacts, manifests
from lockgate.formats.oci.manifests import MAX_ENTRIES, MAX_MANIFEST, Descriptor, Index
from lockgate.formats.oci.media_types import OCI_INDEX
from lockgate.lazy_pattern import lazy_pattern
from lockgate.sources.image.registry.client import Client
from lockgate.sources.image.registry.writing import put
from lockgate.transport import RefusedError

_PAGES = 200
_WITHOUT = frozenset((400, 404, 405, 406, 501))
"""What registries answer that know no list of referrers."""
_TRIES = 6
_NEXT = lazy_pattern(r"<([^<>]{1,4096})>[^,]*?;\s*rel=\"?next\"?")


def listed(client: Client, digest: str) -> tuple[Descriptor, ...]:
    """The referrers of a manifest; none where the registry knows of none. Raises ``SourceError``."""
    found = _by_api(client, digest)
    return _tagged(client, artifacts.tag_of(digest))[0] if found is None else found


def add(client: Client, digest: str, entry: Descriptor) -> None:
    """List ``entry`` in the index under the tag of ``digest``, for a registry that does not list it itself.

    Others may write the same index: it is sent on the condition that it is still the one that was read, where the
    registry keeps to such conditions, and read again afterwards. Raises ``SourceError`` where that does not succeed.
    """
    tag = artifacts.tag_of(digest)
    for attempt in range(1, _TRIES + 1):
        entries, version = _tagged(client, tag)
        if any(one.digest == entry.digest for one in entries):
            return
        condition = {"If-Match": version} if version else {"If-None-Match": "*"} if not entries else {}
        try:
            put(client, artifacts.index_of((*entries, entry)), OCI_INDEX, key=tag, headers=condition)
        except RefusedError as error:
            if error.status not in (409, 412):
                raise
        else:
            if any(one.digest == entry.digest for one in _tagged(client, tag)[0]):
                return
        client.pause(attempt, "others write its list of referrers at the same time", f"manifests/{tag}")
    raise SourceError("others keep writing its list of referrers", where=f"{client.name}:{tag}", hint="try again later")


def _by_api(client: Client, digest: str) -> tuple[Descriptor, ...] | None:
    """None where the registry has no such list."""
    path: str = f"referrers/{digest}"
    found: list[Descriptor] = []
    for _ in range(_PAGES):
        try:
            content, headers = client.document(path, accept=OCI_INDEX, most=MAX_MANIFEST)
        except RefusedError as error:
            if error.status in _WITHOUT and not found:
                return None
            raise
        if headers.get("content-type", "").partition(";")[0].strip().lower() != OCI_INDEX:
            return None
        found += _index(content, f"{client.name}: {path}").manifests
        if len(found) > MAX_ENTRIES:
            raise SourceError(f"more than {MAX_ENTRIES:,} referrers", where=f"{client.name}: {digest}")
        following = _following(client, path, digest, headers.get("link", ""))
        if following is None:
            return tuple(found)
        path = following
    raise SourceError(f"a list of referrers of more than {_PAGES} pages", where=f"{client.name}: {digest}")


def _following(client: Client, path: str, digest: str, link: str) -> str | None:
    """Where the list goes on, below the repository: only ever at the registry itself, in the same list."""
    told = _NEXT.search(link[:8_192])
    if told is None:
        return None
    list_path = f"/v2/{client.repository}/referrers/{digest}"
    parts = urlsplit(urljoin(f"https://registry{list_path.removesuffix(f'referrers/{digest}')}{path}", told.group(1)))
    if parts.path != list_path or not parts.query:
        raise SourceError("a list of referrers that goes on somewhere else", where=f"{client.name}: {digest}")
    return f"referrers/{digest}?{parts.query}"


def _tagged(client: Client, tag: str) -> tuple[tuple[Descriptor, ...], str]:
    """The entries of the index under ``tag``, and its version where the registry tells one."""
    try:
        content, headers = client.document(f"manifests/{tag}", accept=OCI_INDEX, most=MAX_MANIFEST)
    except RefusedError as error:
        if error.status == 404:
            return (), ""
        raise
    return _index(content, f"{client.name}:{tag}").manifests, headers.get("etag", "")[:1000]


def _index(content: bytes, where: str) -> Index:
    try:
        read = manifests.read(content)
    except FormatError as error:
        raise SourceError(f"a list of referrers: {error.reason}", where=where) from None
    if not isinstance(read, Index):
        raise SourceError("what should list referrers is no index", where=where)
    return read
