"""What ``lockgate.yaml`` says of people: who vouches for them, what they must show, and what that makes them here.

Shapes alone. A line that cannot hold as a whole (a provider without a client, a grant that does not exist) is refused
by what acts on it (``server.sign_in``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.model.actor import Persona
from lockgate.settings._setting import setting


class ProviderKind(StrEnum):
    """How a provider is talked to."""

    OIDC = "oidc"
    GITHUB = "github"  # OAuth and the REST API: github.com signs nobody in by OpenID Connect


class WhenMfa(StrEnum):
    """Of whom a second factor is asked at sign-in."""

    ALWAYS = "always"
    LOCAL = "local"  # of local accounts; of others their provider is trusted to ask
    NEVER = "never"  # step-up asks for one all the same


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """Who vouches for people: Entra, Keycloak, Okta or any other by OpenID Connect, or GitHub."""

    kind: ProviderKind = setting("`oidc` or `github`.", ProviderKind.OIDC)
    label: str | None = setting("What the button says. Default: the name of the provider.")
    issuer: str = setting(
        "The issuer, exactly as its documents say it: `https://login.microsoftonline.com/TENANT/v2.0`, "
        "`https://KEYCLOAK/realms/REALM`; of GitHub the address, another for GitHub Enterprise Server.",
        "https://github.com",
    )
    api: str | None = setting("Of GitHub: address of the API. Default: that of the issuer.")
    client_id: str = setting("Id of the registration.", "")
    client_secret: str | None = setting(
        "Reference to its secret: `env:NAME`, `file:PATH`. Default: none, a public client with PKCE alone."
    )
    scopes: tuple[str, ...] = setting(
        "Scopes that are asked for. Default: `openid profile email`; of GitHub `read:user user:email read:org`.", ()
    )
    acr_values: tuple[str, ...] = setting("`acr_values` that are asked for, the preferred first.", ())
    groups_claim: str = setting("The claim with the groups.", "groups")
    roles_claim: str = setting(
        "The claim with the roles; a path such as `realm_access.roles` leads into claims.", "roles"
    )
    organizations: tuple[str, ...] = setting(
        "Of GitHub: organizations one of which somebody must be a member of. Their teams are groups "
        "`ORGANIZATION/TEAM`. Of others nobody signs in.",
        (),
    )
    amr: tuple[str, ...] = setting(
        "Methods (`amr`) of the provider, any of which is a second factor. Default: those of RFC 8176 that are. "
        "`[]`: none is.",
        ("mfa", "otp", "hwk", "swk", "fido", "sc", "phr", "phrh", "ngcmfa"),
    )
    acr: tuple[str, ...] = setting(
        "Classes (`acr`) of the provider, any of which says that there was a second factor.", ()
    )
    skew_seconds: int = setting("By how much clocks may differ.", 60, minimum=0, maximum=300)
    ca_file: str | None = setting(
        "A file of certificates (PEM), relative to `lockgate.yaml`, that vouch for a provider of your own."
    )


@dataclass(frozen=True, slots=True)
class BelongingLine:
    """Some people, and what they are here. Every key that is given must hold."""

    provider: str | None = setting("Name of the provider, or a glob. Default: any, and directories (SCIM).")
    group: str | None = setting(
        "A group, by name or id, or a glob: as the provider or the directory has it; of GitHub `acme/platform`."
    )
    role: str | None = setting("A role of the provider, or a glob.")
    email: str | None = setting("An address that the provider has verified, or a glob such as `*@acme.example`.")
    personas: tuple[Persona, ...] = setting("What they are.", ())
    teams: tuple[str, ...] = setting("Which teams they are in.", ())


@dataclass(frozen=True, slots=True)
class WorkloadSettings:
    """Pipelines that show the identity their forge gives them, and what they may. Every key that is given must hold."""

    issuer: str = setting(
        "Who signs their tokens: `https://token.actions.githubusercontent.com`, "
        "`https://vstoken.dev.azure.com/ORGANIZATION-ID`.",
        "https://token.actions.githubusercontent.com",
    )
    audience: str = setting("What their tokens must be for.", "lockgate")
    subject: str | None = setting("`sub`, or a glob: `repo:acme/shop:*`, `sc://acme/shop/deploy`.")
    repository: str | None = setting("Repository of GitHub, or a glob: `acme/shop`.")
    ref: str | None = setting("Branch or tag, or a glob: `refs/heads/main`.")
    environment: str | None = setting("Environment of the job, or a glob.")
    workflow: str | None = setting("Workflow with its ref, or a glob: `acme/shop/.github/workflows/deploy.yml@*`.")
    event: str | None = setting("What started the run, such as `push`.")
    teams: tuple[str, ...] = setting("Teams whose objects `team:` in `grants` is about.", ())
    grants: tuple[str, ...] = setting("What they may: `team:runs:upload`, `any:images:notify`.", (), min_items=1)
    minutes: int = setting("For how long.", 15, minimum=1, maximum=60)
    ca_file: str | None = setting(
        "A file of certificates (PEM), relative to `lockgate.yaml`, that vouch for an issuer of your own."
    )


@dataclass(frozen=True, slots=True)
class PeopleSettings:
    """Who signs in at the console and the API, and what they are there."""

    providers: Mapping[str, ProviderSettings] = setting(
        "Who vouches for people, by a name of yours. Default: nobody, local accounts alone.",
        None,
        values=ProviderSettings,
        by="provider",
    )
    belonging: tuple[BelongingLine, ...] = setting(
        "What people are by their groups and roles; all lines that fit count. Who fits none may sign in and see "
        "nothing until an administrator says what they are.",
        (),
        min_keys=1,
    )
    mfa: WhenMfa = setting(
        "Of whom a second factor is asked at sign-in: `always` (by the provider, else a passkey or a one-time code "
        "here), `local`, `never`.",
        WhenMfa.ALWAYS,
    )
    newcomers: bool = setting(
        "Whether who signs in with a provider for the first time gets an account; `false`: only people whom a "
        "directory (SCIM) or an administrator has made.",
        True,
    )
    local: bool = setting("Whether there are accounts of our own beside those of providers.", True)
    passwords: bool = setting(
        "Whether a local account may have a password beside a second factor. `false`: passkeys alone.", True
    )
    lock_addresses: bool = setting(
        "Whether an address from which many sign-ins fail is locked for a while. `false` behind a proxy that all "
        "people come through.",
        True,
    )
    session_hours: float = setting("How long a session lasts at most.", 12.0, minimum=0.1, maximum=720)
    idle_minutes: float = setting("After how long without a request it ends.", 120.0, minimum=1, maximum=43_200)
    workloads: tuple[WorkloadSettings, ...] = setting(
        "Pipelines that sign in without a stored secret; the first line that fits counts.", (), min_keys=1
    )

    def __post_init__(self) -> None:
        if self.providers is None:
            object.__setattr__(self, "providers", {})
