"""Our rules beside checkov's, on the manifests that checkov's own tests are labelled with.

``checkov.yaml`` names each check with its tag, how many labelled files agree, and every file that does not with the
reason. A file fails a check when one of the rules with the tag denies something in it, or cannot judge it.
"""

from functools import cache
from pathlib import Path

import pytest
import yaml
from tests.corpora import CORPORA

from lockgate.formats import manifests
from lockgate.model import Family
from lockgate.policy.catalogue import Policies
from lockgate.rules import load

FIXTURES = CORPORA / "checkov-fixtures" / "kubernetes" / "checks"
RULES = load((Family.POLICY,)).of(Family.POLICY)
TABLE = yaml.safe_load((Path(__file__).parent / "checkov.yaml").read_text("utf-8"))
needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the corpora are not here: set LOCKGATE_CORPORA")


@cache
def policies(tag):
    return Policies([rule for rule in RULES if tag in rule.tags])


def label(row, name):
    """What checkov says of a file: by the table where the name says two things, else by the name; empty for neither."""
    said = row.get("labels", {}).get(name)
    if said is None:
        lowered = name.lower()
        said = "fail" if "fail" in lowered else "pass" if "pass" in lowered else ""
    return said


def verdict(tag, path):
    reading = manifests.read(path.name, path.read_bytes())
    hits = [hit for judged in reading.objects for hit in policies(tag).judge(judged)]
    return "fail" if hits else "pass"


def compared(row):
    """(file, checkov's verdict, ours) for every labelled file of one check."""
    folder = FIXTURES / f"example_{row['check']}"
    for path in sorted(folder.iterdir()):
        said = label(row, path.name)
        if said:
            yield path.name, said, verdict(row["tag"], path)


@needs_fixtures
@pytest.mark.parametrize("row", TABLE["checks"], ids=lambda row: f"{row['check']}-{row['tag']}")
def test_a_check_and_its_rules_agree_but_for_what_the_table_names(row):
    found = list(compared(row))
    differing = {name: ours for name, said, ours in found if said != ours}
    known = [one for one in TABLE["disagreements"] if one["check"] == row["check"] and one["tag"] == row["tag"]]
    assert differing == {one["file"]: one["ours"] for one in known}
    assert (len(found) - len(differing), len(found)) == (row["agree"], row["of"])


@needs_fixtures
def test_nine_files_of_ten_agree_in_all():
    agree, total = (sum(row[key] for row in TABLE["checks"]) for key in ("agree", "of"))
    assert (agree, total) == (TABLE["total"]["agree"], TABLE["total"]["of"])
    assert agree >= 0.9 * total


@pytest.mark.parametrize("row", TABLE["checks"], ids=lambda row: row["tag"])
def test_every_check_of_the_table_has_a_rule(row):
    assert len(policies(row["tag"])) > 0


def test_every_disagreement_has_a_reason():
    assert all(one["reason"] for one in TABLE["disagreements"])
