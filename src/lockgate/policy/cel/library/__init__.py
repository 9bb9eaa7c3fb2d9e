"""Functions that expressions may call. Each module but this one is a library and has its overloads in ``LIBRARY``.

Semantics are those of cel-spec, cel-go's ``ext`` and Kubernetes' ``apiserver/pkg/cel/library``; each module names its
source. Where two libraries have a function of one name, the types of the arguments decide.
"""

from __future__ import annotations

import importlib
import pkgutil

from lockgate.policy.cel.functions import Function, Registry, registry


def load() -> Registry:
    """Every overload of every library, in the order of the modules' names. A module without ``LIBRARY`` is an error."""
    declared: list[Function] = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        if not info.name.startswith("_"):
            declared.extend(importlib.import_module(f"{__name__}.{info.name}").LIBRARY)
    return registry(declared)
