"""An object that policies judge: a Kubernetes manifest or an Azure resource, and where each of its fields stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass


def _nowhere(pointer: str) -> int:  # noqa: ARG001 -- an object from a cluster has fields and no lines
    return 0


@dataclass(frozen=True, slots=True)
class Object:
    """One object. Equal input gives equal verdicts, whichever source it came from."""

    form: str
    """``kubernetes`` (apiVersion, kind, metadata), ``azure`` (type, name, properties: a resource as ARM has it) or
    ``forge`` (kind, metadata, spec: settings of a forge, see ``sources.forge_posture``)."""
    body: Mapping[str, Any]
    """Plain JSON values. Never changed by who reads it."""
    path: str = ""
    """The file it stands in, or the address of the cluster, subscription or forge it came from."""
    line_of: Callable[[str], int] = field(default=_nowhere, compare=False, repr=False)
    """``line_of("/spec/containers/0/image")``: the line, from 1, of the field that a JSON pointer (RFC 6901) names, or
    of its nearest ancestor that stands in the file; 0 when there are no lines."""
    generated_by: str = ""
    """What made it, when it stands nowhere as it is: ``helm chart ./shop``, ``kustomize overlays/prod``."""
    unresolved: frozenset[str] = frozenset()
    """JSON pointers of values that are known only when it is deployed (``[resourceGroup().location]``, ``var.size``).
    ``body`` holds there the text as written; a rule that reads one of them has learned nothing. ``/name/0`` is the part
    of a name that its parents give."""

    cluster: str = ""
    """Name of the cluster it runs in or is about to; empty when it stands in a file."""
    partial: bool = False
    """A piece of a resource that is written elsewhere: of what does not stand here, nothing is known."""
    handed: str = ""
    """A module or an output that it goes to, where more may be said of it than stands here; empty without one."""
    scope: str = ""
    """Azure: id of what a resource in a file is deployed to, where the project says so; empty when it is not known."""

    def reaches(self, pointer: str) -> bool:
        """Whether it is known that something stands at a JSON pointer: neither it nor what it stands in is
        unresolved."""
        return not any(pointer == one or pointer.startswith(one + "/") for one in self.unresolved)

    def knows(self, pointer: str) -> bool:
        """Whether the value at a JSON pointer is known: neither it, nor what it stands in, nor a part of it is
        unresolved."""
        if not self.unresolved:
            return True
        below = pointer + "/"
        return not any(
            one == pointer or one.startswith(below) or pointer.startswith(one + "/") for one in self.unresolved
        )
