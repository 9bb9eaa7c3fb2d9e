"""One job of the queue, from what somebody told of to a verdict that is stored.

What was told is a hint: the registry is asked what is there. A job that died half-way is done again from its beginning;
what is in the record of it already is found there by the id of its run.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lockgate.engine.image_sources import project_of
from lockgate.engine.registry import bases, quarantine
from lockgate.engine.registry.judging import Judging
from lockgate.engine.registry.scope import Scope
from lockgate.engine.registry.steps import keep, step_of
from lockgate.errors import ConfigurationError, LockgateError, SourceError, StoreError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import manifests, platforms
from lockgate.formats.oci.manifests import Index
from lockgate.formats.oci.references import Reference
from lockgate.model import Verdict
from lockgate.sources.image import opened
from lockgate.sources.image.place import Document
from lockgate.sources.image.registry import RegistryPlace
from lockgate.sources.image.registry.catalogue import digest_of
from lockgate.store.registry.queue import Job, Queue, Resolved, State, Wanted
from lockgate.store.registry.seen import Judged, Seen
from lockgate.transport import AbsentError, RefusedError, UnansweredError

_log = logging.getLogger("lockgate.registry")
MOST_ATTEMPTS = 8
"""Of a job whose registry, or record, does not answer as it should."""
MOST_REFUSALS = 2
"""Of one that fails for another reason: a layer that is damaged will be so again."""
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 900.0
"""Seconds; three times as long each time."""
_BUSY_WAIT = 2.0
_MOST_MEMBERS = 200
"""Images of one index that are judged."""


class Worker:
    """Works on the jobs of one registry. One thread."""

    def __init__(self, scope: Scope, queue: Queue, seen: Seen, judging: Judging,
                 moved: Callable[[str, str], None] = lambda repository, tag: None) -> None:  # fmt: skip
        """``moved`` is called when a tag is known to name another image than before."""
        self._scope, self._queue, self._seen, self._judging, self._moved = scope, queue, seen, judging, moved

    def work(self) -> bool:
        """Take one job and work on it; whether there was one."""
        job = self._queue.take(self._scope.registry)
        if job is None:
            return False
        try:
            self._do(job)
        except LockgateError as error:
            self._failed(job, str(error), passing=_may_pass(error))
        except Exception as error:  # a defect of ours must not end the watch; what failed is told and kept
            _log.error("a defect met %s: %s", job.name, type(error).__name__, exc_info=error)
            self._failed(job, f"a defect of Lockgate: {type(error).__name__}", passing=False)
        return True

    def _do(self, job: Job) -> None:
        began = time.monotonic()
        try:
            with self._scope.opened(job.repository) as place:
                document = place.manifest(job.digest or job.tag)
                mine = self._queue.resolve(job, document.digest)
                if mine is Resolved.BUSY:
                    self._queue.put_back(job, "another worker is at the same image", after=_BUSY_WAIT)
                    return
                if mine is Resolved.TOLD:
                    self._queue.end(job, State.DONE, "told by its digest too")
                    return
                state, rows, words = self._looked_at(job, place, document)
        except AbsentError as error:
            if job.digest:
                self._seen.forget(job.repository, job.digest)
            if job.tag and not job.digest:
                self._seen.untag(job.repository, job.tag)
            state, words = State.GONE, "the registry no longer has it"
            rows = [step_of(job, "gone", "done", str(error))]
        keep(self._judging.record, job, rows)
        self._queue.end(job, state, words)
        _log.info("%s: %s (%.1f s, %.1f s after it was told)", job.name, words, time.monotonic() - began,
                  time.time() - job.accepted)  # fmt: skip

    def _looked_at(self, job: Job, place: RegistryPlace, document: Document) -> tuple[State, list[dict[str, Any]], str]:
        try:
            read = manifests.read(document.content, media_type=document.media_type)
        except FormatError as error:
            raise SourceError(error.reason, where=job.name) from None
        if isinstance(read, Index):
            return self._expanded(job, place, read, document.digest)
        if not read.is_image:
            self._named(job, place, job.top or document.digest)
            kind = read.artifact_type or read.config.media_type
            return (
                State.PASSED,
                [step_of(job, "passed", "done", f"no image: {kind}", digest=document.digest)],
                "no image",
            )
        before = self._seen.judged(job.repository, document.digest)
        told = job.tag and self._seen.tagged(job.repository, job.tag) != (job.top or document.digest)
        verdict = before or self._verdict(job, place, document.digest)
        named = self._named(job, place, job.top or document.digest)
        if before is not None and not told and job.attempts == 1:  # else an earlier try may have died before its row
            return State.DONE, [], f"{verdict.verdict}, as it was known"
        rows = [step_of(job, "judged", verdict.verdict, "", digest=document.digest)]
        if verdict.verdict == Verdict.DENY and named:
            done = quarantine.apply(self._scope, job, document.digest)
            rows += [step_of(job, "quarantine", how, words, digest=document.digest) for how, words in done]
            if any(how == "done" and words.startswith("untag") for how, words in done):
                self._seen.untag(job.repository, job.tag)
        return State.DONE, rows, verdict.verdict

    def _verdict(self, job: Job, place: RegistryPlace, digest: str) -> Judged:
        name = f"{job.registry}/{job.repository}" + (f":{job.tag}" if job.tag else f"@{digest}")
        named = Reference(job.registry, job.repository, job.tag, digest)
        image = replace(opened(place, digest, name=name, reference=named), index_digest=job.top)
        verdict = self._judging.verdict_of(job.run) if job.attempts > 1 else ""
        if not verdict:
            project = project_of(name, str(image.config.platform))
            verdict = str(self._judging.judge(image, project=project, run=job.run).verdict.value)
        base, below = bases.stated_or_found(self._scope, self._seen, image, job.repository)
        judged = Judged(digest, job.run, verdict, base, below)
        self._seen.judge(job.repository, judged)
        return judged

    def _expanded(
        self, job: Job, place: RegistryPlace, index: Index, digest: str
    ) -> tuple[State, list[dict[str, Any]], str]:
        """An index is judged by its images, each a job of its own."""
        images = [one.digest for one in index.manifests if not platforms.is_attestation(one)]
        some = images[:_MOST_MEMBERS]
        self._seen.add_members(job.repository, digest, some)
        # Before the tag is written down: an image that was judged under another name is looked at under this one too.
        self._queue.accept(Wanted(job.registry, job.repository, one, job.tag, job.cause, top=digest) for one in some)
        self._named(job, place, digest)
        words = f"an index of {len(images)} images"
        outcome = "done" if len(some) == len(images) else "failed"
        detail = words if outcome == "done" else f"{words}, of which {len(some)} are judged"
        return State.DONE, [step_of(job, "expanded", outcome, detail, digest=digest)], words

    def _named(self, job: Job, place: RegistryPlace, digest: str) -> bool:
        """Write down what the tag names now; whether that is still ``digest``. A tag that moved meanwhile is looked at
        again."""
        if not job.tag:
            return False
        try:
            current = digest_of(place.client, job.tag)
        except AbsentError:
            self._seen.untag(job.repository, job.tag)
            return False
        if current != digest:
            self._queue.accept([Wanted(job.registry, job.repository, current, job.tag, job.cause)])
            return False
        before = self._seen.tagged(job.repository, job.tag)
        self._seen.tag(job.repository, job.tag, digest)
        if before and before != digest:
            self._moved(job.repository, job.tag)
        return True

    def _failed(self, job: Job, reason: str, *, passing: bool) -> None:
        """Try again later, or tell that it is dead. A record that cannot be written leaves the job where it is."""
        if job.attempts < (MOST_ATTEMPTS if passing else MOST_REFUSALS):
            wait = min(_FIRST_WAIT * 3 ** (job.attempts - 1), _LONGEST_WAIT)
            self._queue.put_back(job, reason, after=wait)
            _log.warning("%s: %s; again in %.0f s", job.name, reason, wait)
            return
        _log.error("%s: given up after %d tries: %s", job.name, job.attempts, reason)
        try:
            keep(self._judging.record, job, [step_of(job, "dead", "failed", reason)])
        except LockgateError as error:
            _log.error("that cannot be recorded: %s", error)
        self._queue.end(job, State.DEAD, reason)


def _may_pass(error: LockgateError) -> bool:
    """Whether it is not the image that is at fault: who is refused today may have a good token in an hour."""
    refused = isinstance(error, RefusedError) and error.status in (401, 403)
    return refused or isinstance(error, UnansweredError | StoreError | ConfigurationError)
