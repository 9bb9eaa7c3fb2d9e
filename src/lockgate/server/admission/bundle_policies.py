"""Policies of a signed bundle, looked at again from time to time.

A bundle whose signature does not hold is never used: at the start that is an error, later the last good policies go
on, which the loader logs and counts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lockgate.errors import LockgateError, SourceError
from lockgate.gates.admission import Placed
from lockgate.sources import policy_bundle, policy_files

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey


class BundlePolicies:
    """One bundle as a feed of policies; see ``loader.Feed``."""

    def __init__(self, place: policy_bundle.Place, tag: str, key: EllipticCurvePublicKey, *,
                 seconds: float = 30.0) -> None:  # fmt: skip
        """``seconds`` between two looks at the place."""
        self._place, self._tag, self._key, self._seconds = place, tag, key, seconds
        self._looked = -1e9
        self._seen = ""
        self._found: list[Placed] | LockgateError = SourceError("not read yet", where=place.name)

    @property
    def revision(self) -> str:
        """The digest of the bundle; for one that cannot be used, why."""
        if time.monotonic() - self._looked >= self._seconds:
            self._looked = time.monotonic()
            self._look()
        return self._seen

    def manifests(self) -> Sequence[Placed]:
        """What the bundle holds. Raises ``SourceError`` when it cannot be trusted or read."""
        if not self._seen:
            self._look()
        if isinstance(self._found, LockgateError):
            raise self._found
        return self._found

    def inventory(self) -> Sequence[Mapping[str, Any]]:
        """A bundle knows nothing of a cluster."""
        return ()

    def _look(self) -> None:
        try:
            bundle = policy_bundle.load(self._place, self._tag, self._key)
            if bundle.digest != self._seen:
                self._found = [
                    Placed(f"{self._place.name}: {name}", body)
                    for name, content in sorted(bundle.files.items())
                    for body in policy_files.bodies_of(name, content)
                ]
                self._seen = bundle.digest
        except LockgateError as error:
            self._found, self._seen = error, f"unusable: {error}"
