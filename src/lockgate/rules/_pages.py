"""Draws rules for people: the generated catalogue page and the answer of ``lockgate explain``.

Samples are shown with their placeholders, so no credential-like text reaches a page. Findings are drawn in
``reports``, not here.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from lockgate.model import Family, Rule, Sample

_WIDTH = 100
_FAMILY_TITLES = {
    Family.SECRETS: "Secrets",
    Family.DEPENDENCIES: "Dependencies",
    Family.WORKFLOWS: "Workflows",
    Family.DOCKERFILES: "Dockerfiles",
    Family.POLICY: "Policy",
    Family.IMAGES: "Images",
    Family.MALWARE: "Malware",
    Family.ALERTS: "Alerts",
    Family.POSTURE: "Posture",
    Family.IMPORTED: "Imported",
}


def catalogue(rules: Sequence[Rule]) -> str:
    """Markdown, ending in one newline; the same rules give the same bytes."""
    lines = ["# Rules", "", "Generated from the rulebook; change the rule files, not this page.", ""]
    for family in Family:
        members = [rule for rule in rules if rule.family is family]
        if members:
            lines += [f"## {_FAMILY_TITLES[family]} ({len(members)})", "", *_table(members), ""]
            for rule in members:
                lines += _section(rule)
    return "\n".join(lines).rstrip("\n") + "\n"


def explanation(rule: Rule) -> str:
    """Plain text, ending in one newline."""
    lines = [str(rule.id), rule.title, f"severity {rule.severity}, confidence {rule.confidence}", ""]
    for head, text in (("Why", rule.why), ("Fix", rule.fix)):
        lines += [head, *_wrapped(text), ""]
    for head, text in _remedies(rule):
        lines += [head, *(f"  {line}".rstrip() for line in text.split("\n")), ""]
    for fires, head in ((True, "Fires on"), (False, "Stays quiet on")):
        lines += [head]
        for sample in (sample for sample in rule.samples if sample.fires is fires):
            lines += [f"  {label}" for label in _labels(sample)] + _cut(sample.text, "    ") + [""]
    if rule.tags:
        lines += ["Tags", f"  {', '.join(rule.tags)}", ""]
    if rule.references:
        lines += ["References", *(f"  {reference}" for reference in rule.references), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(rules: Sequence[Rule]) -> list[str]:
    rows = [
        f"| [`{rule.id}`](#{_anchor(rule)}) | {_cell(rule.title)} | {rule.severity} | {rule.confidence} |"
        for rule in rules
    ]
    return ["| rule | finds | severity | confidence |", "|---|---|---|---|", *rows]


def _section(rule: Rule) -> list[str]:
    lines = [f"### `{rule.id}`", "", f"**{rule.title}.** Severity {rule.severity}, confidence {rule.confidence}.", ""]
    lines += [rule.why, "", f"**Fix.** {rule.fix}", ""]
    for head, text in _remedies(rule):
        lines += [f"{head}:", "", *(f"    {line}".rstrip() for line in text.split("\n")), ""]
    if rule.tags:
        lines += [f"Tags: {', '.join(f'`{tag}`' for tag in rule.tags)}", ""]
    if rule.references:
        lines += ["References:", "", *(f"- <{reference}>" for reference in rule.references), ""]
    return lines


def _remedies(rule: Rule) -> list[tuple[str, str]]:
    """The call and the Terraform that mend it, where the rule has them."""
    if rule.family is not Family.POSTURE:
        return []
    from lockgate.policy.catalogue.forge import templates  # needed by the rules about forges alone

    return list(templates(rule))


def _anchor(rule: Rule) -> str:
    """The anchor that GitHub gives the heading: punctuation but hyphens falls away."""
    return rule.id.replace("/", "").lower()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False)


def _labels(sample: Sample) -> list[str]:
    label = ": ".join(part for part in (sample.path, sample.note) if part)
    return [label] if label else []


def _cut(text: str, indent: str) -> list[str]:
    lines = text.rstrip("\n").split("\n")
    shown = [indent + (line if len(line) <= 160 else line[:157] + "...") for line in lines[:20]]
    return shown + ([f"{indent}({len(lines) - 20} more lines)"] if len(lines) > 20 else [])
