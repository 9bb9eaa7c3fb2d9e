"""The noun Rule. The catalogue, the loader and the YAML form live in ``rules``.

Reports draw titles and help of rules, and stand below the catalogue, so the noun itself has its home here
(``docs/decisions/0002-floors.md``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any, NewType

from lockgate.dataclass import dataclass
from lockgate.model.grades import Confidence, Severity

RuleId = NewType("RuleId", str)
"""``LG-`` + family letters + words: ``secret/aws-access-key-id``. Stable for ever; a rule's new meaning is a new id."""


class Family(StrEnum):
    """What people choose by ``--family``. The value is the folder below ``rules/``."""

    SECRETS = "secrets"
    DEPENDENCIES = "dependencies"
    WORKFLOWS = "workflows"
    DOCKERFILES = "dockerfiles"
    POLICY = "policy"
    IMAGES = "images"
    MALWARE = "malware"
    ALERTS = "alerts"
    POSTURE = "posture"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Sample:
    """A small input and what the rule must say about it."""

    fires: bool
    text: str
    """File content. ``{{...}}`` placeholders are filled in when the test runs (see ``rules/_samples.py``), so that
    no credential stands in the repository."""
    path: str = ""
    """Path of the sample file; the rule's default sample path when empty."""
    note: str = ""
    lines: tuple[int, ...] = ()
    """Lines (from 1) where it must fire, when the sample states them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is wrong, why it matters, how to find it, how to mend it, and the samples that prove both answers."""

    id: RuleId
    family: Family
    title: str
    """One line, no full stop."""
    why: str
    """What an attacker or an accident does with it."""
    severity: Severity
    confidence: Confidence
    fix: str
    """What to do, in the imperative."""
    logic: Mapping[str, Any] = field(default_factory=dict)
    """Read by the scanner of the family; exactly the keys that scanner documents."""
    tags: tuple[str, ...] = ()
    """Standards and weaknesses: ``cwe-798``, ``owasp-cicd-sec-4``."""
    references: tuple[str, ...] = ()
    """Addresses: the provider's own page for a format, the specification for a rule."""
    samples: tuple[Sample, ...] = ()
