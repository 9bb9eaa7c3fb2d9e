"""Finds the members of a growing folder: one member a module, under one constant.

``discover(lockgate.scanners, "SCANNER", Scanner)`` imports every public module of the package in name order and returns
the members by module name. A module without its constant, or with one of another type, is refused by file name, so a
forgotten member cannot go unnoticed. Third parties add members through the entry-point group of the package's name
(``lockgate.scanners``). Modules whose name begins with an underscore belong to the folder itself and are passed over.
"""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

from lockgate.errors import ConfigurationError

T = TypeVar("T")


def discover(package: ModuleType, constant: str, kind: type[T]) -> dict[str, T]:
    """Members of ``package`` by module name, in name order, then those of entry points, in name order."""
    members: dict[str, T] = {}
    for name in member_names(package):
        module = importlib.import_module(f"{package.__name__}.{name}")
        members[name] = _member(module, constant, kind, where=module.__file__ or module.__name__)
    for point in sorted(entry_points(group=package.__name__), key=lambda point: point.name):
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
    return sorted(info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_"))


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
