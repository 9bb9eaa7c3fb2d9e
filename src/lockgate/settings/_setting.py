"""One field of a shape: a setting with its description and its bounds."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def setting(about: str, default: Any = None, **bounds: Any) -> Any:
    """A dataclass field that is a setting. ``bounds``: ``minimum``, ``maximum``, ``min_items``, ``one_of``, ``values``.

    ``values`` is the shape of the items of an open mapping, ``by`` what its keys are.
    """
    return field(default=default, metadata={"about": about, **bounds})
