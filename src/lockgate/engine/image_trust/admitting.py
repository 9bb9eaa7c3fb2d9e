"""Images of Pods held to the policy while an API server waits: within its time, and each digest once for a while.

A verdict is kept by name, digest and policy. Where a tag is named, which digest that is has to be asked anew, soon;
that a tag was resolved is told with the verdict, since the one that starts may be another.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar

from lockgate.dataclass import dataclass
from lockgate.engine.image_trust.pull_secrets import Puller, PullSecrets
from lockgate.engine.image_trust.verify import Asked, Known, Verified, verified
from lockgate.errors import LockgateError, SourceError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references
from lockgate.formats.oci.references import Reference
from lockgate.formats.signatures.testimony import Subject
from lockgate.gates.images import GATE, Attestable, ImageTrust, Trusted
from lockgate.model import Verdict
from lockgate.transport import RefusedError

NOBODY = Puller()
K = TypeVar("K")
V = TypeVar("V")
_Key: TypeAlias = tuple[str, str, str, str]
_MOST = 10_000
"""Verdicts, and tags, that are kept."""
_BARELY = 0.2
"""Seconds below which asking a registry is not begun."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """Seconds for which something is believed."""

    allowed: float = 600.0
    """A verdict that allows: until then nobody looks whether a scan has grown old."""
    denied: float = 15.0
    """One that does not: whoever signs the image meanwhile may try again."""
    tag: float = 30.0
    """Which digest a tag names."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """What is known of one image as a Pod names it."""

    verified: Verified | None
    """None: it could not be judged."""
    error: str = ""


_WAY_OUT = "a line of the policy that begins with the name of this host lets it be asked"
Ask = Callable[[ImageTrust, Reference, str, float, Puller], Verified]
"""Policy, image, as it was named, seconds, who pulls it -> the verdict. Raises ``LockgateError``."""


class ImageVerdicts:
    """Verdicts on images, asked from several threads."""

    def __init__(self, ask: Ask, lasting: Lasting | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._lasting, self._clock = ask, lasting or Lasting(), clock
        self._lock = threading.Lock()
        self._verdicts: OrderedDict[_Key, tuple[float, Verified]] = OrderedDict()
        self._tags: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def known(self, trust: ImageTrust, image: str) -> Admitted | None:
        """The verdict on an image where it is known, without asking anybody."""
        try:
            reference = references.parse(image)
        except FormatError as error:
            return Admitted(None, f"{image[:200]!r} is no name of an image: {error.reason}")
        if not trust.asks(reference.name):
            return Admitted(_unasked(trust, reference, image))
        with self._lock:
            digest = reference.digest or self._kept(self._tags, str(reference))
            found = self._kept(self._verdicts, _key(trust, reference, digest)) if digest else None
        return Admitted(_as_named(found, image, reference)) if found is not None else None

    def asked(self, trust: ImageTrust, image: str, *, until: float, puller: Puller = NOBODY) -> Admitted:
        """The verdict on an image, fetched where it is not known; ``until`` by the clock.

        A verdict is one on an image, whoever pulls it: what one Pod's secrets let be read another is told, too.
        """
        found = self.known(trust, image)
        if found is not None:
            return found
        left = until - self._clock()
        if left < _BARELY:
            return Admitted(None, f"no time was left to ask the registry about {image[:200]}")
        reference = references.parse(image)
        try:
            made = self._ask(trust, reference, image, left, puller)
        except LockgateError as error:
            return Admitted(None, str(error))
        now = self._clock()
        denied = made.trusted.decision.verdict is Verdict.DENY
        lasts = self._lasting.denied if denied else self._lasting.allowed
        with self._lock:
            _keep(self._verdicts, _key(trust, reference, made.digest), (now + lasts, made))
            if not reference.digest:
                _keep(self._tags, str(reference), (now + self._lasting.tag, made.digest))
        return Admitted(made)

    def _kept(self, kept: OrderedDict[K, tuple[float, V]], key: K) -> V | None:
        entry = kept.get(key)
        return entry[1] if entry is not None and self._clock() <= entry[0] else None


def _key(trust: ImageTrust, reference: Reference, digest: str) -> _Key:
    """With the tag that stands beside a digest, which may lead to an index whose signature covers it."""
    return trust.version, reference.name, digest, reference.tag if reference.digest else ""


def _keep(kept: OrderedDict[K, tuple[float, V]], key: K, entry: tuple[float, V]) -> None:
    """The oldest go where there are too many."""
    kept[key] = entry
    kept.move_to_end(key)
    while len(kept) > _MOST:
        kept.popitem(last=False)


def _as_named(found: Verified, image: str, reference: Reference) -> Verified:
    return found if found.image == image else replace(found, image=image, by_tag=not reference.digest)


def _unasked(trust: ImageTrust, reference: Reference, image: str) -> Verified:
    """The verdict where the policy asks for nothing that has to be fetched."""
    judged: Trusted = GATE.decide(trust, Attestable(reference.name, Subject("", b"")), now=datetime.now(UTC))
    return Verified(image, "", False, judged)


def registries(known: Known, *, ca_file: str = "", secrets: PullSecrets | None = None) -> Ask:
    """Asks the registry that an image names, as whom this machine is logged in.

    Who may create Pods names registries, so this machine and its link are asked only where the policy names them.
    ``secrets``: reads those of Pods, which then go before what the machine has.
    """

    def ask(trust: ImageTrust, reference: Reference, image: str, seconds: float, puller: Puller) -> Verified:
        from lockgate.sources.image.registry import Limits, Trust, registry_of

        held, told = secrets.credentials(puller, reference) if secrets is not None else (None, [])

        limits = Limits(
            connect_seconds=min(seconds, 5.0), silence_seconds=seconds, document_seconds=seconds, retries=2,
            wait_seconds=min(1.0, seconds / 4), longest_wait=1.0,
        )  # fmt: skip
        named = Trust(ca_file, named_by_others=not trust.names_host(reference.name), way_out=_WAY_OUT)
        asked = Asked(reference.key, reference.name, image, tag=reference.tag if reference.digest else "")
        try:
            with registry_of(reference, named, limits=limits, credentials=held) as place:
                return verified(trust, place, asked, known, now=datetime.now(UTC))
        except RefusedError as error:
            if not told:
                raise
            raise SourceError(f"{error.message}; {'; '.join(told)}", where=error.where, hint=error.hint) from None

    return ask
