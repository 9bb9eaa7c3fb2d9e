"""Turns rules of the secrets family into patterns, and says how well a rule knows what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.model import Confidence, Family, Rule, RuleId, Severity
from lockgate.patterns import Allow, Pattern, Target
from lockgate.patterns.checksums import CHECKSUMS
from lockgate.scanners.secrets._candidates import address_patterns, password_patterns
from lockgate.scanners.secrets._judge import Style

PROVIDER, STRUCTURED, GENERIC, GUESSED = range(4)
"""Ranks, best first: of several rules on one span the best one speaks."""

LOOSE_RULES = ("generic", "basic-auth-header", "bearer-header", "curl-user-password")
"""Parts of the ids of rules whose pattern takes any value in a promising place."""

OBVIOUSLY_FAKE = Allow(
    regexes=(
        r"(?i)x{6}|example|placeholder|changeme|change[_-]me|your[_-]|_here$|\.\.\.|\*{4}|0{12}|1{12}|a{12}|<[^>]+>|\$\{|\{\{|"
        r"1234567890abcdef|0123456789abcdef|abcdefghijklmnop|deadbeefdeadbeef|redacted|dummy|^[^0-9a-z]*fake",
    )
)
"""What a provider's own documentation writes in place of a token."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands behind one pattern."""

    rule: Rule
    rank: int
    checksum: str = ""
    style: Style | None = None
    """Set for shapes of the second tier, which are judged by their context."""
    loose: bool = False
    """The pattern takes any value under a promising name, so the value is looked at as well."""


@dataclass(slots=True)
class Catalog:
    """Patterns in order, each with its entry, and the rules for kinds of credential files."""

    patterns: list[Pattern] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    by_kind: dict[str, Rule] = field(default_factory=dict)
    rules: int = 0


def build(rules: Sequence[Rule], options: Mapping[str, Any]) -> Catalog:
    """The catalog of a run. ``options["gitleaks"]`` may hold the text of a gitleaks rule file."""
    catalog = Catalog(rules=len(rules))
    for rule in rules:
        _add(catalog, rule)
    text = options.get("gitleaks", "")
    if text:
        _add_gitleaks(catalog, str(text))
    return catalog


def file_rule(catalog: Catalog, kind: str) -> Rule:
    """The rule for credentials of that kind; one made up of the kind when the rulebook has none."""
    known = catalog.by_kind.get(kind)
    if known is None:
        known = catalog.by_kind[kind] = Rule(
            id=RuleId(f"secrets/file-{kind}"),
            family=Family.SECRETS,
            title=f"Credential in a {kind} file",
            why="Whoever reads the file can use the credential.",
            severity=Severity.HIGH,
            confidence=Confidence.HIGH,
            fix="Revoke the credential, remove the file from the repository and its history.",
        )
    return known


def _add(catalog: Catalog, rule: Rule) -> None:
    logic = rule.logic
    if "file" in logic:
        catalog.by_kind[str(logic["file"])] = rule
    heuristic = logic.get("heuristic")
    if heuristic:
        shapes = password_patterns() if heuristic == "password" else address_patterns()
        for pattern, style in shapes:
            catalog.patterns.append(pattern)
            catalog.entries.append(Entry(rule, GUESSED, style=style))
    if "pattern" in logic:
        checksum = str(logic.get("checksum", ""))
        if checksum and checksum not in CHECKSUMS:
            raise ConfigurationError(
                f"unknown checksum {checksum!r}", where=str(rule.id), hint=f"known: {', '.join(sorted(CHECKSUMS))}"
            )
        catalog.patterns.append(_pattern(rule))
        generic = logic.get("tier", 1) == 2 or any(part in rule.id for part in LOOSE_RULES)
        catalog.entries.append(Entry(rule, GENERIC if generic else PROVIDER, checksum=checksum, loose=generic))


def _pattern(rule: Rule) -> Pattern:
    logic = rule.logic
    allow = [OBVIOUSLY_FAKE]
    if logic.get("allow"):
        allow.append(Allow(regexes=tuple(logic["allow"])))
    if logic.get("allow_line"):
        allow.append(Allow(regexes=tuple(logic["allow_line"]), target=Target.LINE))
    return Pattern(
        id=str(rule.id),
        regex=str(logic["pattern"]),
        keywords=tuple(logic.get("keywords", ())),
        entropy=float(logic.get("entropy", 0.0)),
        allow=tuple(allow),
        path=str(logic.get("path", "")),
        exclude_path=str(logic.get("exclude_path", "")),
        context=tuple(word.lower() for word in logic.get("context", ())),
    )


def _add_gitleaks(catalog: Catalog, text: str) -> None:
    from lockgate.patterns.gitleaks import load  # reads TOML, which few ask for

    loaded = load(text.encode("utf-8"))
    for pattern in loaded.patterns:
        if not pattern.regex:
            continue
        rule = Rule(
            id=RuleId(f"secrets/gitleaks-{pattern.id}"),
            family=Family.SECRETS,
            title=f"gitleaks: {pattern.id}",
            why=loaded.descriptions.get(pattern.id, ""),
            severity=Severity.HIGH,
            confidence=Confidence.MEDIUM,
            fix="Revoke the credential and remove it from the repository.",
        )
        merged = Pattern(
            id=pattern.id, regex=pattern.regex, keywords=pattern.keywords, entropy=pattern.entropy,
            allow=(*pattern.allow, *loaded.allow), path=pattern.path, exclude_path=pattern.exclude_path,
            group=pattern.group, context=pattern.context,
        )  # fmt: skip
        catalog.patterns.append(merged)
        catalog.entries.append(Entry(rule, GENERIC))
