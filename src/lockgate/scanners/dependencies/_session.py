"""One run of the dependency engine: components in, findings and skips out at the end, by one question to the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockgate.advisories.record import Kind
from lockgate.advisories.versions import VersionError, sort_key
from lockgate.errors import ConfigurationError, NothingCheckedError, StoreError
from lockgate.model import (
    Component,
    ComponentKind,
    Family,
    Finding,
    Fix,
    Location,
    Related,
    Rule,
    Severity,
    Skip,
    SkipKind,
    Subject,
)
from lockgate.scanners.dependencies.lifetime import lifetime_finding
from lockgate.scanners.dependencies.matching import LIFETIME, by_subject, key_of, rule_of, told_by_owners
from lockgate.store.advisories import AdvisoryStore

if TYPE_CHECKING:
    from lockgate.store.advisories import Match

_UPGRADE: Mapping[str, str] = {
    "PyPI": "python -m pip install --upgrade '{name}>={version}'",
    "npm": "npm install {name}@{version}",
    "Go": "go get {name}@v{version}",
    "crates.io": "cargo update -p {name} --precise {version}",
    "NuGet": "dotnet add package {name} --version {version}",
    "RubyGems": "bundle update {name} --conservative",
    "Packagist": "composer require {name}:^{version}",
    "Pub": "dart pub upgrade {name}",
    "Hex": "mix deps.update {name}",
}
_OF_DISTRIBUTION: Mapping[str, str] = {
    "deb": "apt-get update && apt-get install --only-upgrade {name}",
    "apk": "apk upgrade {name}",
    "rpm": "dnf upgrade {name}",
}
_STATES = {
    "end-of-life": "The distribution no longer mends this release: move to one that it does.",
    "will-not-fix": "The distribution has said that it will not fix this.",
}
_TEXT = {
    "Maven": "set the version of {name} to {version} in pom.xml or build.gradle",
    "SwiftURL": "set {name} to 'from: {version}' in Package.swift and run 'swift package update'",
    "ConanCenter": "require {name}/{version} in the conanfile and run 'conan lock create'",
}


class DependencySession:
    """Holds the components of a run back until ``finish``, to ask the store once."""

    def __init__(self, rules: Sequence[Rule], store: AdvisoryStore, today: str = "") -> None:
        self._lifetimes = {str(rule.logic[LIFETIME]): rule for rule in rules if LIFETIME in rule.logic}
        self._today = today
        self._rules = by_subject(rules)
        self._store = store
        self._components: list[Component] = []
        self._owned: list[Component] = []
        self._blind: dict[str, list[Component]] = {}
        self._checked = 0
        self._by_owner = 0

    def feed(self, row: Any) -> Iterator[Finding | Skip]:
        """Take one Component. One without a version was told of by its reader, and is passed over."""
        component: Component = row
        if component.version:
            finding = lifetime_finding(component, self._lifetimes, self._today)
            if finding is not None:
                yield finding
            if component.kind == ComponentKind.OPERATING_SYSTEM:
                return
        if not component.version:
            return
        if component.owner:
            self._owned.append(component)
            return
        yield from self._take(component)

    def _take(self, component: Component) -> Iterator[Skip]:
        if not self._store.knows(component):
            self._blind.setdefault(component.ecosystem, []).append(component)
            return
        self._components.append(component)
        try:
            sort_key(component.ecosystem, component.version)
        except VersionError as error:
            reason = f"{component.name[:100]}: {error}, so only advisories that list it word by word were compared"
            yield Skip(component.path, SkipKind.UNRESOLVED, reason, Family.DEPENDENCIES.value, component.line)
            return
        self._checked += 1

    def finish(self) -> Iterator[Finding | Skip]:
        """All findings, in the order of the components, and a Skip for each ecosystem without advisories."""
        try:
            yield from self._take_owned()
            for match in self._store.match(self._components):
                finding = self._finding(match)
                if finding is not None:
                    yield finding
        finally:
            self._store.close()
        for ecosystem, components in sorted(self._blind.items()):
            unchecked = "1 component was" if len(components) == 1 else f"{len(components)} components were"
            reason = (
                f"the advisory store holds nothing about {ecosystem[:60]}: {unchecked} not checked; make the store "
                "anew with its advisories beside those of the others: 'lockgate advisories update SOURCE SOURCE ...'"
            )
            yield Skip(components[0].path, SkipKind.MISSING_TOOL, reason, Family.DEPENDENCIES.value)

    def _take_owned(self) -> Iterator[Skip]:
        spoken_for = told_by_owners(self._store, [one.owner for one in self._owned])
        self._by_owner = len(spoken_for)
        for at, component in enumerate(self._owned):
            if at not in spoken_for:
                yield from self._take(component)

    def coverage(self) -> str:
        """How many components were compared with how many advisories of which day."""
        if not self._checked:
            return ""
        meta = self._store.meta()
        day = meta["newest"][:10] or "an unknown day"
        owned = f" and {self._by_owner} with the packages that brought them" if self._by_owner else ""
        return f"{self._checked} components{owned}, {meta['advisories']} advisories up to {day}"

    def _finding(self, match: Match) -> Finding | None:
        rule = rule_of(self._rules, match)
        if rule is None:
            return None
        component = match.component
        return Finding(
            rule=rule.id,
            family=Family.DEPENDENCIES,
            severity=_severity(rule, match),
            confidence=rule.confidence,
            subject=Subject(
                kind="component",
                name=f"{component.name} {component.version}",
                key=key_of(component, match),
            ),
            location=Location(component.path, component.line, component.line),
            message=_message(match),
            fix=_fix(match, rule),
            aliases=match.ids,
            facts=_facts(match),
        )


def _severity(rule: Rule, match: Match) -> Severity:
    # A score or a word of the data base speaks about a vulnerability; the other kinds are as bad as their rule says.
    if rule.logic["advisories"] != Kind.VULNERABLE.value or match.severity is None:
        return rule.severity
    return match.severity


def _message(match: Match) -> str:
    component = match.component
    text = f"{component.name} {component.version} ({component.ecosystem})"
    if match.kind is Kind.UPDATE_PENDING:
        return f"{text} lacks a security update: {match.summary}"
    text += f" is affected by {match.group}"
    return f"{text}: {match.summary}" if match.summary else f"{text}."


def _facts(match: Match) -> tuple[Related, ...]:
    component = match.component
    facts = {
        "advisory": match.reference,
        "cvss": "" if match.score is None else f"{match.score:.1f}",
        "direct": "" if component.direct is None else str(component.direct).lower(),
        "ecosystem": component.ecosystem,
        "epss": "" if match.epss is None else f"{match.epss:.5f}",
        "fixed-in": match.fixed_in,
        "fixes-all": match.fixes_all,
        "kev": match.kev,
        "package": component.name,
        "path": " > ".join((*component.via, f"{component.name}@{component.version}")),
        "scope": component.scope.value,
        "source": f"{component.source} {component.source_version}".strip() if component.source else "",
        "layer": component.layer,
        "fix-state": match.state,
        "mends": " ".join(match.flaws),
        "vector": match.vector,
        "version": component.version,
    }
    return tuple(Related(name, value) for name, value in facts.items() if value)


def _fix(match: Match, rule: Rule) -> Fix:
    component = match.component
    if match.state:
        return Fix(f"{_STATES[match.state]} {rule.fix}")
    if not match.fixed_in:
        return Fix(rule.fix)
    distribution = _distribution(component)
    if distribution:
        return Fix(_upgrade(match, distribution))
    best = match.fixes_all or match.fixed_in
    text = f"Upgrade {component.name} from {component.version} to {match.fixed_in} or later"
    if match.fixes_all and match.fixes_all != match.fixed_in:
        text += f" ({match.fixes_all} fixes every known vulnerability of it)"
    if component.direct is False and component.via:
        text += f"; it comes through {' > '.join(component.via)}"
    command = _UPGRADE.get(component.ecosystem, "")
    if command and _plain(component.name) and _plain(best):
        text += f": {command.format(name=component.name, version=best)}"
    elif component.ecosystem in _TEXT:
        text += ": " + _TEXT[component.ecosystem].format(name=component.name, version=best)
    return Fix(text)


def _distribution(component: Component) -> str:
    return component.purl.partition("/")[0].removeprefix("pkg:") if component.source else ""


def _upgrade(match: Match, manager: str) -> str:
    """A distribution numbers source packages, and its fixes lie in the package of the same build."""
    component = match.component
    build = f"the build of {component.source} " if component.source != component.name else ""
    text = f"Upgrade {component.name} from {component.version} to {build}{match.fixed_in} or later"
    command = _OF_DISTRIBUTION.get(manager, "")
    return f"{text}: {command.format(name=component.name)}" if command and _plain(component.name) else text


def _plain(word: str) -> bool:
    # Names and versions come from files of others; what a shell would read otherwise never stands in a command.
    return all(char.isalnum() or char in "@/._-+~" for char in word) and not word.startswith("-")


def start(rules: Sequence[Rule], place: Path, *, today: str = "") -> DependencySession:
    """Opens the store at ``place``. Raises ``NothingCheckedError`` when it cannot be used or is empty."""
    try:
        store = AdvisoryStore.open(place)
    except StoreError as error:
        raise NothingCheckedError(error.message, where=error.where, hint=error.hint) from error
    if not store.meta()["advisories"]:
        store.close()
        raise NothingCheckedError(
            "the advisory store is empty, so no dependency was checked",
            where=str(place),
            hint="compile it from OSV records with 'lockgate advisories update'",
        )
    try:
        return DependencySession(rules, store, today)
    except ConfigurationError:
        store.close()
        raise
