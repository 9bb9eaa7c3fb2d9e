"""Who sees which rows, as row-level security of one person: what their teams own, and the ``access`` lines of
``lockgate.yaml``.

Somebody whose permission reaches to their teams alone sees, of a table whose columns say whose a row is (a repository,
a namespace of a cluster, an environment, an image), the rows of what these own; of a table that a run fills, those of
runs over their repositories; of any other, none. Lines of the settings about a table stand in place of that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from lockgate.access.permissions import RECORD_ASK, TRAIL_READ
from lockgate.access.ruling import reach
from lockgate.errors import ConfigurationError
from lockgate.kql.errors import QueryError
from lockgate.kql.row_security import NOBODY, RowSecurity, secured
from lockgate.kql.text import quoted
from lockgate.model.actor import Actor, Asset, AssetKind, Scope
from lockgate.settings import TableSettings
from lockgate.tables._collected import COMPANION

if TYPE_CHECKING:
    from lockgate.kql import Workspace


def security_of(person: str, tables: Mapping[str, TableSettings]) -> RowSecurity | None:
    """What the person sees; None for everything. What did not fit into a table goes with every row of it, or not."""
    conditions = _of_lines((person,), tables)
    return RowSecurity(conditions) if conditions else None


def security_for(actor: Actor, tables: Mapping[str, TableSettings]) -> RowSecurity | None:
    """What an actor sees; None for everything.

    Lines of the settings name them by id, ``persona:NAME`` and ``team:NAME``.
    """
    names = (actor.id, *(f"persona:{one}" for one in actor.personas), *(f"team:{one.name}" for one in actor.teams))
    conditions, scope = _of_lines(names, tables), reach(actor, RECORD_ASK)
    if reach(actor, TRAIL_READ) is not Scope.ANY:  # else the record would be a way around what its page refuses
        conditions[_TRAIL] = NOBODY
    if scope is Scope.ANY:
        return RowSecurity(conditions) if conditions else None
    said = {name for name, table in tables.items() if table.access}
    owned = [one for team in actor.teams for one in team.owns] if scope is Scope.TEAM else []

    def otherwise(name: str, columns: Mapping[str, str]) -> str | None:
        return None if name in said else _owned(columns, owned)

    return RowSecurity(conditions, otherwise=otherwise, beside=_RUNS)


def repository_of(actor: Actor, root: str) -> Asset:
    """The repository that a run over ``root`` is about: as a team of the actor names it, where one owns it."""
    for team in actor.teams:
        for one in team.owns:
            if one.kind is AssetKind.REPOSITORY and re.fullmatch(_of_repository(one.name), root.lower()):
                return one
    return Asset(AssetKind.REPOSITORY, root)


def _owned(columns: Mapping[str, str], owned: Sequence[Asset]) -> str:
    """The condition of rows about what is owned, on a table of these columns."""
    if {"Environment", "Repository"} <= set(columns):
        mine = [_matching(str(kind).capitalize(), [_pattern(one.name) for one in owned if one.kind is kind])
                for kind in (AssetKind.ENVIRONMENT, AssetKind.REPOSITORY)]  # fmt: skip
        return " or ".join(mine)
    if {"Forge", "Namespace", "Repository"} <= set(columns):
        return _of_forge("strcat(Forge, ':', Namespace, '/', Repository)", owned)
    if {"Forge", "Path", "Kind"} <= set(columns):
        return _of_forge("Path", owned)
    for kind, needed, text in _WHOSE:
        if needed <= set(columns):
            patterns = [_pattern(one.name) for one in owned if one.kind is kind]
            if kind is AssetKind.NAMESPACE:  # who owns a cluster owns what is in it
                patterns += [f"{_pattern(one.name)}/.*" for one in owned if one.kind is AssetKind.CLUSTER]
            return _matching(text, patterns)
    if "RunId" not in columns or "Root" in columns:
        return _of_roots(owned) if "Root" in columns else NOBODY
    roots = _of_roots(owned)
    of_runs = NOBODY if roots == NOBODY else f"RunId in (({RUNS} | where {roots} | project RunId))"
    if of_runs != NOBODY and {"Family", "Path", "SubjectKey"} <= set(columns):  # what a run over a whole forge found
        return f"({of_runs}) or (Family == 'posture' and {_of_forge('Path', owned)})"
    return of_runs


def _of_forge(text: str, owned: Sequence[Asset]) -> str:
    """Repositories as runs over forges name them: ``github:acme/shop``, ``azure-devops:contoso/web/shop``."""
    names = [one.name for one in owned if one.kind is AssetKind.REPOSITORY]
    names += [short for one in names if (short := without_host(one)) != one]
    mine = _matching(text, [f"(github:|gitlab:|azure-devops:[^/]+/){_pattern(one)}" for one in names])
    # Below a project of Azure DevOps stand connections and pools too, a step deeper than its repositories.
    return mine if mine == NOBODY else f"{mine} and not({text} matches regex '^azure-devops:([^/]+/){{3}}')"


def without_host(name: str) -> str:
    """The name of a repository without the host that may stand before it."""
    host, stroke, rest = name.partition("/")
    return rest if stroke and "." in host and "/" in rest else name


_WHOSE: tuple[tuple[AssetKind, frozenset[str], str], ...] = (
    (AssetKind.NAMESPACE, frozenset(("Cluster", "Namespace")), "strcat(Cluster, '/', Namespace)"),
    (AssetKind.NAMESPACE, frozenset(("ClusterName", "Namespace")), "strcat(ClusterName, '/', Namespace)"),
    (AssetKind.IMAGE, frozenset(("Registry", "Repository")), "strcat(Registry, '/', Repository)"),
)
"""Kind of what is owned, the columns that say whose a row is, and its name made of them; the first that fits."""
_TRAIL = "AuditTrail"
RUNS = "Runs"
_RUNS = {RUNS: {"RunId": "string", "Root": "string"}}
"""What a condition may look at beside its own table."""


def _of_roots(owned: Sequence[Asset]) -> str:
    """Runs over owned repositories, which a root names by address or by ``owner/name`` alone."""
    return _matching("Root", [_of_repository(one.name) for one in owned if one.kind is AssetKind.REPOSITORY])


def _of_repository(name: str) -> str:
    return f"{_HOST}{_pattern(name)}([.]git)?/?"


_HOST = "([a-z+]+://([^/@]*@)?([^/]+/)?|[^/@:]+@[^/:]+:|[^/:]+[.][^/:]+/)?"
"""What may stand before ``owner/name``: a host as addresses have it, never another folder."""


def _matching(text: str, patterns: Sequence[str]) -> str:
    return f"tolower({text}) matches regex {quoted(f'^(?:{chr(124).join(patterns)})$')}" if patterns else NOBODY


def _pattern(glob: str) -> str:
    """A glob of ``access`` (``*``, ``?``) as a regular expression of RE2."""
    signs = {"*": ".*", "?": "."}
    return "".join(signs.get(one) or (one if one.isalnum() else f"[{_CLASS.get(one, one)}]") for one in glob.lower())


_CLASS = {"\\": "\\\\", "^": "\\^", "]": "\\]", "[": "\\["}


def _of_lines(names: Sequence[str], tables: Mapping[str, TableSettings]) -> dict[str, str]:
    conditions: dict[str, str] = {}
    for name, table in tables.items():
        if not table.access:
            continue
        mine = [line.where for line in table.access if any(fnmatchcase(x, one) for one in line.people for x in names)]
        if None in mine:
            continue
        conditions[name] = " or ".join(f"({one}\n)" for one in mine) or NOBODY
        if name + COMPANION not in tables:
            conditions[name + COMPANION] = NOBODY
    return conditions


def check_access(tables: Mapping[str, TableSettings], workspace: Workspace, *, where: str) -> None:
    """Raises :class:`ConfigurationError` for a condition that is none on its table, as far as that is known yet."""
    for name, table in tables.items():
        shape = workspace.table(name)
        for number, line in enumerate(table.access):
            if shape is None or line.where is None:
                continue
            try:
                secured(name, {column.name: column.type.name for column in shape.columns}, line.where)
            except QueryError as error:
                raise ConfigurationError(
                    f"tables.{name}.access[{number}].where is no condition on the table: {error.message}",
                    where=where, hint=error.hint,
                ) from None  # fmt: skip
