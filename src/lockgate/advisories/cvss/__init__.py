"""CVSS vectors to scores and bands: 2.0, 3.0, 3.1 (base) and 4.0 (base, threat, environmental). No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from lockgate.advisories.cvss import _cvss2, _cvss3, _cvss4
from lockgate.model import Severity

__all__ = ["VectorError", "score", "severity", "version"]

MAX_LENGTH = 512
_VERSIONS = {"CVSS:4.0": "4.0", "CVSS:3.1": "3.1", "CVSS:3.0": "3.0"}


class VectorError(ValueError):
    """A text that is no complete vector of a version we know."""


def version(vector: str) -> str:
    """``2.0``, ``3.0``, ``3.1`` or ``4.0``, by the prefix alone. Raises ``VectorError`` for another prefix."""
    prefix, slash, _ = vector.strip().partition("/")
    if prefix in _VERSIONS and slash:
        return _VERSIONS[prefix]
    if prefix.startswith("CVSS:"):
        raise VectorError("a version of CVSS that is not known")
    return "2.0"


@lru_cache(maxsize=8192)
def score(vector: str) -> float:
    """0.0 to 10.0 in steps of 0.1. Raises ``VectorError`` for anything that is no complete vector.

    For 2.0 and 3.x temporal and environmental metrics are checked and passed over: the base score is what advisories
    are compared by. For 4.0 every metric counts, as its specification has one score only.
    """
    vector = vector.strip()
    if len(vector) > MAX_LENGTH:
        raise VectorError("the vector is too long")
    form = version(vector)
    if form == "2.0":
        metrics = _metrics(vector.strip("()"))
        optional = dict.fromkeys(_cvss2.OPTIONAL_NAMES, "")
        _check(metrics, _cvss2.MANDATORY, optional)
        return _cvss2.base2(metrics)
    metrics = _metrics(vector.partition("/")[2])
    if form == "4.0":
        _check(metrics, _cvss4.MANDATORY, _cvss4.OPTIONAL)
        return _cvss4.score4(metrics)
    _check(metrics, _cvss3.MANDATORY, _cvss3.OPTIONAL)
    return _cvss3.base3(metrics, minor=int(form[-1]))


def severity(points: float) -> Severity:
    """The band of a score (CVSS 3.1 and 4.0, qualitative severity rating scale); 0.0 is ``INFO``."""
    for bound, grade in ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW)):
        if points >= bound:
            return grade
    return Severity.INFO


def _metrics(text: str) -> dict[str, str]:
    metrics: dict[str, str] = {}
    for part in text.removesuffix("/").split("/"):
        name, colon, value = part.partition(":")
        if not colon or name in metrics:
            raise VectorError("a metric stands twice" if colon else "a metric without its value")
        metrics[name] = value
    return metrics


def _check(metrics: Mapping[str, str], mandatory: Mapping[str, str], optional: Mapping[str, str]) -> None:
    for name, values in mandatory.items():
        value = metrics.get(name, "")
        if len(value) != 1 or value not in values:
            raise VectorError(f"the metric {name} is missing or has a value that is not known")
    for name, value in metrics.items():
        if name in mandatory:
            continue
        if name not in optional:
            raise VectorError("a metric that is not known")
        # The urgency of 4.0 is written as a word (Clear, Green, Amber, Red): its first letter says it.
        known = value[:1] if name == "U" else value
        if optional[name] and (len(known) != 1 or known not in optional[name]):
            raise VectorError(f"the metric {name} has a value that is not known")
