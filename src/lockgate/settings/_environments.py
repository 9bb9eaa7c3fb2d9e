"""What ``lockgate.yaml`` says of environments: for what a deployment waits, who must agree, and who is told.

Shapes alone. What they mean, and what is wrong with one as a whole (a zone that is not there, a quorum of nobody), is
said by ``gates.deployment``.
"""

from __future__ import annotations

from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.settings._setting import setting


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Override(StrEnum):
    """What a broken glass passes over."""

    APPROVALS = "approvals"
    WAIT = "wait"
    WINDOWS = "windows"
    FREEZES = "freezes"
    CHECKS = "checks"
    GATE = "gate"
    POLICIES = "policies"
    IMAGES = "images"


class Told(StrEnum):
    """What a channel is told of."""

    ASKING = "asking"  # people have to answer
    SETTLED = "settled"  # allowed, denied, expired or withdrawn
    BROKEN = "broken"  # somebody has broken the glass, or a follow-up is overdue


@dataclass(frozen=True, slots=True)
class QuorumLine:
    """So many people of some kind. One of `team`, `persona` and `people`."""

    count: int = setting("How many of them.", 1, minimum=1, maximum=20)
    team: str | None = setting("They are of this team.")
    persona: str | None = setting("They act as this: `security`, `sre`, `cluster-operator`, `developer`.")
    people: tuple[str, ...] = setting("They are some of these: ids, logins or addresses of mail.", ())


@dataclass(frozen=True, slots=True)
class Window:
    """A time of the week in which deployments may begin."""

    days: tuple[Day, ...] = setting("On which days; default: every day.", tuple(Day), min_items=1)
    opens: str = setting("From when on, `HH:MM` on the clock of the zone.", "00:00")
    closes: str = setting("Until when, `HH:MM`; not after `opens`: on the next day. `24:00` is the end of the day.",
                          "24:00")  # fmt: skip
    zone: str = setting("Name of a time zone, `Europe/Amsterdam`.", "UTC")


@dataclass(frozen=True, slots=True)
class Freeze:
    """A stretch of time in which no deployment begins, whatever the windows say."""

    begins: str = setting("`YYYY-MM-DD` or `YYYY-MM-DDTHH:MM` on the clock of the zone.", "")
    ends: str = setting("The same; a day alone is frozen to its end.", "")
    zone: str = setting("Name of a time zone.", "UTC")
    why: str | None = setting("For those who wait.")


@dataclass(frozen=True, slots=True)
class ImagesAsked:
    """What must be known of each image that is deployed. Every one is named by its digest."""

    verified: bool = setting(
        "The policy of images (`lockgate-images.yaml`) does not deny it: who must have signed it, how it must have "
        "been built.",
        True,
    )
    scan_days: int | None = setting(
        "The last scan that read what is installed is younger than this many days. Default: it need not be scanned.",
        minimum=1,
    )
    no_denied: bool = setting("That scan was not denied by its gate. Looked at where `scan_days` is given.", True)
    least: int = setting("At least so many images are named.", 1, minimum=0)


@dataclass(frozen=True, slots=True)
class BreakGlassSettings:
    """Who may let a deployment through in an emergency. They give a reason, it holds for a while, others look at it."""

    by: tuple[QuorumLine, ...] = setting("Who may; `count` says nothing here.", (), min_keys=1)
    minutes: int = setting("For how long it lets the same images and manifests through.", 60, minimum=1, maximum=1440)
    follow_up_people: int = setting("So many others must have looked at it since.", 2, minimum=1, maximum=20)
    follow_up_hours: int = setting(
        "Within this time; while one is overdue the glass of the environment cannot be broken again.", 24, minimum=1
    )
    overrides: tuple[Override, ...] = setting(
        "What it passes over. Default: people, times and checks of others; not our gate, policies and images.",
        (Override.APPROVALS, Override.WAIT, Override.WINDOWS, Override.FREEZES, Override.CHECKS),
        min_items=1,
    )


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """What a deployment to some environments needs. What is not named here is not asked for."""

    name: str = setting("Name of the environment, or a glob, `prod-*`.", "")
    repositories: tuple[str, ...] = setting(
        "Repositories that this line is about, `github.com/team/*`. Default: every one.", ("*",), min_items=1
    )
    refs: tuple[str, ...] = setting(
        "Branches and tags that may be deployed, `refs/heads/main`, `refs/tags/v*`. Default: every one.", ("*",),
        min_items=1,
    )  # fmt: skip
    checks: tuple[str, ...] = setting("Checks of the commit that must have succeeded at the forge, by name.", ())
    gate: bool = setting("The last check of the commit by Lockgate did not deny.", True)
    policies: bool = setting("No policy denies what is rendered, where manifests are given.", True)
    images: ImagesAsked | None = setting("What must be known of the images. Default: nothing.")
    approvals: tuple[QuorumLine, ...] = setting("Who must agree. All lines must be met.", (), min_keys=1)
    each_person_once: bool = setting(
        "`true`: a person fills one place of all lines; `false`: one place of each line that they fit.", True
    )
    author_may_approve: bool = setting("Whether who wrote what is deployed counts.", False)
    requester_may_approve: bool = setting("Whether who asked for the deployment counts.", False)
    mfa: bool = setting("Whether an answer counts only with a second factor.", True)
    approval_hours: int | None = setting("An answer is forgotten after so many hours. Default: with the request.",
                                         minimum=1)  # fmt: skip
    wait_minutes: int = setting("So long a deployment waits in any case, from when it is asked for.", 0, minimum=0,
                                maximum=43200)  # fmt: skip
    windows: tuple[Window, ...] = setting("When deployments may begin. Default: always.", (), min_keys=1)
    freezes: tuple[Freeze, ...] = setting("When they may not.", (), min_keys=1)
    expires_hours: int = setting("A request that is not settled by then expires.", 72, minimum=1)
    lasts_hours: int = setting("An allowed one may begin for so long.", 24, minimum=1)
    break_glass: BreakGlassSettings | None = setting("Who may let it through in an emergency. Default: nobody.")
    namespaces: tuple[str, ...] = setting(
        "Namespaces of Kubernetes, by name or glob, in which the admission webhook lets only images run whose digests "
        "were allowed for this environment. Default: none.",
        (),
    )
    clusters: tuple[str, ...] = setting(
        "Clusters in which `namespaces` holds, as `admission.cluster` names them. Default: every one.", ("*",),
        min_items=1,
    )  # fmt: skip
    rollback_days: int = setting(
        "How long the images of an earlier allowed deployment may still run once a later one was allowed.", 30,
        minimum=0,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TeamSettings:
    """One team."""

    name: str = setting("What it is called.", "")
    people: tuple[str, ...] = setting(
        "Its members: an account of this machine each, and behind it, with blanks between, the addresses of mail and "
        "logins by which commits name them: `ada ada@example.com`.",
        (),
        min_items=1,
    )


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Mail, by SMTP."""

    server: str = setting("Host and port, `smtp.example.com:587`.", "")
    tls: str = setting("`starttls`, `implicit` (from the first byte), or `none`, for this machine alone.", "starttls")
    sender: str = setting("Address that it comes from.", "")
    to: tuple[str, ...] = setting("Addresses that it goes to.", (), min_items=1)
    user: str | None = setting("Who signs in at the server. Default: nobody does.")
    password: str | None = setting("Reference to the password: `env:NAME`, `file:PATH`.")


@dataclass(frozen=True, slots=True)
class GateNoticeSettings:
    """One channel: one of `mail`, `teams`, `slack` and `webhook`."""

    environments: tuple[str, ...] = setting("Environments, by name or glob. Default: every one.", ("*",), min_items=1)
    told: tuple[Told, ...] = setting("What it is told of. Default: all of it.", tuple(Told), min_items=1)
    mail: MailSettings | None = setting("Mail.")
    teams: str | None = setting(
        "Reference to the address of a workflow of Microsoft Teams that posts an adaptive card: `env:NAME`, "
        "`file:PATH`. The address is a secret."
    )
    slack: str | None = setting("Reference to the address of an incoming webhook of Slack, which is a secret too.")
    webhook: str | None = setting("An address that takes Standard Webhooks: `https://HOST/PATH`.")
    secret: str | None = setting("Reference to the secret that signs those.")
    ca_file: str | None = setting(
        "Certificates (PEM), relative to `lockgate.yaml`, that vouch for an address of your own."
    )
