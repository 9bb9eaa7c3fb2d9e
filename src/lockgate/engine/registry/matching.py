"""What is stored of images, compared with the advisories of today: what was fine when it was pushed may not be.

The run that settles such an image judges its packages alone; ``ImageSteps`` gets a row ``matched`` that leads to it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lockgate.engine.image_sources import project_of
from lockgate.engine.registry.judging import Judging
from lockgate.engine.registry.steps import keep_one
from lockgate.engine.rematch import compared, settled
from lockgate.engine.scan import scan
from lockgate.model import Family, ImageFacts, Result
from lockgate.sources.image.stored import StoredSource
from lockgate.store.advisories import AdvisoryStore
from lockgate.store.bills import bills_of

_log = logging.getLogger("lockgate.registry")


def match_again(judging: Judging) -> str:
    """Compare all stored bills, settle images of which there is something new to say; what came of it, in words.

    Raises :class:`~lockgate.errors.LockgateError`; what was settled before stays, and does not differ the next time.
    """
    advisories = judging.request.advisories
    if advisories is None or not advisories.is_file():
        return "there are no advisories"
    rules = tuple(judging.rules.of(Family.DEPENDENCIES))
    with judging.ledger() as ledger, bills_of(judging.record) as bills, AdvisoryStore.open(advisories) as store:
        found = compared(bills, store, rules)

        def settle(source: StoredSource) -> Result:
            results: list[Result] = []
            project = project_of(source.facts.name, source.facts.platform)
            asked = replace(
                judging.request, families=(Family.DEPENDENCIES,), project=project,
                revision=source.facts.digest, rules_digest=judging.rules.digest, tell=results.append,
                vex=(*judging.request.vex, *judging.vex_kept(source.facts.digest)),
            )  # fmt: skip
            scan([source], judging.rules, judging.gate, store=judging.record, ledger=ledger, request=asked)
            return results[0]

        for image, result in zip(found.differing, settled(bills, found.differing, settle), strict=True):
            new = sum(one.state == "new" and not one.waived for one in result.findings)
            words = f"{new} new, {len(result.fixed)} fixed"
            keep_one(judging.record, _step(image.facts, result, words), once=f"matched {result.run.id}")
            _log.info("%s: %s by the advisories of today: %s", image.facts.name, result.decision.verdict, words)
    return f"{found.images:,} images, of which {len(found.differing):,} are told anew"


def _step(facts: ImageFacts, result: Result, detail: str) -> dict[str, Any]:
    return {
        "TimeGenerated": datetime.now(UTC), "RunId": result.run.id, "Registry": facts.registry,
        "Repository": facts.repository, "Tag": facts.tag, "ImageDigest": facts.digest,
        "IndexDigest": facts.index_digest, "Cause": "advisories", "Step": "matched",
        "Outcome": str(result.decision.verdict.value), "Detail": detail, "Accepted": None, "Seconds": None,
        "Attempts": 1,
    }  # fmt: skip
