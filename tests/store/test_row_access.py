"""Who sees which rows, as ``tables.*.access`` of ``lockgate.yaml`` has it."""

import pytest

from lockgate.access.permissions import grant
from lockgate.errors import ConfigurationError
from lockgate.kql import Workspace
from lockgate.model.actor import Actor, Asset, AssetKind, Persona, Team
from lockgate.settings import loads
from lockgate.store.ask import Tables, ask
from lockgate.store.row_access import check_access, security_for, security_of

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


def owner(*owns, persona=Persona.DEVELOPER, **more):
    owned = tuple(Asset(kind, name) for kind, name in owns)
    return Actor("person:1", "Ana", personas=(persona,), teams=(Team("shop", owned),), **more)


def seen(actor, settings=b"{}"):
    tables = Tables(security=security_for(actor, loads(settings).tables))
    runs = {"RunId": "string", "Root": "string"}
    roots = ["https://github.com/Acme/Shop-Web.git", "acme/billing", "evil/acme/shop-x", "git@github.com:acme/shop-api"]
    tables.fill("Runs", runs, [[str(number), root] for number, root in enumerate(roots, 1)])
    tables.fill("Findings", {"RunId": "string", "Rule": "string"}, [["1", "a"], ["2", "b"], ["3", "c"], ["4", "d"]])
    shape = {"Cluster": "string", "Namespace": "string"}
    tables.fill("KubernetesObjects", shape, [["prod", "shop"], ["prod", "pay"], ["test", "shop"]])
    deployments = [["prod", "acme/shop-web"], ["prod", "x/y"]]
    tables.fill("Deployments", {"Environment": "string", "Repository": "string"}, deployments)
    tables.fill("Syslog", {"Computer": "string"}, [["a"]])

    def rows(query):
        return ["/".join(row) for row in ask(query, tables).tables[0].rows]

    return {
        "Runs": rows("Runs | sort by RunId asc | project RunId"),
        "Findings": rows("Findings | sort by Rule asc | project Rule"),
        "KubernetesObjects": rows("KubernetesObjects | sort by Cluster asc, Namespace asc"),
        "Deployments": rows("Deployments | sort by Repository asc | project Repository"), "Syslog": rows("Syslog"),
    }  # fmt: skip


NOTHING = {"Runs": [], "Findings": [], "KubernetesObjects": [], "Deployments": [], "Syslog": []}


def test_a_developer_sees_the_rows_of_what_their_teams_own():
    found = seen(owner((AssetKind.REPOSITORY, "acme/shop-*"), (AssetKind.NAMESPACE, "prod/shop")))
    assert found == {**NOTHING, "Runs": ["1", "4"], "Findings": ["a", "d"], "KubernetesObjects": ["prod/shop"],
                     "Deployments": ["acme/shop-web"]}  # fmt: skip
    assert seen(owner((AssetKind.CLUSTER, "prod")))["KubernetesObjects"] == ["prod/pay", "prod/shop"]
    assert seen(owner((AssetKind.REPOSITORY, "github.com/acme/shop-web")))["Findings"] == ["a"]


def test_who_owns_nothing_or_is_nothing_sees_nothing():
    assert seen(owner()) == NOTHING
    assert seen(Actor("person:1", "Ana")) == NOTHING


def test_security_sees_everything_and_a_token_of_theirs_what_it_is_for():
    everything = seen(owner(persona=Persona.SECURITY))
    assert everything["Findings"] == ["a", "b", "c", "d"] and everything["Syslog"] == ["a"]
    token = (grant("team:record:ask"),)
    narrowed = owner((AssetKind.REPOSITORY, "acme/billing"), persona=Persona.SECURITY, narrowed=token)
    assert seen(narrowed)["Findings"] == ["b"]
    assert seen(owner(persona=Persona.SECURITY, narrowed=(grant("any:findings:read"),))) == NOTHING


def test_lines_of_the_settings_stand_in_place_of_what_teams_own():
    lines = b"""
tables:
  Syslog: {access: [{people: ['team:shop']}]}
  Findings: {access: [{people: ['persona:sre'], where: "Rule == 'b'"}]}
"""
    assert seen(owner(), lines) == {**NOTHING, "Syslog": ["a"]}
    assert seen(owner(persona=Persona.SRE), lines)["Findings"] == ["b"]
    assert seen(owner(persona=Persona.SECURITY), lines)["Findings"] == []


def test_names_of_what_is_owned_are_never_read_as_anything_else():
    for name in ("acme/(shop", "a.*|b", 'x" or true or "', "a\\b^c]d", "\N{SNOWMAN}/*", "^acme/billing$"):
        assert seen(owner((AssetKind.REPOSITORY, name)))["Findings"] == []


def test_who_may_not_read_the_audit_trail_sees_nothing_of_its_copy_either():
    def rows(actor, lines=b"version: 1"):
        tables = Tables(security=security_for(actor, loads(lines).tables))
        tables.fill("AuditTrail", {"Target": "string"}, [["person:bob"]])
        return len(ask("AuditTrail", tables).tables[0].rows)

    named = b"tables: {AuditTrail: {access: [{people: ['persona:cluster-operator']}]}}"
    assert rows(owner(persona=Persona.CLUSTER_OPERATOR)) == rows(owner(persona=Persona.CLUSTER_OPERATOR), named) == 0
    assert rows(owner(persona=Persona.DEVELOPER)) == 0
    assert rows(owner(persona=Persona.SECURITY)) == rows(owner(persona=Persona.ADMINISTRATOR)) == 1
    narrowed = (grant("any:record:ask"),)
    assert rows(owner(persona=Persona.SECURITY, narrowed=narrowed)) == 0
