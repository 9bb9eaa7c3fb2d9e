"""Finds credentials in files: provider formats, structured credential files, and, less surely, passwords and addresses.

Three ways, one finding a secret: a rule's ``pattern`` (first tier), a reader of ``formats.credentials`` (rules with
``file``), and the judges of the second tier (rules with ``heuristic``). The value itself never leaves this package: a
finding holds its salted hash, a masked hint and masked lines. What does not belong: walking, waivers, history.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockgate.model import Family, File, Rule
from lockgate.scanners import ScanContext, Scanner, Session
from lockgate.scanners.secrets._wanted import DEFAULT_MAX_BYTES, wants
from lockgate.settings import ScannerOption


def _start(rules: Sequence[Rule], context: ScanContext) -> Session:
    from lockgate.scanners.secrets._session import SecretsSession

    return SecretsSession(rules, context)


SCANNER = Scanner(
    family=Family.SECRETS,
    reads=File,
    start=_start,
    wants=wants,
    version="2",
    options=(
        ScannerOption("max_bytes", int, "A larger file is not looked through.", default=DEFAULT_MAX_BYTES, minimum=1),
        ScannerOption("gitleaks", str, "A rule file in the format of gitleaks, relative to the project's top."),
    ),
)
