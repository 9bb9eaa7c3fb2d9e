"""Whoever a trust policy of the Notary Project trusts for the repository of an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.formats.oci.manifests import Descriptor
from lockgate.formats.signatures.notary.trust_policy import TrustPolicy
from lockgate.formats.signatures.testimony import Form, Subject, Testimony
from lockgate.gates.images.authority import Signed
from lockgate.signing.notary.revocation import Revocation
from lockgate.signing.notary.verifying import NOTHING_KNOWN, verify
from lockgate.signing.refused import RefusedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_FORMS = frozenset({Form.NOTARY})


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class NotaryAuthority:
    """A trust policy with its trust stores, read."""

    policy: TrustPolicy
    stores: Mapping[tuple[str, str], Sequence[Certificate]]
    """Of all statements, by type and name."""
    revocation: Revocation = NOTHING_KNOWN
    clock: Callable[[], datetime] = field(default=_now, repr=False)

    @property
    def forms(self) -> frozenset[Form]:
        """Envelopes of the Notary Project."""
        return _FORMS

    def check(self, found: Testimony, image: Subject) -> Signed:
        """As :class:`~lockgate.gates.images.authority.Authority` has it. A statement that skips counts for nothing:
        who asks for a signature has not asked to look at none."""
        statement = self.policy.for_repository(image.name)
        if statement is None:
            raise RefusedError(f"the trust policy has no statement for {image.name}")
        if statement.skips:
            raise RefusedError(f"the trust policy looks at no signature of {image.name} (statement {statement.name!r})")
        target = Descriptor(image.media_type, image.digest, len(image.content))
        outcome = verify(found.content, found.media_type, target, statement, self.stores, self.clock(),
                         self.revocation)  # fmt: skip
        if not outcome.holds or outcome.target is None:
            raise RefusedError(outcome.problem)
        moments = () if outcome.proved_at is None else (outcome.proved_at,)
        told = {f"annotation {name}": value for name, value in outcome.target.annotations.items()}
        return Signed(outcome.signer, found.where, found.form, moments=moments, claims=told)
