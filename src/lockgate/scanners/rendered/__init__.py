"""Judges what overlays of kustomize and charts of Helm make, by the policies of the rulebook.

A finding names the overlay or chart, and stands at the line of the base or template where that is known. Such files
are understood with those beside them, so answers are not kept by file. Charts need the program ``helm``; without it
each is a Skip. Options: as of ``policy``.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model import Family, File, Rule
from lockgate.scanners import ScanContext, Scanner, Session
from lockgate.scanners.rendered._wanted import wants


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.scanners.rendered._session import start  # an unchanged tree never needs it

    return start(rules, context)


SCANNER = Scanner(
    Family.POLICY, File, _start, wants, cacheable=False, kept_whole=True, starts_alike=True, takes_parameters=True
)
