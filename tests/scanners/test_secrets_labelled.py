"""Precision and recall of the secrets engine on lines that were labelled by hand before it was tuned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lockgate.model import Confidence, Family, File, Finding, Rule, RuleId, Severity
from lockgate.rules import expand_sample, load
from lockgate.scanners import ScanContext
from lockgate.scanners.secrets import SCANNER

FOLDER = Path(__file__).parent / "secrets_labelled"
HELD_OUT = Path(__file__).parent / "secrets_held_out"
"""Written by someone who knew neither rules nor engine, and never tuned on: see its README."""
FILES = Path(__file__).parent / "secrets_files"
"""Files of tools, written from the documentation of each before their readers were looked at: see its README."""


@dataclass(frozen=True)
class Labelled:
    path: str
    line: int
    label: str
    template: str


def labelled_files(folder: Path = FOLDER) -> Iterator[tuple[str, bytes, list[Labelled]]]:
    for source in sorted(folder.glob("*.txt")):
        for block in ("\n" + source.read_text("utf-8")).split("\n@ ")[1:]:
            path, *rows = block.rstrip("\n").split("\n")
            text, labels = "", []
            for row in rows:
                label, _, template = row.partition("|")
                labels.append(Labelled(path, text.count("\n") + 1, label, template))
                text += expand_sample(template) + "\n"
            yield path, text.encode(), labels


def heuristic_rules() -> list[Rule]:
    return [
        Rule(
            RuleId(f"secrets/{name}"), Family.SECRETS, f"A {name}", "why", Severity.HIGH, Confidence.MEDIUM, "fix",
            {"heuristic": name},
        )
        for name in ("password", "url")
    ]  # fmt: skip


def judge(rules: list[Rule], folder: Path = FOLDER) -> tuple[Counter[str], list[str]]:
    """Counts of ``<label>+`` and ``<label>-`` (found or not), and the lines that are wrong, as templates."""
    session = SCANNER.start(rules, ScanContext(salt=b"s" * 16))
    counts: Counter[str] = Counter()
    wrong = []
    for path, content, labels in labelled_files(folder):
        file = File(path, len(content), lambda content=content: content)
        found = {one.location.line: one for one in session.feed(file) if isinstance(one, Finding)}
        for one in filter(lambda one: one.label.strip(), labels):
            hit = one.line in found
            counts[one.label + ("+" if hit else "-")] += 1
            if hit == (one.label == "N"):
                by = f" {found[one.line].rule} {found[one.line].confidence}" if hit else ""
                wrong.append(f"{one.label} {one.path}: {one.template}{by}")
    return counts, wrong


def shares(counts: Counter[str], labels: str) -> tuple[float, float]:
    """Precision, with every finding on an ``N`` line held against these labels, and recall."""
    found = sum(counts[label + "+"] for label in labels)
    return found / (found + counts["N+"]), found / sum(counts[label + sign] for label in labels for sign in "+-")


def said(title: str, counts: Counter[str], wrong: list[str]) -> str:
    tiers = {"T": "provider formats", "P": "passwords and tokens", "U": "addresses", "PU": "second tier", "TPU": "all"}
    rows = [f"{title}: {dict(sorted(counts.items()))}"]
    rows += ["{}: precision {:.3f}, recall {:.3f}".format(tiers[one], *shares(counts, one)) for one in tiers]
    return "\n".join([*rows, *wrong])


@pytest.mark.parametrize("folder", [FOLDER, HELD_OUT], ids=["tuned on", "held out"])
def test_the_set_is_large_and_varied(folder: Path) -> None:
    labels = [one for _, _, lines in labelled_files(folder) for one in lines if one.label.strip()]
    assert len(labels) >= 300
    assert len({one.path for one in labels}) >= 30
    assert {one.label for one in labels} == {"T", "P", "U", "N"}
    assert not [one for one in labels if one.label in "TPU" and "{{" not in one.template]


def test_the_second_tier_alone_keeps_its_precision_and_recall(record_property: Callable[[str, object], None]) -> None:
    counts, wrong = judge(heuristic_rules())
    record_property("second tier", said("second tier", counts, wrong))
    counts = Counter({key: count for key, count in counts.items() if not key.startswith("T")})
    assert counts == {"P+": 172, "P-": 1, "U+": 30, "N+": 1, "N-": 370}, "\n".join(wrong)


def test_the_whole_rulebook_keeps_its_precision_and_recall(record_property: Callable[[str, object], None]) -> None:
    counts, wrong = judge(list(load([Family.SECRETS]).rules))
    record_property("all", said("all", counts, wrong))
    assert counts == {"T+": 14, "P+": 172, "P-": 1, "U+": 30, "N+": 1, "N-": 370}, "\n".join(wrong)


def test_lines_that_nobody_tuned_on_keep_their_precision_and_recall(
    record_property: Callable[[str, object], None],
) -> None:
    counts, _ = judge(list(load([Family.SECRETS]).rules), HELD_OUT)
    record_property("held out", said("held out", counts, []))  # never the lines: whoever reads them tunes on them
    assert counts == {"T+": 23, "P+": 123, "P-": 49, "U+": 21, "U-": 4, "N+": 5, "N-": 236}


def test_files_in_which_tools_keep_credentials_are_read(record_property: Callable[[str, object], None]) -> None:
    counts, wrong = judge(list(load([Family.SECRETS]).rules), FILES)
    record_property("files of tools", f"{dict(sorted(counts.items()))}\n" + "\n".join(wrong))
    assert counts == {"P+": 274, "N-": 178}, "\n".join(wrong)
