"""One image through the engine: what ``lockgate image scan`` does, with what a long-lived process has ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from lockgate.dataclass import dataclass
from lockgate.engine.image_sources import image_sources
from lockgate.engine.request import Request
from lockgate.engine.scan import scan
from lockgate.formats.vex import Statement
from lockgate.gates import Gate
from lockgate.model import Decision, File
from lockgate.rules import Rulebook
from lockgate.sources import Wants
from lockgate.sources.image import Image
from lockgate.store import Ledger, Record
from lockgate.store.cache import Cache


class _Sample:
    """A source of one file with nothing in it."""

    root, mode = "nothing", "image"

    def sibling(self, path: str) -> bytes | None:
        """There are no others."""
        del path
        return None

    def collect(self, wants: Wants) -> Iterator[File]:
        """The file."""
        content = b"NAME=value\n"
        if wants(".env", len(content)):
            yield File(".env", len(content), partial(bytes, content))


@dataclass(frozen=True, slots=True)
class Judging:
    """How images are judged."""

    rules: Rulebook
    gate: Gate
    request: Request
    """Of every run, but for what differs from image to image."""
    record: Record
    ledger: Callable[[], Ledger]
    """Opens it; each run has its own, since runs may go on beside each other."""
    layers: Callable[[], AbstractContextManager[Cache]]
    """Opens what is kept of layers."""
    excluded: Callable[[str], bool] = lambda path: False
    max_bytes: int = 16 * 1024 * 1024
    """Of one file."""
    vex_of: Callable[[Image], tuple[Statement, ...]] = lambda image: ()
    """What is attested of an image by somebody who is believed."""
    vex_kept: Callable[[str], tuple[Statement, ...]] = lambda digest: ()
    """What was so when it was last judged, by its digest."""

    def judge(self, image: Image, *, project: str, run: str) -> Decision:
        """The decision about an image, whose run is in the record when this returns. ``run``: its id.

        Raises :class:`~lockgate.errors.LockgateError`, and nothing of it shows then.
        """
        with self.ledger() as ledger, self.layers() as cache:
            found = image_sources(
                image, families=self.request.families, listings=cache, excluded=self.excluded, max_bytes=self.max_bytes
            )
            asked = replace(self.request, project=project, run=run, revision=image.digest,
                            rules_digest=self.rules.digest, vex=(*self.request.vex, *self.vex_of(image)))  # fmt: skip
            return scan(found, self.rules, self.gate, store=self.record, ledger=ledger, request=asked, cache=cache)

    def warm(self) -> None:
        """Make ready what the first image would wait for: patterns, policies, the engines of the record."""
        asked = replace(self.request, tell=lambda result: None)
        scan([_Sample()], self.rules, self.gate, store=None, ledger=None, request=asked)
        self.verdict_of("none")

    def verdict_of(self, run: str) -> str:
        """The verdict of a run that is in the record; empty where it is not there."""
        if not self.record.has_run(run):
            return ""
        rows = self.record.sql('SELECT Verdict FROM "Runs" WHERE RunId = ? LIMIT 1', [run])
        return str(rows[0]["Verdict"]) if rows else ""
