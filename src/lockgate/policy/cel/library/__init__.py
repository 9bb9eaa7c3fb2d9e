"""Functions that expressions may call. Each module but this one is a library and has its overloads in ``LIBRARY``.

Semantics are those of cel-spec, cel-go's ``ext`` and Kubernetes' ``apiserver/pkg/cel/library``; each module names its
source. Where two libraries have a function of one name, the types of the arguments decide.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence

from lockgate.policy.cel.functions import Function


def names() -> list[str]:
    """Names of the libraries, sorted."""
    return sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))


def declared(name: str) -> Sequence[Function]:
    """The overloads of one library, which is imported for it. A module without ``LIBRARY`` is an error."""
    overloads: Sequence[Function] = importlib.import_module(f"{__name__}.{name}").LIBRARY
    return overloads
