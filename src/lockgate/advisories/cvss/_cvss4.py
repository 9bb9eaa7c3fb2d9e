"""CVSS 4.0: macrovector, then interpolation (https://www.first.org/cvss/v4.0/specification-document, section 8.2)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product

from lockgate.advisories.cvss._macrovectors import (
    DEPTHS,
    DEPTHS_EQ3_EQ6,
    HIGHEST_EQ1,
    HIGHEST_EQ2,
    HIGHEST_EQ3_EQ6,
    HIGHEST_EQ4,
    SCORES,
)

MANDATORY = {
    "AV": "NALP", "AC": "LH", "AT": "NP", "PR": "NLH", "UI": "NPA", "VC": "HLN", "VI": "HLN", "VA": "HLN", "SC": "HLN",
    "SI": "HLN", "SA": "HLN",
}  # fmt: skip
OPTIONAL = {
    "E": "XAPU", "CR": "XHML", "IR": "XHML", "AR": "XHML", "MAV": "XNALP", "MAC": "XLH", "MAT": "XNP", "MPR": "XNLH",
    "MUI": "XNPA", "MVC": "XHLN", "MVI": "XHLN", "MVA": "XHLN", "MSC": "XHLN", "MSI": "XSHLN", "MSA": "XSHLN",
    "S": "XNP", "AU": "XNY", "R": "XAUI", "V": "XDC", "RE": "XLMH", "U": "XCGAR",
}  # fmt: skip
_WORST = {"E": "A", "CR": "H", "IR": "H", "AR": "H"}
_STEPS = {
    "AV": "NALP", "PR": "NLH", "UI": "NPA", "AC": "LH", "AT": "NP", "VC": "HLN", "VI": "HLN", "VA": "HLN",
    "SC": "SHLN", "SI": "SHLN", "SA": "SHLN", "CR": "HML", "IR": "HML", "AR": "HML",
}  # fmt: skip
_IMPACTS = ("VC", "VI", "VA", "SC", "SI", "SA")
_VULNERABLE = ("VC", "VI", "VA", "CR", "IR", "AR")
_SUBSEQUENT = ("SC", "SI", "SA")
_GROUPS = {"eq1": ("AV", "PR", "UI"), "eq2": ("AC", "AT"), "eq3eq6": _VULNERABLE, "eq4": _SUBSEQUENT}
_ROUNDING = 1e-6  # lifts results that floating point leaves just below a tie


def score4(given: Mapping[str, str]) -> float:
    """The score of a complete set of metrics: base, with threat and environmental metrics where they are given."""
    metrics = _effective(given)
    if all(metrics[name] == "N" for name in _IMPACTS):
        return 0.0
    levels = _levels(metrics)
    value = SCORES[_joined(levels)]
    distances = _distances(metrics, levels)
    shares: list[float] = []
    for name, lower in _next_lower(levels).items():
        depth = DEPTHS_EQ3_EQ6[levels["eq3"] + levels["eq6"]] if name == "eq3eq6" else 1
        if name in DEPTHS:
            depth = DEPTHS[name][int(levels[name])]
        shares.append((value - lower) * distances.get(name, 0) / depth)
    mean = sum(shares) / len(shares) if shares else 0.0
    return math.floor((min(max(value - mean, 0.0), 10.0) + _ROUNDING) * 10 + 0.5) / 10


def _effective(given: Mapping[str, str]) -> dict[str, str]:
    metrics: dict[str, str] = {}
    for name in (*MANDATORY, *_WORST):
        value = given.get(name, "X")
        modified = given.get("M" + name, "X")
        value = modified if modified != "X" else value
        metrics[name] = _WORST[name] if value == "X" else value
    return metrics


def _levels(m: Mapping[str, str]) -> dict[str, str]:
    """The level of each of the six equivalence sets, ``0`` the most severe."""
    easy = (m["AV"] == "N", m["PR"] == "N", m["UI"] == "N")
    eq1 = "2" if m["AV"] == "P" or not any(easy) else "0" if all(easy) else "1"
    high = m["VC"] == "H", m["VI"] == "H", m["VA"] == "H"
    eq3 = "0" if high[0] and high[1] else "1" if any(high) else "2"
    eq4 = "0" if "S" in (m["SI"], m["SA"]) else "1" if "H" in (m["SC"], m["SI"], m["SA"]) else "2"
    wanted = any(
        impact and m[need] == "H" for impact, need in zip(high, ("CR", "IR", "AR"), strict=True)
    )  # a high impact where it is needed most
    return {
        "eq1": eq1,
        "eq2": "0" if m["AC"] == "L" and m["AT"] == "N" else "1",
        "eq3": eq3,
        "eq4": eq4,
        "eq5": str("APU".index(m["E"])),
        "eq6": "0" if wanted else "1",
    }


def _joined(levels: Mapping[str, str]) -> str:
    return "".join(levels[name] for name in ("eq1", "eq2", "eq3", "eq4", "eq5", "eq6"))


def _next_lower(levels: Mapping[str, str]) -> dict[str, float]:
    """Score of the next lower macrovector by equivalence set, where there is one."""
    lower: dict[str, float] = {}
    for name in ("eq1", "eq2", "eq4", "eq5"):
        found = SCORES.get(_joined(_lowered(levels, name)))
        if found is not None:
            lower[name] = found
    if levels["eq6"] == "0" and levels["eq3"] == "1":
        ways = [_lowered(levels, "eq6")]
    elif levels["eq6"] == "0":
        ways = [_lowered(levels, "eq6"), _lowered(levels, "eq3")]
    else:
        ways = [_lowered(levels, "eq3")]
    scores = [SCORES[_joined(way)] for way in ways if _joined(way) in SCORES]
    if scores:
        lower["eq3eq6"] = max(scores)
    return lower


def _lowered(levels: Mapping[str, str], name: str) -> dict[str, str]:
    return {**levels, name: str(int(levels[name]) + 1)}


def _distances(metrics: Mapping[str, str], levels: Mapping[str, str]) -> dict[str, int]:
    """Steps below the first highest vector of the macrovector that is nowhere below ``metrics``, by set."""
    for first, second, vulnerable, subsequent in product(
        HIGHEST_EQ1[int(levels["eq1"])],
        HIGHEST_EQ2[int(levels["eq2"])],
        HIGHEST_EQ3_EQ6[levels["eq3"] + levels["eq6"]],
        (HIGHEST_EQ4[int(levels["eq4"])],),
    ):
        highest = {
            **first,
            **second,
            **dict(zip(_VULNERABLE, vulnerable, strict=True)),
            **dict(zip(_SUBSEQUENT, subsequent, strict=True)),
        }
        steps = {name: _STEPS[name].index(metrics[name]) - _STEPS[name].index(top) for name, top in highest.items()}
        if min(steps.values()) >= 0:
            return {group: sum(steps[name] for name in names) for group, names in _GROUPS.items()}
    return {}
