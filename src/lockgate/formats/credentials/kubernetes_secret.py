"""Kubernetes Secret manifests: ``data`` is base64, ``stringData`` plain (https://kubernetes.io/docs/concepts/configuration/secret/)."""

from __future__ import annotations

import base64
import binascii

import orjson

from lockgate.formats.credentials import Credential, CredentialReader, paths
from lockgate.formats.credentials._assignments import ini
from lockgate.formats.credentials._collect import Collector, text_of
from lockgate.formats.credentials._trees import yaml_roots
from lockgate.formats.credentials._values import names_secret
from lockgate.formats.format_error import FormatError
from lockgate.formats.yaml_safe import Node
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Confidence, SkipKind

_MARK = lazy_pattern(rb"kind[\"']?\s{0,10}:\s{0,10}[\"']?Secret(?:[\"'\s,}]|\Z)")
_TEXTS = lazy_pattern(rb'\{\s*+(?:"[^"\\]*+"\s*+:\s*+"[^"\\]*+"\s*+(?:,\s*+)?+)*+\}')
"""A whole JSON object whose values are plain texts."""
_NEAR = 500
"""Bytes around a mark in which the object has to begin and end."""
_HARMLESS = lazy_pattern(
    r"(?i)(?:\A|[._-])(?:crt|cert|ca|pub|user|username|host|hostname|port|namespace|name|email|database|dbname|db|region"
    r"|bucket|path|type|issuer|scope|endpoint|server|version|enabled|domain|tenant-?id|client-?id|log-?level|mode)\Z"
)


def _may_hold(content: bytes) -> bool:
    if b"Secret" not in content:
        return False
    marks = _MARK.finditer(content)
    if not content.startswith(b"{"):
        return next(marks, None) is not None
    return not all(_only_names_the_kind(content, mark.start()) for mark in marks) and not _is_other_json(content)


def _only_names_the_kind(content: bytes, mark: int) -> bool:
    """Whether the object around a mark holds nothing but texts, so that it has no ``data``: one that describes an API
    names the kind so, many times in a megabyte."""
    opened = content.rfind(b"{", max(0, mark - _NEAR), mark)
    found = _TEXTS.match(content, opened, mark + _NEAR) if opened >= 0 else None
    return found is not None and found.end() > mark


def _is_other_json(content: bytes) -> bool:
    """Whether it is a JSON document without a Secret: reading one with places takes a hundred times as long."""
    try:
        root = orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    items = root.get("items")
    manifests = [root, *(items if isinstance(items, list) else [])]
    return not any(isinstance(one, dict) and one.get("kind") == "Secret" for one in manifests)


def _read(_path: str, content: bytes) -> tuple[Credential, ...]:
    text = text_of(content)
    try:
        roots = yaml_roots(content)
    except FormatError as error:
        if error.kind is SkipKind.MALFORMED and "{{" in text:
            return ()  # a chart's template: its values are elsewhere
        raise
    collector = Collector("kubernetes-secret", text)
    for root in roots:
        items = root.get("items")
        for manifest in items.items[:1000] if items else [root]:
            _read_manifest(collector, manifest)
    return collector.done()


def _read_manifest(collector: Collector, manifest: Node) -> None:
    kind = manifest.get("kind")
    if kind is None or kind.text != "Secret" or manifest.get("sops"):
        return
    metadata = manifest.get("metadata")
    named = metadata.get("name") if metadata else None
    name = named.text if named else ""
    for part in ("data", "stringData"):
        values = manifest.get(part)
        for key, value in values.pairs if values else []:
            if isinstance(value.value, str) and value.text:
                _add(collector, key.text, value, encoded=part == "data", name=name)


def _add(collector: Collector, key: str, node: Node, *, encoded: bool, name: str) -> None:
    value = _decoded(node.text) if encoded else node.text
    if value is None:
        return
    line = node.line
    if _HARMLESS.search(key) and not names_secret(key):
        collector.add_embedded(key, value, line)
    elif "PRIVATE KEY-----" in value or '"auth' in value:
        collector.add(key, value, line, host=name, column=node.column)
    elif "\n" in value.strip():
        for item in ini(value):
            collector.add_named(f"{key}/{item.name}", item.value, line)
    elif not collector.add_embedded(key, value, line):
        written = node.text.strip().split("\n", 1)[0]
        sure = Confidence.HIGH if names_secret(key) else Confidence.MEDIUM
        collector.add(key, value.strip(), line, host=name, written=written, at_most=sure)


def _decoded(text: str) -> str | None:
    """The text behind base64; the base64 itself for binary values; None when it is not base64 (a placeholder)."""
    packed = "".join(text.split())
    try:
        return base64.b64decode(packed, validate=True).decode("utf-8")
    except UnicodeDecodeError:
        return packed
    except (binascii.Error, ValueError):
        return None


READER = CredentialReader(paths(endings=(".yaml", ".yml", ".json")), _read, _may_hold)
