"""Requests that have an image built anew: what GitHub and Azure DevOps are asked, and in which words. Pure.

https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event and
https://learn.microsoft.com/rest/api/azure/devops/pipelines/runs/run-pipeline (7.1). Names of images come from a
registry and may be anybody's: they stand in JSON and in variables, and never in a path.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import quote, urlsplit

import orjson

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.lazy_pattern import lazy_pattern

_REPOSITORY = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_EVENT_LENGTH = 100
"""Characters of an ``event_type``, GitHub's limit."""
_GITHUB_VERSION = "2022-11-28"
_AZURE_VERSION = "7.1"


@dataclass(frozen=True, slots=True)
class Moved:
    """An image whose base has moved."""

    image: str
    """Registry and repository."""
    tag: str
    digest: str
    """Of the image as it is."""
    base: str
    """Name of the base."""
    base_before: str
    base_digest: str
    """Of the base as it is now."""

    def variables(self) -> dict[str, str]:
        """For a program."""
        return {
            "LOCKGATE_IMAGE": self.image, "LOCKGATE_TAG": self.tag, "LOCKGATE_DIGEST": self.digest,
            "LOCKGATE_BASE": self.base, "LOCKGATE_BASE_BEFORE": self.base_before,
            "LOCKGATE_BASE_DIGEST": self.base_digest,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class RebuildRequest:
    """One POST."""

    address: str
    headers: Mapping[str, str] = field(repr=False)
    """With the token in them."""
    body: bytes
    success: frozenset[int]


def github_dispatch(moved: Moved, *, api: str, repository: str, event: str, token: str) -> RebuildRequest:
    """A ``repository_dispatch``. Raises :class:`FormatError` for what cannot be one."""
    if not _REPOSITORY.fullmatch(repository) or repository.endswith(("/.", "/..")):
        raise FormatError("a repository of GitHub is owner/name")
    if not 0 < len(event) <= _EVENT_LENGTH:
        raise FormatError(f"an event type has 1 to {_EVENT_LENGTH} characters")
    payload = {
        "image": moved.image, "tag": moved.tag, "digest": moved.digest, "base": moved.base,
        "base_before": moved.base_before, "base_digest": moved.base_digest,
    }  # fmt: skip
    headers = {
        "Accept": "application/vnd.github+json", "Authorization": f"Bearer {_token(token)}",
        "Content-Type": "application/json", "X-GitHub-Api-Version": _GITHUB_VERSION, "User-Agent": "lockgate",
    }  # fmt: skip
    body = orjson.dumps({"event_type": event, "client_payload": payload})
    return RebuildRequest(f"{web_address(api)}/repos/{repository}/dispatches", headers, body, frozenset((204,)))


def azure_run(
    moved: Moved, *, organization: str, project: str, pipeline: int, ref: str, token: str, parameters: bool
) -> RebuildRequest:
    """A run of a pipeline. Raises :class:`FormatError` for what cannot be one."""
    if not project or project in (".", ".."):
        raise FormatError("a project of Azure DevOps has a name")
    body: dict[str, object] = {"resources": {"repositories": {"self": {"refName": ref} if ref else {}}}}
    if parameters:
        body["templateParameters"] = {
            "image": moved.image, "tag": moved.tag, "base": moved.base, "baseDigest": moved.base_digest,
        }  # fmt: skip
    basic = base64.b64encode(f":{_token(token)}".encode()).decode()
    headers = {"Accept": "application/json", "Authorization": f"Basic {basic}", "Content-Type": "application/json",
               "User-Agent": "lockgate"}  # fmt: skip
    path = f"/{quote(project, safe='')}/_apis/pipelines/{pipeline}/runs?api-version={_AZURE_VERSION}"
    return RebuildRequest(f"{web_address(organization)}{path}", headers, orjson.dumps(body), frozenset((200, 201)))


def _token(token: str) -> str:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise FormatError("a token is one word")
    return token


def web_address(address: str) -> str:
    """The same without a slash at its end. Raises :class:`FormatError` for none, or one with a password or query."""
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.username is None
        good = good and not parts.query and not parts.fragment and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise FormatError("an address is https://HOST, and a path where there is one")
    return address.rstrip("/")
