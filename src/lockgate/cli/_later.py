"""Modules of the standard library that others import and hardly ever use, loaded when something of them is asked for.

``importlib.util.LazyLoader`` is made for this, but before Python 3.12 the next ``import`` statement loads the module.
"""

from __future__ import annotations

import sys
from _thread import RLock
from importlib.util import find_spec, module_from_spec
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any


class _Later(ModuleType):
    """Stands for a module; becomes it once it is loaded."""

    def __getattr__(self, name: str) -> Any:
        with _ONE_AT_A_TIME:
            spec: ModuleSpec | None = self.__dict__.pop("_waiting", None)
            if spec is not None and spec.loader is not None:
                spec.loader.exec_module(self)
                self.__class__ = ModuleType  # type: ignore[assignment]  # only now: until then others wait here
        if name in self.__dict__:
            return self.__dict__[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


_ONE_AT_A_TIME = RLock()


def later(name: str) -> None:
    """Let the module be imported without being loaded, until an attribute of it is asked for.

    For commands, whose process is ours. A module that is loaded stays as it is.
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    module.__class__ = _Later
    module.__dict__["_waiting"] = spec
    sys.modules[name] = module
