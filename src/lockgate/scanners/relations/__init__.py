"""Judges what no manifest shows alone: a Service that selects nothing, an Ingress to a Service that is not there.

All manifests of a source are held until it is read, then the policies with ``among`` are put to them, and to what each
overlay and each chart makes. What they say counts only where it holds both within the one set, the manifests or one
rendering, and beside the others: a Service that the chart makes is there for the Ingress in a file. A tree may leave
out what another one brings, so these policies say what they say with less confidence than the others; where only
changed files are judged, most objects are missing and nothing is said. Options: as of ``policy``.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model import Family, File, Rule
from lockgate.scanners import ScanContext, Scanner, Session


def _wants(path: str, size: int) -> bool:  # noqa: ARG001 -- one that is too large is named by the scanner of objects
    return path.endswith((".yaml", ".yml")) or path.rpartition("/")[2] == "Kustomization"


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.scanners.relations._session import start  # an unchanged tree never needs it

    return start(rules, context)


SCANNER = Scanner(
    Family.POLICY, File, _start, _wants, cacheable=False, kept_whole=True, starts_alike=True, takes_parameters=True,
    version="2",
)
"""Not kept by file: what it says of one depends on all."""
