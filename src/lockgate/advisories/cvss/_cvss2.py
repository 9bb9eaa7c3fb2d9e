"""CVSS 2.0 base scores (https://www.first.org/cvss/v2/guide, section 3.2.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping

_WEIGHTS = {
    "AV": {"L": 0.395, "A": 0.646, "N": 1.0},
    "AC": {"H": 0.35, "M": 0.61, "L": 0.71},
    "Au": {"M": 0.45, "S": 0.56, "N": 0.704},
}
_IMPACT = {"N": 0.0, "P": 0.275, "C": 0.66}
MANDATORY = {"AV": "LAN", "AC": "HML", "Au": "MSN", "C": "NPC", "I": "NPC", "A": "NPC"}
# Temporal and environmental metrics; values of several letters are compared whole.
OPTIONAL_NAMES = frozenset({"E", "RL", "RC", "CDP", "TD", "CR", "IR", "AR"})


def base2(metrics: Mapping[str, str]) -> float:
    """The base score."""
    impact = 10.41 * (1 - math.prod(1 - _IMPACT[metrics[name]] for name in "CIA"))
    exploitability = 20 * math.prod(weights[metrics[name]] for name, weights in _WEIGHTS.items())
    factor = 0.0 if impact == 0 else 1.176
    return math.floor((0.6 * impact + 0.4 * exploitability - 1.5) * factor * 10 + 0.5 + 1e-9) / 10
