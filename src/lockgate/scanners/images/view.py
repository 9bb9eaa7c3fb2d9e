"""What a check sees of one image, and what it answers. No judging here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.oci.survey import Survey


@dataclass(frozen=True, slots=True)
class View:
    """One image under judgement, by one rule."""

    survey: Survey
    parameters: Mapping[str, Any]
    """Those of the rule, with what the settings say in their place."""
    today: date | None
    """None where ages are not counted."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule is broken."""

    key: str
    """What identifies the fault in this image: a path in it, a field, a port; never wording."""
    detail: str
    """The sentence for a person."""
    path: str = ""
    """In the image; empty where the fault is in the configuration."""
    field: str = ""
    """Of the configuration: ``User``, ``Labels/org.opencontainers.image.source``."""
    step: int = -1
    """Place in the history of the step that did it; -1 where none is known."""
    layer: int = -1
    """The layer that brought it; -1 for none."""


Check = Callable[[View], Iterator[Hit]]


def last_step(survey: Survey, *keywords: str) -> int:
    """The last step that begins with one of ``keywords``; -1 for none."""
    for at in range(len(survey.steps) - 1, -1, -1):
        if survey.steps[at].text.partition(" ")[0] in keywords:
            return at
    return -1
