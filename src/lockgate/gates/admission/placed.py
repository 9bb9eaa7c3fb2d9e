"""Where a manifest stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError


@dataclass(frozen=True, slots=True)
class Placed:
    """One manifest and where it stands."""

    where: str
    """``folder/file.yaml`` or ``cluster:kind/name``."""
    body: Mapping[str, Any]

    def at(self, error: LockgateError) -> LockgateError:
        """The same error, saying in which file too."""
        if self.where and self.where not in error.where:
            error.where = f"{self.where}: {error.where}" if error.where else self.where
        return error
