"""What files of a layer state, as bytes that may be kept under the layer's digest and read back.

``FORM`` is part of the key under which they are kept: raised whenever a reader says something else of the same file.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from lockgate.formats.installed import Installed, System
from lockgate.model import Component, Scope, Skip, SkipKind

FORM = 2
_MOST = 512 * 1024 * 1024


def pack(statements: Mapping[str, Installed]) -> bytes:
    """Statements by path."""
    rows = [(path, *_row(said)) for path, said in sorted(statements.items())]
    return zlib.compress(orjson.dumps(rows), 1)


def unpack(stored: bytes) -> dict[str, Installed] | None:
    """What :func:`pack` was given; None for other bytes."""
    try:
        rows = orjson.loads(zlib.decompressobj().decompress(stored, _MOST))
        return {path: _installed(*row) for path, *row in rows}
    except (zlib.error, ValueError, TypeError):
        return None


def _row(said: Installed) -> tuple[Any, ...]:
    one = said.system
    system = None if one is None else (one.id, one.version, one.name, one.codename, one.like, one.release)
    return (
        [_component(one) for one in said.components],
        [(one.path, one.kind, one.reason, one.family, one.line) for one in said.skips],
        dict(said.owned),
        dict(said.modules),
        system,
    )


def _component(one: Component) -> tuple[Any, ...]:
    """Without what readers leave to the inventory."""
    return (
        one.ecosystem, one.name, one.version, one.path, one.line, one.direct, one.parents, one.scope, one.licence,
        one.hashes, one.purl, one.source, one.source_version, one.architecture,
    )  # fmt: skip


def _installed(components: Any, skips: Any, owned: Any, modules: Any, system: Any) -> Installed:
    return Installed(
        tuple(_of_row(*row) for row in components),
        tuple(Skip(path, SkipKind(kind), reason, family, line) for path, kind, reason, family, line in skips),
        {name: tuple(paths) for name, paths in owned.items()},
        modules,
        None if system is None else _system(*system),
    )


def _system(name: str, version: str, pretty: str, codename: str, like: list[str], release: str) -> System:
    return System(name, version, pretty, codename, tuple(like), release)


def _of_row(
    ecosystem: str, name: str, version: str, path: str, line: int, direct: bool | None, parents: list[str], scope: str,
    licence: str, hashes: list[str], purl: str, source: str, source_version: str, architecture: str,
) -> Component:  # fmt: skip
    return Component(
        ecosystem, name, version, path, line, direct, tuple(parents), (), Scope(scope), licence, tuple(hashes), purl,
        source=source, source_version=source_version, architecture=architecture,
    )  # fmt: skip
