"""A directory provisions people and groups: requests of the form that Entra and Okta send them."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest
from tests.server.console.conftest import ORIGIN

from lockgate.access.permissions import grant
from lockgate.model.actor import ActorKind, Persona
from lockgate.server.console.application import application
from lockgate.server.console.signed_in import identify
from lockgate.server.sign_in.house import House
from lockgate.settings import BelongingLine, PeopleSettings
from lockgate.store.team import jobs, people, sessions, tokens, trail
from lockgate.store.team.sealing import Seal

USER, GROUP = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ENTRA_USER = {
    "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"], "externalId": "anaruiz",
    "userName": "Ana@acme.example", "active": True, "displayName": "Ana Ruiz",
    "emails": [{"primary": True, "type": "work", "value": "ana@acme.example"}],
    "name": {"formatted": "Ana Ruiz", "familyName": "Ruiz", "givenName": "Ana"},
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "shop"},
}  # fmt: skip


@pytest.fixture
def scim(services, tmp_path):
    """``scim(method, path, body)``, as a directory with its token."""
    settings = PeopleSettings(belonging=(BelongingLine(group="platform", personas=(Persona.SRE,), teams=("plat",)),))
    house = House(services.database, lambda: settings, Seal(b"k" * 32), origin=ORIGIN, project=tmp_path)
    app = application(replace(services, identify=identify(house), more={House: house}))
    with services.database.begin() as connection:
        shown, _ = tokens.create(connection, "entra", kind=ActorKind.SERVICE, grants=[grant("any:people:provision")],
                                 seconds=600, created_by="person:root")  # fmt: skip

    def asked(method, path, body=None, token=shown):
        async def call():
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            headers = {"authorization": f"Bearer {token}", "content-type": "application/scim+json"}
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
                content = None if body is None else json.dumps(body)  # of its own accord it sends no half of a sign
                return await client.request(method, f"/api/scim/v2{path}", content=content)

        return asyncio.run(call())

    return asked


def patched(scim, path, *operations):
    return scim("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})


def test_entra_creates_finds_and_disables_somebody(scim, database):
    empty = scim("GET", '/Users?filter=userName eq "ana@acme.example"').json()
    assert (empty["totalResults"], empty["Resources"]) == (0, [])
    made = scim("POST", "/Users", ENTRA_USER)
    assert made.status_code == 201 and made.headers["content-type"] == "application/scim+json"
    ana = made.json()["id"]
    found = scim("GET", '/Users?filter=userName eq "ANA@acme.example"').json()["Resources"]
    assert [(one["id"], one["externalId"], one["active"]) for one in found] == [(ana, "anaruiz", True)]
    with database.begin() as connection:
        token, _ = sessions.start(connection, ana, hours=1, methods=["fed"])
    gone = patched(scim, f"/Users/{ana}", {"op": "Replace", "path": "active", "value": "False"})
    assert gone.status_code == 200 and gone.json()["active"] is False
    with database.read() as connection:
        assert sessions.find(connection, token, idle_seconds=600) is None
        assert [job.payload["person"] for job in jobs.listed(connection, kind=people.DISABLED)] == [ana]
        assert [one.action for one in trail.entries(connection)] == ["people:provision", "people:disable"]
    back = patched(scim, f"/Users/{ana}", {"op": "replace", "value": {"active": True}})
    assert back.json()["active"] is True


def test_okta_replaces_somebody_whole_and_disables_with_an_object(scim):
    body = {"schemas": [USER], "userName": "bo@acme.example", "name": {"givenName": "Bo", "familyName": "Li"},
            "emails": [{"primary": True, "value": "bo@acme.example", "type": "work"}], "displayName": "Bo Li",
            "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq",
            "active": True}  # fmt: skip
    bo = scim("POST", "/Users", body).json()["id"]
    new = scim("PUT", f"/Users/{bo}", {**body, "displayName": "Robert Li", "userName": "robert@acme.example"}).json()
    assert (new["displayName"], new["userName"]) == ("Robert Li", "robert@acme.example")
    assert patched(scim, f"/Users/{bo}", {"op": "replace", "value": {"active": False}}).json()["active"] is False


def test_names_and_addresses_are_patched_by_path(scim):
    ana = scim("POST", "/Users", ENTRA_USER).json()["id"]
    path = 'emails[type eq "work"].value'
    told = patched(
        scim, f"/Users/{ana}", {"op": "Replace", "path": path, "value": "a.ruiz@acme.example"},
        {"op": "Replace", "path": "displayName", "value": "A. Ruiz"}, {"op": "Add", "path": "nickName", "value": "Ani"},
    ).json()  # fmt: skip
    assert (told["displayName"], told["emails"][0]["value"]) == ("A. Ruiz", "a.ruiz@acme.example")


def test_two_people_of_one_name_are_refused_in_the_words_of_scim(scim):
    scim("POST", "/Users", ENTRA_USER)
    again = scim("POST", "/Users", ENTRA_USER)
    assert (again.status_code, again.json()["scimType"], again.json()["status"]) == (409, "uniqueness", "409")


def test_groups_make_people_what_the_settings_say_at_once(scim, database):
    ana = scim("POST", "/Users", ENTRA_USER).json()["id"]
    made = scim("POST", "/Groups", {"schemas": [GROUP], "externalId": "8aa1a0c0", "displayName": "platform"}).json()
    member = [{"value": ana}]
    assert patched(scim, f"/Groups/{made['id']}", {"op": "Add", "path": "members", "value": member}).status_code == 204
    with database.read() as connection:
        person = people.get(connection, ana)
    assert (person.claimed_personas, person.claimed_teams) == ((Persona.SRE,), ("plat",))
    assert scim("GET", f"/Users/{ana}").json()["groups"] == [{"value": made["id"], "display": "platform"}]
    assert scim("GET", '/Groups?filter=displayName eq "Platform"').json()["totalResults"] == 1
    patched(scim, f"/Groups/{made['id']}", {"op": "Remove", "path": f'members[value eq "{ana}"]'})
    with database.read() as connection:
        assert people.get(connection, ana).claimed_personas == ()
    patched(scim, f"/Groups/{made['id']}", {"op": "Add", "path": "members", "value": member})
    assert scim("DELETE", f"/Groups/{made['id']}").status_code == 204
    with database.read() as connection:
        assert people.get(connection, ana).claimed_personas == ()


def test_deleting_somebody_disables_them(scim, database):
    ana = scim("POST", "/Users", ENTRA_USER).json()["id"]
    assert scim("DELETE", f"/Users/{ana}").status_code == 204
    with database.read() as connection:
        assert people.get(connection, ana).disabled > 0


def test_a_directory_reaches_neither_local_accounts_nor_administrators(scim, database):
    with database.begin() as connection:
        root = people.create(connection, username="root", personas=[Persona.ADMINISTRATOR])
    assert patched(scim, f"/Users/{root.id}", {"op": "replace", "path": "active", "value": False}).status_code == 403
    ana = scim("POST", "/Users", ENTRA_USER).json()["id"]
    assert patched(scim, f"/Users/{ana}", {"op": "replace", "path": "userName", "value": "root"}).status_code == 409


def test_another_token_provisions_nobody(scim, database):
    with database.begin() as connection:
        shown, _ = tokens.create(connection, "ci", kind=ActorKind.SERVICE, grants=[grant("any:runs:upload")],
                                 seconds=600, created_by="person:root")  # fmt: skip
    assert scim("POST", "/Users", ENTRA_USER, token=shown).status_code == 403
    assert scim("GET", "/Users", token="").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/Users", {}, 400),
        ("POST", "/Users", {"userName": ["a"]}, 400),
        ("POST", "/Users", {"userName": "a b"}, 400),
        ("GET", '/Users?filter=userName co "a"', None, 400),
        ("GET", '/Users?filter=password eq "a"', None, 400),
        ("GET", "/Users/person:none", None, 404),
        ("PATCH", "/Users/person:none", {"Operations": [{"op": "replace", "path": "active", "value": False}]}, 404),
        ("PATCH", "/Users/person:none", {"Operations": []}, 400),
        ("PATCH", "/Users/person:none", {"Operations": [{"op": "destroy"}]}, 400),
        ("PATCH", "/Users/person:none", {"Operations": [{"op": "replace", "value": 7}]}, 400),
        ("POST", "/Groups", {"displayName": ""}, 400),
        ("POST", "/Groups", {"displayName": "g", "members": [{"value": "person:none"}]}, 400),
        ("PUT", "/Groups/group:none", {"displayName": "g"}, 404),
    ],
)
def test_what_cannot_be_is_refused(scim, method, path, body, status):
    answer = scim(method, path, body)
    assert (answer.status_code, answer.json()["schemas"][0].rpartition(":")[2]) == (status, "Error")


def test_lists_come_in_pages(scim):
    for number in range(5):
        scim("POST", "/Users", {**ENTRA_USER, "userName": f"user{number}@acme.example"})
    page = scim("GET", "/Users?startIndex=3&count=2").json()
    assert (page["totalResults"], page["itemsPerPage"], page["startIndex"]) == (5, 2, 3)
    assert [one["userName"] for one in page["Resources"]] == ["user2@acme.example", "user3@acme.example"]


@pytest.mark.parametrize(
    ("operations", "name"),
    [
        ([{"op": "Replace", "path": "name.familyName", "value": "Lopez"}], "Ana Ruiz"),
        ([{"op": "Replace", "value": {"name.givenName": "Eva", "name.familyName": "Lopez"}}], "Eva Lopez"),
        ([{"op": "Replace", "path": "name.givenName", "value": "Eva"},
          {"op": "Replace", "path": "name.familyName", "value": "Lopez"}], "Eva Lopez"),
        ([{"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "x"},
          {"op": "Remove", "path": "nickName"}], "Ana Ruiz"),
    ],
)  # fmt: skip
def test_half_a_name_takes_the_other_half_from_nobody(scim, operations, name):
    ana = scim("POST", "/Users", ENTRA_USER).json()["id"]
    told = patched(scim, f"/Users/{ana}", *operations)
    assert (told.status_code, told.json()["displayName"]) == (200, name)


def test_removing_no_members_leaves_all_of_them(scim):
    ana = scim("POST", "/Users", ENTRA_USER).json()["id"]
    group = {"schemas": [GROUP], "displayName": "platform", "members": [{"value": ana}]}
    made = scim("POST", "/Groups", group).json()["id"]
    assert patched(scim, f"/Groups/{made}", {"op": "Remove", "path": "members", "value": []}).status_code == 204
    assert scim("GET", f"/Groups/{made}?excludedAttributes=members").json()["displayName"] == "platform"
    assert scim("GET", f"/Groups/{made}").json()["members"] == [{"value": ana}]
    assert patched(scim, f"/Groups/{made}", {"op": "Add", "value": {"members": [{"value": ana}]}}).status_code == 204
    both = [{"op": "Remove", "path": "members", "value": [{"value": ana}]}]
    assert patched(scim, f"/Groups/{made}", *both).status_code == 204
    assert scim("GET", f"/Groups/{made}").json()["members"] == []


def test_text_that_is_none_is_refused(scim):
    for body in ({**ENTRA_USER, "displayName": "\ud800"}, {**ENTRA_USER, "emails": [{"value": "\udfff@x.example"}]}):
        assert scim("POST", "/Users", body).status_code == 422
    assert scim("POST", "/Groups", {"displayName": "\ud800"}).status_code == 422
