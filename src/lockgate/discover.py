"""Finds the members of a growing folder: one member a module, under one constant.

``discover(lockgate.scanners, "SCANNER", Scanner)`` imports every public module of the package in name order and returns
the members by module name. A module without its constant, or with one of another type, is refused by file name, so a
forgotten member cannot go unnoticed. Third parties add members through the entry-point group of the package's name
(``lockgate.scanners``). Modules whose name begins with an underscore belong to the folder itself and are passed over.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.machinery import all_suffixes
from types import ModuleType

from lockgate.errors import ConfigurationError

TYPE_CHECKING = False  # as in ``typing``, which ``lockgate --help`` has no need to import
if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from typing import TypeVar

    T = TypeVar("T")


def discover(package: ModuleType, constant: str, kind: type[T]) -> dict[str, T]:
    """Members of ``package`` by module name, in name order, then those of entry points, in name order."""
    members: dict[str, T] = {}
    for name in member_names(package):
        module = importlib.import_module(f"{package.__name__}.{name}")
        members[name] = _member(module, constant, kind, where=module.__file__ or module.__name__)
    for point in entry_points(package.__name__):
        if point.name in members:
            raise ConfigurationError(
                f"the entry point {point.value!r} takes the name of a built-in member",
                where=f"{package.__name__}:{point.name}",
                hint="rename the entry point, or uninstall the package that brings it",
            )
        loaded = point.load()
        members[point.name] = (
            _member(loaded, constant, kind, where=point.value)
            if isinstance(loaded, ModuleType)
            else _typed(loaded, constant, kind, where=point.value)
        )
    return members


def member_names(package: ModuleType) -> list[str]:
    """Names of the public modules of ``package``, sorted; imports nothing."""
    names = {name for place in package.__path__ for name in _modules_in(place)}
    return sorted(name for name in names if not name.startswith("_"))


def _modules_in(place: str) -> Iterator[str]:
    """Modules and packages in one folder; in an archive, as the finder of archives tells them."""
    if not os.path.isdir(place):
        import pkgutil

        yield from (info.name for info in pkgutil.iter_modules([place]))
        return
    with os.scandir(place) as entries:
        for entry in entries:
            name, dot, ending = entry.name.partition(".")
            if name.isidentifier() and (ending in _ENDINGS if dot else os.path.isfile(f"{entry.path}/__init__.py")):
                yield name


def entry_points(group: str) -> list[EntryPoint]:
    """The entry points of ``group`` in name order.

    ``importlib.metadata`` takes longer to import than a small run takes in all, so it is asked only where an installed
    package may name the group at all.
    """
    if not any(_may_name(place, _changed(place), group) for place in sys.path) and not _other_finders():
        return []
    from importlib import metadata

    return sorted(metadata.entry_points(group=group), key=lambda point: point.name)


def _may_name(place: str, changed: int, group: str) -> bool:
    """Whether a package installed in ``place``, an entry of ``sys.path``, may name the group."""
    groups = _groups(place, changed)
    return groups is None or f"[{group}]".encode() in groups


@lru_cache(maxsize=64)
def _groups(place: str, changed: int) -> frozenset[bytes] | None:  # noqa: ARG001 - a changed folder is looked at again
    """The groups, in their brackets, that packages installed in ``place`` name; None for an archive.

    Each list is read once for all groups that are asked for.
    """
    if not os.path.isdir(place or "."):
        return None if os.path.exists(place) else frozenset()
    with os.scandir(place or ".") as entries:
        kept = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info", ".egg"))]
    lists = (f"{one}/{inner}" for one in kept for inner in _LISTS)
    return frozenset(line.strip() for path in lists for line in _lines(path) if line.lstrip().startswith(b"["))


_ENDINGS = frozenset(one.removeprefix(".") for one in all_suffixes())
_LISTS = ("entry_points.txt", "EGG-INFO/entry_points.txt")


def _lines(path: str) -> list[bytes]:
    try:
        with open(path, "rb") as stream:
            return stream.read().splitlines()
    except OSError:
        return []


def _changed(place: str) -> int:
    try:
        return os.stat(place or ".").st_mtime_ns
    except OSError:
        return 0


def _other_finders() -> bool:
    """Whether something beside the usual finder brings distributions."""
    from importlib.machinery import PathFinder

    return any(one is not PathFinder and hasattr(one, "find_distributions") for one in sys.meta_path)


def _member(module: ModuleType, constant: str, kind: type[T], *, where: str) -> T:
    if not hasattr(module, constant):
        raise ConfigurationError(
            f"the module does not define {constant}",
            where=where,
            hint=f"every module of this folder holds one {kind.__name__} under the name {constant}",
        )
    return _typed(getattr(module, constant), constant, kind, where=where)


def _typed(value: object, constant: str, kind: type[T], *, where: str) -> T:
    if not isinstance(value, kind):
        raise ConfigurationError(f"{constant} is a {type(value).__name__}, not a {kind.__name__}", where=where)
    return value
