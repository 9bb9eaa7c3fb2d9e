"""What a registry holds: its repositories, their tags, and which digest a tag names. Page by page, within bounds.

Source: OCI distribution-spec 1.1, "Listing Tags" and "Pulling manifests"; ``/v2/_catalog`` is of the distribution
project, and of Azure Container Registry, Harbor and others; those that lack it are given the repositories to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from lockgate.errors import SourceError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import digests, media_types, references
from lockgate.formats.oci.manifests import MAX_MANIFEST
from lockgate.lazy_pattern import lazy_pattern
from lockgate.sources.image.registry.client import Client

_PAGE = 1_000
"""Names that are asked for at a time; a registry may give fewer."""
_MAX_PAGE = 1024 * 1024
MOST_PAGES = 10_000
"""Of one listing: a registry that goes on for ever ends the look."""
_ACCEPT = ", ".join((*media_types.ACCEPTED, *sorted(media_types.SCHEMA_1)))
_NEXT = lazy_pattern(r'<([^<>"\s]{1,4000})>\s*;\s*rel="?next"?')


def repositories(client: Client) -> Iterator[str]:
    """The repositories of the registry that this identity may list. Raises ``SourceError``, ``AbsentError``."""
    for names in _pages(client, f"/v2/_catalog?n={_PAGE}", "repositories"):
        yield from (name for name in names if _is_repository(name))


def tags(client: Client) -> Iterator[list[str]]:
    """The tags of the client's repository, a page at a time. Raises ``SourceError``, ``AbsentError``."""
    for names in _pages(client, f"tags/list?n={_PAGE}", "tags"):
        yield [name for name in names if _is_tag(name)]


def digest_of(client: Client, key: str) -> str:
    """The digest that a tag names now. Raises ``SourceError``, ``AbsentError``.

    By HEAD, which costs nobody a pull; a registry that does not tell the digest so is asked for the manifest.
    """
    path = f"manifests/{key}"
    answer = client.write("HEAD", path, success=(200,), headers={"Accept": _ACCEPT})
    try:
        return digests.checked(answer.headers.get("docker-content-digest", ""))
    except FormatError:
        content, _ = client.document(path, accept=_ACCEPT, most=MAX_MANIFEST)
        return digests.digest_of(content)


def _pages(client: Client, path: str, key: str) -> Iterator[list[str]]:
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        content, headers = client.document(path, accept="application/json", most=_MAX_PAGE)
        try:
            body = json_safe.load(content, max_bytes=_MAX_PAGE)
        except FormatError as error:
            raise SourceError(f"a list of {key} that cannot be read: {error.reason}", where=client.name) from None
        names = body.get(key) if isinstance(body, dict) else None
        if names is not None and not isinstance(names, list):
            raise SourceError(f"a list of {key} that is none", where=client.name)
        yield [name for name in names or () if isinstance(name, str)]
        following = _next(headers.get("link", ""), path)
        if not following:
            return
        if following in seen:
            raise SourceError(f"a list of {key} that leads back to itself", where=client.name)
        seen.add(following)
        path = following
    raise SourceError(f"a list of {key} without an end", where=client.name)


def _next(link: str, path: str) -> str:
    """Where the next page is: on the same registry and in the same list, whatever it says."""
    found = _NEXT.search(link)
    if found is None:
        return ""
    query = urlsplit(urljoin("/", found.group(1))).query
    again = urlencode([(name, value) for name, value in parse_qsl(query) if name in ("n", "last")], quote_via=quote)
    return f"{path.partition('?')[0]}?{again}" if again else ""


def _is_repository(name: str) -> bool:
    try:
        return references.parse(f"registry.invalid/{name}").path == name
    except FormatError:
        return False


def _is_tag(name: str) -> bool:
    try:
        return references.parse(f"registry.invalid/x:{name}").tag == name
    except FormatError:
        return False
