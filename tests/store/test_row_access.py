"""Who sees which rows, as ``tables.*.access`` of ``lockgate.yaml`` has it."""

import pytest

from lockgate.errors import ConfigurationError
from lockgate.kql import Workspace
from lockgate.settings import loads
from lockgate.store.ask import Tables, ask
from lockgate.store.row_access import check_access, security_of

LINES = b"""
tables:
  ContainerLogV2:
    access:
      - {people: [ana, "sre-*"], where: PodNamespace == 'shop'}
      - {people: [ana], where: PodNamespace == 'pay'}
      - {people: ["security-*"]}
"""


@pytest.fixture
def logs():
    def of(person):
        tables = Tables(security=security_of(person, loads(LINES).tables))
        shape = {"PodNamespace": "string"}
        tables.fill("ContainerLogV2", shape, [["shop"], ["pay"], ["kube-system"]])
        tables.fill("ContainerLogV2_errors", {"Text": "string"}, [["a row of pay"]])
        seen = ask("ContainerLogV2 | sort by PodNamespace asc", tables).tables[0].rows
        return [row[0] for row in seen], ask("ContainerLogV2_errors | count", tables).tables[0].rows[0][0]

    return of


@pytest.mark.parametrize(("person", "seen"), [
    ("ana", (["pay", "shop"], 0)), ("sre-1", (["shop"], 0)), ("Ana", ([], 0)), ("eve", ([], 0)),
    ("security-1", (["kube-system", "pay", "shop"], 1)),
])  # fmt: skip
def test_a_person_sees_the_rows_of_every_line_that_names_them(logs, person, seen):
    assert logs(person) == seen


def test_without_lines_everybody_sees_everything():
    assert security_of("eve", loads(b"tables: {Perf: {retention_days: 3}}").tables) is None


def test_a_condition_that_is_none_is_named_before_anybody_asks():
    tables = loads(LINES).tables
    check_access(tables, Workspace({"ContainerLogV2": {"PodNamespace": "string"}}), where="lockgate.yaml")
    check_access(tables, Workspace({}), where="lockgate.yaml")
    with pytest.raises(ConfigurationError, match=r"tables.ContainerLogV2.access\[0\].where .*PodNamespace"):
        check_access(tables, Workspace({"ContainerLogV2": {"Other": "string"}}), where="lockgate.yaml")
