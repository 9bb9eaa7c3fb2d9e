"""Docker client files: ``auths.<host>.auth`` is base64 of ``user:password`` (https://docs.docker.com/reference/cli/docker/login/)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from lockgate.formats import json_safe
from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import json_leaves, json_value

_COMPOSER = ('"github-oauth"', '"gitlab-oauth"', '"gitlab-token"', '"bearer"', '"forgejo-token"')


def _read(path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    if path.lower().endswith("auth.json") and any(mark in text for mark in _COMPOSER):
        return _composer(text, content)
    if '"auth"' not in text and '"auths"' not in text and not path.lower().endswith("dockercfg"):
        return ()
    value, clean = json_value(content)
    if not isinstance(value, dict):
        return ()
    lines = json_safe.key_lines(clean, max_depth=3)
    collector = Collector("docker-config", text)
    below = isinstance(value.get("auths"), dict)
    for host, entry in (value["auths"] if below else value).items():
        if isinstance(entry, dict):
            _add_entry(collector, lines, ("auths", host) if below else (host,), entry)
    return collector.done()


def _composer(text: str, content: bytes) -> tuple[Credential, ...]:
    """Composer's auth.json, tokens and passwords by host (https://getcomposer.org/doc/articles/authentication-for-private-packages.md)."""
    collector = Collector("client-token", text)
    for leaf in json_leaves(content):
        table = next((part for part in leaf.path if isinstance(part, str)), "")
        if f'"{table}"' in _COMPOSER or leaf.key in ("password", "token", "consumer-secret"):
            collector.add(leaf.key, leaf.value, leaf.line, host=str(leaf.path[1]) if len(leaf.path) > 1 else "")
    return collector.done()


def _add_entry(
    collector: Collector, lines: dict[json_safe.JsonPath, int], path: tuple[str, ...], entry: dict[str, Any]
) -> None:
    host = path[-1]
    user = str(entry.get("username", ""))
    for key in ("auth", "password", "identitytoken", "registrytoken"):
        written = entry.get(key)
        if not isinstance(written, str) or not written:
            continue
        value = written
        if key == "auth":
            user, value = _decoded(written)
        collector.add(key, value, lines.get((*path, key), 1), user=user, host=host, written=written)


def _decoded(text: str) -> tuple[str, str]:
    """User and password of an ``auth``; the text itself when it is not base64 of a pair."""
    try:
        user, colon, password = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", text
    return (user, password.rstrip("\0")) if colon else ("", text)


READER = CredentialReader(
    paths("config.json", ".dockercfg", ".dockerconfigjson", "dockercfg", "auth.json", "docker-config.json"), _read
)
