"""Judges what an image is made of: whom it runs as, what its layers leave behind, who may write to what.

One YAML rule names one check (``logic: {check: name, parameters: {...}}``); the checks stand in ``checks_*`` and see
the survey of an image (``formats.oci.survey``), which ``sources.image`` makes of its configuration and layers. Options:
the parameters of the rules. What does not belong: secrets and packages, which have families of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model import Family, File, Rule
from lockgate.scanners import ScanContext, Scanner, Session

_SURVEY = "image-survey.json"  # formats.oci.survey.PATH, which is not imported for every start


def _wants(path: str, size: int) -> bool:
    return path == _SURVEY and size > 0


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.scanners.images._session import start

    return start(rules, context)


SCANNER = Scanner(Family.IMAGES, File, _start, _wants, cacheable=False, starts_alike=True, takes_parameters=True)
