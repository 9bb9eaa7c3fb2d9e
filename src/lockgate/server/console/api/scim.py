"""SCIM 2.0 (RFC 7643, RFC 7644): a directory such as Entra or Okta makes, changes and disables people, and groups.

What those two send is held to: create, read, filter by ``userName``, ``externalId`` or ``displayName``, replace, patch
(with and without paths, ``active`` as a text too), and delete, which disables. Groups make people members of what
``people.belonging`` of the settings says. A token for it is granted ``any:people:provision``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator

from lockgate.access import permissions
from lockgate.errors import UsageError
from lockgate.model.actor import Actor
from lockgate.server.console.asking import needs
from lockgate.server.console.signed_in import came, house_of
from lockgate.server.sign_in.directory import Directory, DirectoryError, PersonGiven
from lockgate.store.team import people, teams
from lockgate.store.team.database import Transaction
from lockgate.store.team.people import Person
from lockgate.store.team.teams import Group

_MEDIA = "application/scim+json"


class ScimResponse(JSONResponse):
    """An answer, or an error, of SCIM."""

    media_type = _MEDIA


_ERRORS: dict[int | str, dict[str, Any]] = {status: {"content": {_MEDIA: {}}} for status in (400, 404, 409, 413)}
ROUTES = APIRouter(prefix="/api/scim/v2", responses=_ERRORS, default_response_class=ScimResponse)
Provisioner = Annotated[Actor, needs(permissions.PEOPLE_PROVISION)]


def _readable(body: dict[str, Any]) -> dict[str, Any]:
    """What no text can hold is refused here: Python reads half of a sign from JSON, and nothing writes it."""
    try:
        orjson.dumps(body)
    except TypeError as error:
        raise ValueError(str(error)) from None
    return body


Json = Annotated[dict[str, Any], Body(), AfterValidator(_readable)]
Filter = Annotated[str, Query(max_length=1_000)]
Start = Annotated[int, Query(alias="startIndex")]
Count = Annotated[int, Query()]
_USER, _GROUP = "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:core:2.0:Group"
_LIST, _ERROR = "urn:ietf:params:scim:api:messages:2.0:ListResponse", "urn:ietf:params:scim:api:messages:2.0:Error"
_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_MOST = 200
_FILTER = re.compile(r'\s*(?P<name>[A-Za-z.:0-9]{1,100})\s+eq\s+"(?P<value>(?:[^"\\]|\\.){0,500})"\s*', re.IGNORECASE)
_MEMBER = re.compile(r'members\[value eq "(?P<id>[^"]{1,100})"\]', re.IGNORECASE)
_MOST_OPERATIONS, _MOST_MEMBERS = 1_000, 20_000


@ROUTES.get("/ServiceProviderConfig")
def config(actor: Provisioner) -> Response:
    """What is supported."""
    del actor
    off = {"supported": False}
    schemes = [{"type": "oauthbearertoken", "name": "Bearer", "description": "A service token of Lockgate."}]
    return _answer({
        "schemas": [_CONFIG], "patch": {"supported": True}, "bulk": {**off, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": _MOST}, "changePassword": off, "sort": off, "etag": off,
        "authenticationSchemes": schemes,
    })  # fmt: skip


@ROUTES.get("/ResourceTypes")
def resource_types(actor: Provisioner) -> Response:
    """Users and groups."""
    del actor
    kinds = (("User", "/Users", _USER), ("Group", "/Groups", _GROUP))
    return _listed([{"schemas": [_TYPE], "id": name, "name": name, "endpoint": path, "schema": schema}
                    for name, path, schema in kinds], 1, 2)  # fmt: skip


@ROUTES.get("/Users")
def users(
    request: Request, actor: Provisioner, filter: Filter = "", startIndex: Start = 1, count: Count = 100,  # noqa: N803 - as SCIM has it
) -> Response:  # fmt: skip
    """People, all or those that fit the filter."""
    del actor
    with house_of(request).database.read() as connection:
        if filter:

            def fitting() -> Response:
                found = [_user(connection, one) for one in _people_of(connection, filter)]
                return _page(found, startIndex, count)

            return _done(fitting)
        start, most = max(startIndex, 1), max(min(count, _MOST), 0)
        found = people.listed(connection, most=most, offset=start - 1)
        return _listed([_user(connection, one) for one in found], start, people.count(connection))


@ROUTES.post("/Users", status_code=201)
def create_user(request: Request, actor: Provisioner, body: Json) -> Response:
    """Add somebody."""
    return _done(lambda: _shown(request, _directory(request, actor).create(_given(body)).id), status=201)


@ROUTES.get("/Users/{person_id}")
def user(request: Request, actor: Provisioner, person_id: str) -> Response:
    """Somebody."""
    del actor
    return _done(lambda: _shown(request, person_id))


@ROUTES.put("/Users/{person_id}")
def replace_user(request: Request, actor: Provisioner, person_id: str, body: Json) -> Response:
    """Have somebody be as the directory has them."""

    def replaced() -> Response:
        _directory(request, actor).change(person_id, _given(body))
        return _shown(request, person_id)

    return _done(replaced)


@ROUTES.patch("/Users/{person_id}")
def patch_user(request: Request, actor: Provisioner, person_id: str, body: Json) -> Response:
    """Change some of it."""

    def patched() -> Response:
        told: dict[str, Any] = {}
        for operation in _operations(body):
            if str(operation.get("op", "")).lower() in ("add", "replace"):
                told = _merged(told, _flat(operation.get("path"), operation.get("value")))
        _directory(request, actor).change(person_id, _given(told))
        return _shown(request, person_id)

    return _done(patched)


@ROUTES.delete("/Users/{person_id}", status_code=204)
def delete_user(request: Request, actor: Provisioner, person_id: str) -> Response:
    """Disable somebody: nobody is forgotten, since the audit trail speaks of them."""

    def deleted() -> Response:
        _directory(request, actor).change(person_id, PersonGiven(active=False))
        return Response(status_code=204)

    return _done(deleted)


@ROUTES.get("/Groups")
def groups(
    request: Request, actor: Provisioner, filter: Filter = "", startIndex: Start = 1, count: Count = 100,  # noqa: N803
) -> Response:  # fmt: skip
    """Groups, all or those that fit the filter."""
    del actor

    def fitting() -> Response:
        with house_of(request).database.read() as connection:
            found = [_group(connection, one) for one in _groups_of(connection, filter)]
        return _page(found, startIndex, count)

    return _done(fitting)


@ROUTES.post("/Groups", status_code=201)
def create_group(request: Request, actor: Provisioner, body: Json) -> Response:
    """Add a group."""

    def created() -> Response:
        name = _text(body, "displayName")
        made = _directory(request, actor).put_group(name, external_id=_text(body, "externalId"), members=_members(body))
        return _shown_group(request, made.id)

    return _done(created, status=201)


@ROUTES.get("/Groups/{group_id}")
def group(request: Request, actor: Provisioner, group_id: str) -> Response:
    """A group, with its members."""
    del actor
    return _done(lambda: _shown_group(request, group_id))


@ROUTES.put("/Groups/{group_id}")
def replace_group(request: Request, actor: Provisioner, group_id: str, body: Json) -> Response:
    """Have a group be as the directory has it."""

    def replaced() -> Response:
        _directory(request, actor).put_group(
            _text(body, "displayName"), external_id=_text(body, "externalId"), members=_members(body), group_id=group_id
        )
        return _shown_group(request, group_id)

    return _done(replaced)


@ROUTES.patch("/Groups/{group_id}", status_code=204)
def patch_group(request: Request, actor: Provisioner, group_id: str, body: Json) -> Response:
    """Change its name, or who is in it."""

    def patched() -> Response:
        directory = _directory(request, actor)
        for operation in _operations(body):
            _patch_group(directory, group_id, operation)
        return Response(status_code=204)

    return _done(patched)


@ROUTES.delete("/Groups/{group_id}", status_code=204)
def delete_group(request: Request, actor: Provisioner, group_id: str) -> Response:
    """Take a group away."""

    def deleted() -> Response:
        _directory(request, actor).delete_group(group_id)
        return Response(status_code=204)

    return _done(deleted)


def _patch_group(directory: Directory, group_id: str, operation: Mapping[str, Any]) -> None:
    kind, path, value = str(operation.get("op", "")).lower(), operation.get("path"), operation.get("value")
    one = _MEMBER.fullmatch(path) if isinstance(path, str) else None
    if one is not None and kind == "remove":
        directory.change_members(group_id, remove=[one["id"]])
    elif path == "members":
        ids = _ids(value)
        if kind == "remove":
            directory.change_members(group_id, remove=ids, only=value is None)
        else:
            directory.change_members(group_id, add=ids, only=kind == "replace")
    elif kind in ("add", "replace"):
        told = _flat(path, value)
        if "members" in told:
            directory.change_members(group_id, add=_ids(told["members"]), only=kind == "replace")
        if isinstance(told.get("displayName"), str):
            directory.rename_group(group_id, told["displayName"])


def _directory(request: Request, actor: Actor) -> Directory:
    return Directory(house_of(request), actor, came(request))


def _given(body: Mapping[str, Any]) -> PersonGiven:
    name = body.get("name") if isinstance(body.get("name"), dict) else {}
    assert isinstance(name, dict)
    parts = [_text(name, part) for part in ("givenName", "familyName")]
    whole = " ".join(parts) if all(parts) else ""  # one name is kept, and half of a new one is none
    return PersonGiven(
        username=_text(body, "userName") or None,
        name=_text(body, "displayName") or _text(name, "formatted") or whole or None,
        email=_email(body.get("emails")), external_id=_text(body, "externalId") or None,
        active=_active(body.get("active")),
    )  # fmt: skip


def _active(value: Any) -> bool | None:
    """Entra sends ``"False"`` as a text unless it is told otherwise."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value if isinstance(value, bool) else None


def _email(value: Any) -> str | None:
    listed = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    ranked = sorted(listed, key=lambda one: (one.get("primary") is not True, one.get("type") != "work"))
    return next((_text(one, "value") for one in ranked if _text(one, "value")), None)


def _flat(path: Any, value: Any) -> dict[str, Any]:
    """What one operation sets, as a resource has it: of ``emails[type eq "work"].value`` or ``name.givenName`` too."""
    if not isinstance(path, str) or not path:
        if not isinstance(value, dict):
            raise DirectoryError(400, "an operation without a path has an object as its value")
        flat: dict[str, Any] = {}
        for name, inner in value.items():
            flat = _merged(flat, _flat(name, inner) if "." in name or "[" in name else {name: inner})
        return flat
    path = path.removeprefix(f"{_USER}:").removeprefix(f"{_GROUP}:")
    if path.startswith("emails["):
        return {"emails": [{"value": value, "primary": True}]}
    outer, _, inner = path.partition(".")
    return {outer: {inner: value}} if inner else {outer: value}


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both; of a part that both have, such as a name by its pieces, all pieces."""
    joined = {
        key: {**one[key], **value} for key, value in other.items()
        if isinstance(value, dict) and isinstance(one.get(key), dict)
    }  # fmt: skip
    return {**one, **other, **joined}


def _operations(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = body.get("Operations", body.get("operations"))
    if not isinstance(found, list) or not found or len(found) > _MOST_OPERATIONS:
        raise DirectoryError(400, f"Operations is a list of 1 to {_MOST_OPERATIONS}")
    kinds = [str(one.get("op", "")).lower() if isinstance(one, dict) else "" for one in found]
    if not set(kinds) <= {"add", "remove", "replace"}:
        raise DirectoryError(400, "an operation is add, remove or replace")
    return found


def _members(body: Mapping[str, Any]) -> list[str]:
    return _ids(body.get("members") or [])


def _ids(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
    if len(listed) > _MOST_MEMBERS:
        raise DirectoryError(413, f"more than {_MOST_MEMBERS:,} members at once")
    return [_text(one, "value") for one in listed if isinstance(one, dict) and _text(one, "value")]


def _people_of(connection: Transaction, text: str) -> Iterable[Person]:
    name, value = _asked(text)
    looks: dict[str, Callable[[Transaction, str], Person | None]] = {
        "username": people.by_username, "externalid": people.by_external_id, "id": people.get,
    }  # fmt: skip
    if name not in looks:
        raise DirectoryError(400, f"people cannot be filtered by {name[:50]}")
    found = looks[name](connection, value)
    return [found] if found is not None else []


def _groups_of(connection: Transaction, text: str) -> Iterable[Group]:
    if not text:
        return teams.groups(connection)
    name, value = _asked(text)
    if name not in ("displayname", "externalid", "id"):
        raise DirectoryError(400, f"groups cannot be filtered by {name[:50]}")
    field = {"displayname": "name", "externalid": "external_id", "id": "id"}[name]
    return [one for one in teams.groups(connection) if getattr(one, field).lower() == value.lower()]


def _asked(text: str) -> tuple[str, str]:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise DirectoryError(400, 'a filter is of the form: userName eq "somebody"')
    return found["name"].lower(), re.sub(r"\\(.)", r"\1", found["value"])


def _shown(request: Request, person_id: str) -> Response:
    with house_of(request).database.read() as connection:
        person = people.get(connection, person_id)
        if person is None:
            raise DirectoryError(404, "there is nobody of that id")
        return _answer(_user(connection, person))


def _shown_group(request: Request, group_id: str) -> Response:
    with house_of(request).database.read() as connection:
        found = teams.group(connection, group_id)
        if found is None:
            raise DirectoryError(404, "there is no group of that id")
        return _answer(_group(connection, found))


def _user(connection: Transaction, person: Person) -> dict[str, Any]:
    member = [{"value": one.id, "display": one.name} for one in teams.groups_of(connection, person.id)]
    told: dict[str, Any] = {
        "schemas": [_USER], "id": person.id, "userName": person.username, "displayName": person.name,
        "active": not person.disabled, "groups": member, "name": {"formatted": person.name},
        "meta": {"resourceType": "User", "location": f"/api/scim/v2/Users/{person.id}"},
    }  # fmt: skip
    told |= {"externalId": person.external_id} if person.external_id else {}
    return told | ({"emails": [{"value": person.email, "type": "work", "primary": True}]} if person.email else {})


def _group(connection: Transaction, group: Group) -> dict[str, Any]:
    members = [{"value": one} for one in teams.group_members(connection, group.id)]
    told: dict[str, Any] = {
        "schemas": [_GROUP], "id": group.id, "displayName": group.name, "members": members,
        "meta": {"resourceType": "Group", "location": f"/api/scim/v2/Groups/{group.id}"},
    }  # fmt: skip
    return told | ({"externalId": group.external_id} if group.external_id else {})


def _page(items: list[dict[str, Any]], start: int, count: int) -> Response:
    first = max(start, 1)
    return _listed(items[first - 1 : first - 1 + max(min(count, _MOST), 0)], first, len(items))


def _listed(items: list[dict[str, Any]], start: int, total: int) -> Response:
    return _answer({"schemas": [_LIST], "totalResults": total, "startIndex": start, "itemsPerPage": len(items),
                    "Resources": items})  # fmt: skip


def _done(work: Callable[[], Response], *, status: int = 200) -> Response:
    try:
        answer = work()
    except DirectoryError as error:
        return _refused(error.status, error.message, error.kind)
    except UsageError as error:
        return _refused(400, error.message, "invalidValue")
    if status != 200:
        answer.status_code = status
    return answer


def _refused(status: int, detail: str, kind: str = "") -> Response:
    body = {"schemas": [_ERROR], "status": str(status), "detail": detail}
    return _answer(body | ({"scimType": kind} if kind else {}), status)


def _answer(body: dict[str, Any], status: int = 200) -> JSONResponse:
    return ScimResponse(body, status)


def _text(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name)
    return found.strip()[:255] if isinstance(found, str) else ""
