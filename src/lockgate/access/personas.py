"""What each persona is granted: the matrix, and the page that shows it.

Duties are kept apart: administrators keep people and connections and answer no gate; who writes code approves no
waiver; who runs clusters changes no policy alone. Somebody may have several personas, and then may what each may.
"""

from __future__ import annotations

from functools import cache

from lockgate.access.permissions import catalogue, grant
from lockgate.model.actor import Actor, ActorKind, Grant, Permission, Persona, Scope

_ABOUT = {
    Persona.DEVELOPER: "Writes code, tests and images; fixes what is found in them.",
    Persona.SRE: "Keeps services running; answers for what is deployed.",
    Persona.CLUSTER_OPERATOR: "Keeps clusters, their policies in force, and who may what in them.",
    Persona.SECURITY: "Sets the rules, decides about waivers, looks after everything.",
    Persona.ADMINISTRATOR: "Keeps Lockgate itself: people, teams, tokens and connections.",
}
_OWN = "own:account:read own:account:change own:tokens:revoke own:views:read own:views:change"
"""What everybody with an account may, also before anybody has said what they are."""
_EVERYONE = (
    f"{_OWN} own:tokens:create any:policies:read any:teams:read "
    "team:findings:read team:waivers:read team:waivers:request team:record:ask team:repositories:read team:images:read "
    "team:clusters:read team:environments:read team:deployments:read team:posture:read"
)
_READING = (
    "any:findings:read any:waivers:read any:record:ask any:repositories:read any:images:read any:clusters:read "
    "any:environments:read any:deployments:read any:posture:read any:jobs:read any:forges:read"
)
_MATRIX = {
    Persona.DEVELOPER: (
        "team:findings:triage team:runs:upload team:repositories:scan team:deployments:request own:record:functions"
    ),
    Persona.SRE: (
        "team:findings:triage team:runs:upload team:repositories:scan team:deployments:request "
        "team:deployments:approve team:deployments:break-glass team:deployments:follow-up team:environments:change "
        "own:record:functions any:jobs:read"
    ),
    Persona.CLUSTER_OPERATOR: (
        "any:findings:read any:clusters:read any:clusters:change any:images:read any:environments:read "
        "any:deployments:read team:findings:triage team:deployments:request team:deployments:approve "
        "team:deployments:break-glass own:record:functions any:record:ask any:jobs:read"
    ),
    Persona.SECURITY: (
        f"{_READING} any:findings:triage any:waivers:request any:waivers:approve any:runs:upload any:record:functions "
        "any:record:cancel any:repositories:scan any:policies:change any:posture:refresh any:posture:apply "
        "any:environments:change any:deployments:approve any:deployments:follow-up any:trail:read any:people:read "
        "any:account:read any:tokens:revoke any:jobs:change any:settings:read"
    ),
    Persona.ADMINISTRATOR: (
        f"{_READING} any:people:read any:people:change any:teams:change any:account:read any:account:change "
        "any:tokens:create any:tokens:revoke any:record:cancel any:forges:change any:posture:refresh "
        "any:clusters:change any:jobs:change any:trail:read any:settings:read any:settings:change"
    ),
}
_WIDTH = {Scope.OWN: 0, Scope.TEAM: 1, Scope.ANY: 2}


@cache
def granted(persona: Persona) -> dict[Permission, Scope]:
    """What a persona is granted, each permission in its widest scope."""
    return _widest([grant(word) for word in f"{_EVERYONE} {_MATRIX[persona]}".split()])


def held(actor: Actor) -> dict[Permission, Scope]:
    """What an actor is granted in all, each permission in its widest scope, before a token of theirs narrows it."""
    of_personas = [Grant(scope, what) for one in actor.personas for what, scope in granted(one).items()]
    own = _own() if actor.kind is ActorKind.PERSON else ()
    return _widest([*own, *of_personas, *actor.grants])


@cache
def is_of_teams(permission: Permission) -> bool:
    """Whether somebody can have a permission for some objects alone: the matrix grants it to a persona so."""
    return any(granted(one).get(permission, Scope.ANY) is not Scope.ANY for one in Persona)


@cache
def _own() -> tuple[Grant, ...]:
    return tuple(grant(one) for one in _OWN.split())


def narrower(one: Scope, other: Scope) -> Scope:
    """The narrower of two scopes."""
    return min(one, other, key=_WIDTH.__getitem__)


def _widest(grants: list[Grant]) -> dict[Permission, Scope]:
    found: dict[Permission, Scope] = {}
    for one in grants:
        before = found.get(one.permission)
        if before is None or _WIDTH[before] < _WIDTH[one.scope]:
            found[one.permission] = one.scope
    return found


def reference_markdown() -> str:
    """The page of permissions, whole. Deterministic."""
    lines = ["# Permissions", "", "`any`: everything. `team`: what a team of theirs owns (repositories, namespaces,"]
    lines += ["environments, clusters, images). `own`: what is theirs alone. A token narrows what its owner may, and"]
    lines += ["never widens it. Services and workloads have no persona: what they may stands in their token.", ""]
    lines += ["| persona | is |", "|---|---|", *(f"| {one} | {about} |" for one, about in _ABOUT.items()), ""]
    lines += ["A number of minutes: a second factor must have been shown within them (step-up).", ""]
    names = list(Persona)
    lines += [f"| permission | means | step-up | {' | '.join(names)} |", "|---" * (3 + len(names)) + "|"]
    for one in catalogue():
        cells = " | ".join(granted(name).get(one.permission, "") for name in names)
        fresh = f"{one.fresh_minutes} min" if one.fresh_minutes else ""
        lines.append(f"| `{one.permission}` | {one.about} | {fresh} | {cells} |")
    return "\n".join(lines) + "\n"
