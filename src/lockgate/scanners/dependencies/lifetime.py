"""Releases of distributions and of languages' runtimes that nobody mends any more, or soon will not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from lockgate.advisories.lifetimes import Lifetime, lifetime_of, runtime_lifetime_of
from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Component, ComponentKind, Family, Finding, Fix, Location, Related, Rule, Subject

SOON = 90
"""Days before the end from which it is told."""
END_OF_LIFE = "end of life of"
"""Begins what stands in place of a flaw in the keys of findings about runtimes, before the version."""
_NET = "microsoft.netcore.app.runtime."
"""Begins the names of the packages that .NET's shared framework states itself as."""
_TEMURIN = lazy_pattern(r"temurin-([0-9]+)-(?:jdk|jre)\Z")
_MICROSOFT = lazy_pattern(r"[0-9.]+-1\Z")
_DEADSNAKES = lazy_pattern(r"[0-9.]+-[0-9]+\+(?:xenial|bionic|focal|jammy|noble)[0-9]+\Z")
_PYTHON = lazy_pattern(r"python[0-9]+\.[0-9]+(?:-minimal)?\Z")


@dataclass(frozen=True, slots=True)
class Ending:
    """A release with a last day."""

    name: str
    """For people."""
    key: str
    """What the identity of a finding about it hashes."""
    lifetime: Lifetime


def ending_of(component: Component) -> Ending | None:
    """The last day of a distribution, or of a runtime as those ship it who make it; None where that is not known."""
    name, version = component.name, component.version
    if component.kind == ComponentKind.OPERATING_SYSTEM:
        lifetime = lifetime_of(name, version)
        return Ending(f"{name} {version}", f"{name}\n{version}", lifetime) if lifetime is not None else None
    runtime, release = _runtime(component)
    lifetime = runtime_lifetime_of(runtime, release) if runtime else None
    if lifetime is None:
        return None
    key = f"{component.ecosystem}\n{name}\n{END_OF_LIFE} {version}"
    return Ending(f"{runtime} {release}", key, lifetime)


def _runtime(component: Component) -> tuple[str, str]:
    """Runtime and version, empty for everything else.

    A distribution mends what it builds itself, so of its packages only those count that the makers of a runtime, or
    who repackages theirs unchanged (NodeSource, deadsnakes, Adoptium, Microsoft), put there: names and versions tell.
    Go's library counts as a program has it, not as ``go.mod`` asks for it at least.
    """
    name, version, nothing = component.name, component.version, ("", "")
    if component.owner:
        return nothing
    if component.ecosystem == "Go":
        asked = component.direct is not None or component.path.endswith("go.mod")
        return ("Go", version) if name == "stdlib" and not asked else nothing
    if component.ecosystem == "NuGet":
        return (".NET", version) if name.lower().startswith(_NET) else nothing
    if not name.startswith(("nodejs", "dotnet-runtime-", "temurin-", "python")):
        return nothing
    if name == "nodejs":
        return ("Node.js", version.partition(":")[2] or version) if "nodesource" in version else nothing
    if name.startswith("dotnet-runtime-"):
        return (".NET", version) if _MICROSOFT.match(version) else nothing
    temurin = _TEMURIN.match(name)
    if temurin is not None:
        return "Java (Temurin)", temurin.group(1)
    return ("Python", version) if _PYTHON.match(name) and _DEADSNAKES.match(version) else nothing


def lifetime_finding(component: Component, rules: Mapping[str, Rule], today: str) -> Finding | None:
    """What is to be said of a release on the day ``today`` (ISO); None for nothing, or where that is not known.

    ``rules``: by ``over`` and ``ending``, of runtimes with ``runtime-`` before it.
    """
    ending = ending_of(component) if today else None
    if ending is None:
        return None
    left = (ending.lifetime.ends - date.fromisoformat(today)).days
    kind = "" if component.kind == ComponentKind.OPERATING_SYSTEM else "runtime-"
    rule = rules.get(f"{kind}over" if left < 0 else f"{kind}ending")
    if rule is None or left > SOON:
        return None
    return Finding(
        rule=rule.id,
        family=Family.DEPENDENCIES,
        severity=rule.severity,
        confidence=rule.confidence,
        subject=Subject("component", ending.name, ending.key),
        location=Location(component.path, component.line, component.line),
        message=_message(ending, left),
        fix=Fix(rule.fix),
        facts=tuple(
            Related(fact, value)
            for fact, value in (
                ("advisory", ending.lifetime.source), ("ends", ending.lifetime.ends.isoformat()),
                ("layer", component.layer),
            )
            if value
        ),
    )  # fmt: skip


def _message(ending: Ending, left: int) -> str:
    day = ending.lifetime.ends
    if left < 0:
        return f"{ending.name} gets no security updates since {day}."
    return f"Security updates of {ending.name} end on {day}, in {left} days."
