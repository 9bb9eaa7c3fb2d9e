"""CVSS 3.0 and 3.1 base scores (https://www.first.org/cvss/v3.1/specification-document, section 7)."""

from __future__ import annotations

import math
from collections.abc import Mapping

MANDATORY = {"AV": "NALP", "AC": "LH", "PR": "NLH", "UI": "NR", "S": "UC", "C": "HLN", "I": "HLN", "A": "HLN"}
OPTIONAL = {
    "E": "XHFPU", "RL": "XUWTO", "RC": "XCRU", "CR": "XHML", "IR": "XHML", "AR": "XHML", "MAV": "XNALP", "MAC": "XLH",
    "MPR": "XNLH", "MUI": "XNR", "MS": "XUC", "MC": "XHLN", "MI": "XHLN", "MA": "XHLN",
}  # fmt: skip
_WEIGHTS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def base3(metrics: Mapping[str, str], *, minor: int) -> float:
    """The base score; ``minor`` 0 or 1 decides how it is rounded up."""
    impacts = _WEIGHTS["C"]
    subscore = 1 - math.prod(1 - impacts[metrics[name]] for name in "CIA")
    changed = metrics["S"] == "C"
    impact = 7.52 * (subscore - 0.029) - 3.25 * (subscore - 0.02) ** 15 if changed else 6.42 * subscore
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * _PRIVILEGES[metrics["S"]][metrics["PR"]]
    for name in ("AV", "AC", "UI"):
        exploitability *= _WEIGHTS[name][metrics[name]]
    total = min((1.08 if changed else 1.0) * (impact + exploitability), 10.0)
    return _round_up_31(total) if minor else math.ceil(round(total, 9) * 10) / 10


def _round_up_31(value: float) -> float:
    # Appendix A of 3.1: integers, so that floating point cannot lift 4.02 to 4.1 on one machine only.
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10
