"""``imagePullSecrets`` of Pods: as whom the kubelet would ask a registry, read from the cluster of the Pod.

Only the namespace of the Pod is looked into, and what a secret holds goes to no host but the one that it names. What
cannot be read is told and stands for nothing: then the registry is asked as without it. Source: Kubernetes,
``pkg/credentialprovider`` (keys of ``auths``, ``*`` in the parts of a host); kubernetes.io/docs, "Images".
"""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote, urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci.references import DEFAULT_HOST, Reference
from lockgate.lazy_pattern import lazy_pattern
from lockgate.sources.cluster import Connection, Limits
from lockgate.sources.cluster.connection import OversizeError, RefusedError, SilentError
from lockgate.sources.image.registry.credentials import Credentials, plain_key, read_entry

LIMITS = Limits(chunk_bytes=2 * 1024 * 1024, connect_seconds=2.0, read_seconds=2.0, request_seconds=2.0, retries=0)
"""Of the connection: a Pod waits."""
_NAME = lazy_pattern(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_MOST = 8
"""Secrets of one Pod that are read."""
_MOST_KEPT = 1_000
_SECONDS = 30.0
"""For which a secret is believed, or that it is not there."""
_MAX_DOCUMENT = 1024 * 1024
_KINDS = (".dockerconfigjson", ".dockercfg")
Auths = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Puller:
    """Who pulls an image: a Pod of a namespace, by names of secrets there."""

    namespace: str = ""
    secrets: tuple[str, ...] = ()


class PullSecrets:
    """Reads them, from several threads; each is kept for half a minute."""

    def __init__(self, connect: Callable[[], Connection], *, clock: Callable[[], float] = time.monotonic) -> None:
        """``connect`` is called when a secret is asked for first, and again where that fails."""
        self._connect, self._clock = connect, clock
        self._lock, self._connecting = threading.Lock(), threading.Lock()
        self._connection: Connection | None = None
        self._kept: OrderedDict[tuple[str, str], tuple[float, Auths, str]] = OrderedDict()

    def credentials(self, puller: Puller, image: Reference) -> tuple[Credentials | None, list[str]]:
        """What the first secret that names the registry of ``image`` holds for it, and what could not be read."""
        told: list[str] = []
        for name in puller.secrets[:_MOST]:
            auths, problem = self._auths(puller.namespace, name)
            if problem:
                told.append(f"secret {name}: {problem}")
            for key in sorted(auths, key=len, reverse=True):
                if not _is_for(key, image):
                    continue
                try:
                    found = read_entry(auths[key], f"secret {name}")
                except LockgateError as error:
                    told.append(str(error))
                    continue
                if found is not None:
                    return found, told
        return None, told

    def _auths(self, namespace: str, name: str) -> tuple[Auths, str]:
        now = self._clock()
        with self._lock:
            until, auths, problem = self._kept.get((namespace, name), (0.0, {}, ""))
        if now < until:
            return auths, problem
        auths, problem = self._read(namespace, name)
        with self._lock:
            self._kept[namespace, name] = now + _SECONDS, auths, problem
            self._kept.move_to_end((namespace, name))
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return auths, problem

    def _read(self, namespace: str, name: str) -> tuple[Auths, str]:
        if not _NAME.fullmatch(name) or not _NAME.fullmatch(namespace):
            return {}, "no name of a secret"
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/secrets/{quote(name, safe='')}"
        try:
            body = json_safe.load(self._connected().body(path, retry=False), max_bytes=LIMITS.chunk_bytes)
        except RefusedError as error:
            words = {403: "may not be read (get on secrets in this namespace)", 404: "is not there"}
            return {}, words.get(error.status, f"the API server answers {error.status}")
        except (SilentError, OversizeError, LockgateError, FormatError) as error:
            return {}, f"cannot be read ({type(error).__name__})"
        return _document(body)

    def _connected(self) -> Connection:
        with self._connecting:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection


def _document(secret: Any) -> tuple[Auths, str]:
    """The ``auths`` of a secret of one of both kinds. Helpers that it names are no programs of this machine."""
    data = secret.get("data") if isinstance(secret, dict) else None
    for kind in _KINDS:
        encoded = data.get(kind) if isinstance(data, dict) else None
        if not isinstance(encoded, str):
            continue
        try:
            body = json_safe.load(base64.b64decode(encoded, validate=True), max_bytes=_MAX_DOCUMENT)
        except (binascii.Error, ValueError, FormatError):
            return {}, f"its {kind} is no JSON"
        auths = body.get("auths") if kind == _KINDS[0] and isinstance(body, dict) else body
        if not isinstance(auths, dict):
            return {}, f"its {kind} holds no registries"
        return {key: one for key, one in auths.items() if isinstance(one, dict)}, ""
    return {}, "is of no kind that names registries"


def _is_for(key: str, image: Reference) -> bool:
    """Whether a key of ``auths`` is about an image: its host, with ``*`` in its parts, and a path that begins so."""
    wanted = f"//{plain_key(key)}"
    try:
        told, has = urlsplit(wanted), urlsplit(f"//{image.name}")
        ports = told.port, has.port
    except ValueError:
        return False
    if plain_key(key) == DEFAULT_HOST:
        return image.host == DEFAULT_HOST
    hosts = (told.hostname or "").split("."), (has.hostname or "").split(".")
    if ports[0] != ports[1] or len(hosts[0]) != len(hosts[1]):
        return False
    path, at = told.path.rstrip("/"), has.path
    within = not path or at == path or at.startswith(f"{path}/")
    return within and all(_fits(pair) for pair in zip(*hosts, strict=True))


def _fits(pair: tuple[str, str]) -> bool:
    return fnmatchcase(pair[1], pair[0])


def pullers_secrets(spec: Mapping[str, Any]) -> Iterator[str]:
    """Names in ``imagePullSecrets`` of what a Pod is to be; admission of service accounts has added theirs to a Pod."""
    rows = spec.get("imagePullSecrets")
    for row in rows if isinstance(rows, list) else ():
        name = row.get("name") if isinstance(row, Mapping) else None
        if isinstance(name, str) and name:
            yield name
