"""Judges delivery workflows: GitHub Actions through zizmor, Azure Pipelines by checks of our own.

A rule's ``logic`` is ``{audit: id}`` (with ``persona`` where zizmor gives the audit only to its stricter personas) or
``{check: name}``. The scanner is not cacheable by file, because zizmor is run once for all files of a run; its answers
are kept by content in ``cache_dir``, so an unchanged second run starts no program. Without zizmor each GitHub file is a
Skip and nothing is called clean. Options: none.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model import Family, File, Rule
from lockgate.scanners import ScanContext, Scanner, Session
from lockgate.scanners.workflows._program import programs
from lockgate.scanners.workflows._wanted import may_hold, wants

__all__ = ["SCANNER", "wants"]


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.scanners.workflows._session import start

    return start(rules, context)


SCANNER = Scanner(
    Family.WORKFLOWS, File, _start, wants, cacheable=False, kept_whole=True, programs=programs, starts_alike=True,
    may_hold=may_hold,
)
