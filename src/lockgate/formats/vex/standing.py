"""How a finding about a component stands, in the words of VEX, and which products it is about.

A scanner finds that a component is there, never that its flaw can be reached: what nobody decided on is under
investigation. A risk that somebody accepted is one that the product has: affected. Only who says why a product is not
affected, in a waiver with a justification or in VEX, has it stand so.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockgate.dataclass import dataclass
from lockgate.formats.purl import qualified
from lockgate.formats.vex.statement import JUSTIFICATIONS, Status
from lockgate.model import Result, SettledFinding

_FACT = "vex"


@dataclass(frozen=True, slots=True)
class Standing:
    """One flaw in one component of what was read."""

    flaw: str
    """The name that most readers look up: CVE before GHSA before any other."""
    aliases: tuple[str, ...]
    """Its other names."""
    part: str
    """Package URL of the component."""
    status: Status
    justification: str
    """Of ``JUSTIFICATIONS``, for what is not affected; else empty."""
    text: str
    """Why, or what to do."""


def image_url(result: Result) -> str:
    """The package URL of the image that was read; empty where it was none, or the place knew no digest."""
    for image in result.images:
        name = image.repository.rpartition("/")[2] or "image"
        address = f"{image.registry}/{image.repository}" if image.repository else ""
        more = {"repository_url": address, "arch": "".join(image.platform.split("/")[1:2]), "tag": image.tag}
        if image.digest:
            return qualified("oci", "", name, image.digest, more)
    return ""


def standings(result: Result, fixes: dict[str, str]) -> Iterator[Standing]:
    """Of every open finding about a flaw, one for each component that it stands for, in the order of the findings.

    ``fixes``: what to do, by identity.
    """
    urls: dict[tuple[str, str], list[tuple[tuple[str, int], str]]] = {}
    for component in result.components:
        key = component.ecosystem, component.name
        urls.setdefault(key, []).append(((component.path, component.line), component.purl))
    told: set[tuple[str, str]] = set()
    for settled in result.findings:
        finding = settled.finding
        if not finding.aliases or not finding.fact("package"):
            continue
        places = {(place.path, place.line) for place in settled.locations}
        same_name = urls.get((finding.fact("ecosystem"), finding.fact("package")), ())
        parts = [url for place, url in same_name if place in places and url]
        names = sorted(finding.aliases, key=lambda one: (not one.startswith("CVE-"), not one.startswith("GHSA-"), one))
        status, justification, text = _status(settled, fixes.get(settled.identity, ""))
        for part in dict.fromkeys(parts or [_made_up(settled)]):
            if (names[0], part) not in told:
                told.add((names[0], part))
                yield Standing(names[0], tuple(names[1:]), part, status, justification, text)


def _made_up(settled: SettledFinding) -> str:
    """For a component without a package URL: so that no finding is left out."""
    return qualified("generic", "", settled.finding.fact("package"), settled.finding.fact("version"), {})


def _status(settled: SettledFinding, fix: str) -> tuple[Status, str, str]:
    waiver = settled.waiver
    if waiver is not None and settled.waived:
        if waiver.status in (Status.NOT_AFFECTED.value, Status.FIXED.value):
            label = waiver.justification if waiver.justification in JUSTIFICATIONS else ""
            return Status(waiver.status), label, waiver.reason
        return Status.AFFECTED, "", f"the risk is accepted until {waiver.until} by {waiver.by}: {waiver.reason}"
    said = settled.finding.fact(_FACT).partition(":")[0]
    what_to_do = fix or "upgrade, or take the component out"
    return (Status.AFFECTED if said == Status.AFFECTED.value else Status.UNDER_INVESTIGATION), "", what_to_do
