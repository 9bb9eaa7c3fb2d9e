"""Everything that can be asked for, each with a line about it, and how fresh a second factor must be for it."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.errors import UsageError
from lockgate.model.actor import Grant, Permission


@dataclass(frozen=True, slots=True)
class Described:
    """A permission as people read of it."""

    permission: Permission
    about: str
    fresh_minutes: int = 0
    """A second factor must have been shown within so many minutes; 0: the sign-in suffices."""


STEP_UP = 10
"""Minutes for which a second factor counts for what binds others: approvals, waivers, people."""
_ALL: dict[str, Described] = {}


def _new(name: str, about: str, fresh_minutes: int = 0) -> Permission:
    permission = Permission(*name.split(":"))
    _ALL[name] = Described(permission, about, fresh_minutes)
    return permission


FINDINGS_READ = _new("findings:read", "See findings, their history and fixes.")
FINDINGS_TRIAGE = _new("findings:triage", "Assign findings and incidents, comment, set their state.")
WAIVERS_REQUEST = _new("waivers:request", "Ask for a waiver.")
WAIVERS_READ = _new("waivers:read", "See waivers and requests for them.")
WAIVERS_APPROVE = _new("waivers:approve", "Grant, refuse and end waivers.", STEP_UP)
RECORD_ASK = _new("record:ask", "Ask the record in Kusto's language; row filters hold.")
RECORD_FUNCTIONS = _new("record:functions", "Write stored functions and saved queries.")
RECORD_INGEST = _new("record:ingest", "Send rows.")
RECORD_CANCEL = _new("record:cancel", "See and end the queries of others.")
RUNS_UPLOAD = _new("runs:upload", "Upload runs of the command line.")
REPOSITORIES_READ = _new("repositories:read", "See repositories, pull requests and their verdicts.")
REPOSITORIES_SCAN = _new("repositories:scan", "Have a repository judged anew.")
IMAGES_READ = _new("images:read", "See images, what is in them, and who signed them.")
IMAGES_NOTIFY = _new("images:notify", "Tell what was pushed to a registry.")
CLUSTERS_READ = _new("clusters:read", "See clusters, their objects, and what they run.")
CLUSTERS_CHANGE = _new("clusters:change", "Connect clusters, and change how they are collected and admitted to.")
POLICIES_READ = _new("policies:read", "See rules, policies and exemptions, and replay a change of one.")
POLICIES_CHANGE = _new("policies:change", "Change rules, policies and exemptions.", STEP_UP)
POSTURE_READ = _new("posture:read", "See how repositories and organisations are set up.")
POSTURE_REFRESH = _new("posture:refresh", "Have the settings of a forge read anew.")
POSTURE_APPLY = _new("posture:apply", "Apply fixes to the settings of a forge.", STEP_UP)
ENVIRONMENTS_READ = _new("environments:read", "See environments and their rules.")
ENVIRONMENTS_CHANGE = _new("environments:change", "Change environments, their rules, windows and freezes.", STEP_UP)
DEPLOYMENTS_READ = _new("deployments:read", "See deployments, and what each changes.")
DEPLOYMENTS_REQUEST = _new("deployments:request", "Ask for a deployment.")
DEPLOYMENTS_APPROVE = _new("deployments:approve", "Answer a deployment that waits.", STEP_UP)
DEPLOYMENTS_BREAK_GLASS = _new("deployments:break-glass", "Deploy past a gate, with a reason.", STEP_UP)
DEPLOYMENTS_FOLLOW_UP = _new("deployments:follow-up", "Review what went past a gate.", STEP_UP)
FORGES_READ = _new("forges:read", "See which forges are connected and what they told.")
FORGES_CHANGE = _new("forges:change", "Connect forges and have them reconciled.", STEP_UP)
JOBS_READ = _new("jobs:read", "See background jobs.")
JOBS_CHANGE = _new("jobs:change", "End background jobs and run them again.")
TRAIL_READ = _new("trail:read", "See the audit trail and verify its chain.")
ACCOUNT_READ = _new("account:read", "See an account: its factors, sessions and tokens.")
ACCOUNT_CHANGE = _new("account:change", "Add and remove factors, end sessions, rename.")
TOKENS_CREATE = _new("tokens:create", "Make a token that may no more than who makes it.", STEP_UP)
TOKENS_REVOKE = _new("tokens:revoke", "Take a token away.")
PEOPLE_READ = _new("people:read", "See people, their personas, teams and sessions.")
PEOPLE_CHANGE = _new("people:change", "Invite, change and disable people, and end their sessions.", STEP_UP)
PEOPLE_PROVISION = _new("people:provision", "Create, change and disable people as a directory does (SCIM).")
TEAMS_READ = _new("teams:read", "See teams and what they own.")
TEAMS_CHANGE = _new("teams:change", "Change teams, their people, and what they own.", STEP_UP)
VIEWS_READ = _new("views:read", "See saved views of lists: one's own, and those shared with a team.")
VIEWS_CHANGE = _new("views:change", "Save, share and delete views of one's own.")
SETTINGS_READ = _new("settings:read", "See the settings of the server; never a secret.")
SETTINGS_CHANGE = _new("settings:change", "Change the settings of the server.", STEP_UP)


def catalogue() -> tuple[Described, ...]:
    """Every permission, in the order of this file."""
    return tuple(_ALL.values())


def described(permission: Permission) -> Described:
    """What is said of a permission. Raises :class:`UsageError` for one that does not exist."""
    found = _ALL.get(str(permission))
    if found is None:
        raise UsageError(f"there is no permission {permission}", hint="docs/reference/permissions.md names all")
    return found


def grant(text: str) -> Grant:
    """``team:findings:read``. Raises :class:`UsageError`, also for a permission that does not exist."""
    parsed = Grant.parse(text)
    return Grant(parsed.scope, described(parsed.permission).permission)
