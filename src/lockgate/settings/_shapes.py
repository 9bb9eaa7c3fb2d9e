"""The shapes of ``lockgate.yaml``: frozen dataclasses whose fields carry their own description and bounds.

The loader, the JSON schema, the reference page and the starting file all read these fields, so a setting is written
once. What does not belong: reading files (``_load``), drawing (``_schema``, ``_pages``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.model import Confidence, Family, Scope, Severity, SkipKind
from lockgate.settings._environments import EnvironmentSettings, GateNoticeSettings, TeamSettings
from lockgate.settings._forges import ForgeSettings
from lockgate.settings._people import PeopleSettings
from lockgate.settings._server import ServerSettings
from lockgate.settings._setting import setting

FILE_NAME = "lockgate.yaml"
CHECKED_FAMILIES = (Family.SECRETS, Family.DEPENDENCIES, Family.WORKFLOWS, Family.DOCKERFILES, Family.POLICY)
"""What a check judges when nobody chooses: every family that has a scanner of ours."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a finding must be for a line of the gate to meet it. Every key that is given must hold."""

    family: Family | None = setting("The finding is of this family.")
    rule: str | None = setting("The rule id, or a glob over rule ids such as `secrets/*`.")
    severity: Severity | None = setting("At least this severe.")
    confidence: Confidence | None = setting("At least this sure.")
    age_days: int | None = setting(
        "First seen more than this many days ago. A finding that nobody has seen before is 0 days old.", minimum=0
    )
    fixable: bool | None = setting("`true`: a fix is known; `false`: none is.")
    new: bool | None = setting("`true`: only findings that the record did not know; `false`: only those it knew.")
    kev: bool | None = setting("`true`: known to be exploited (CISA KEV); `false`: not known to be.")
    epss: float | None = setting(
        "At least this probability of exploitation within 30 days (FIRST EPSS). A finding without a score does not "
        "meet it.",
        minimum=0,
        maximum=1,
    )
    scope: Scope | None = setting(
        "The component is needed for this. A finding that is not about a component does not meet it."
    )
    path: str | None = setting("A glob that at least one place of the finding matches; see `exclude` for globs.")


@dataclass(frozen=True, slots=True)
class SkipCondition:
    """What a skip must be for a line to meet it. Every key that is given must hold."""

    kind: SkipKind | None = setting("Why it was not read.")
    family: Family | None = setting("The family that stays blind because of it; a skip that blinds all meets any.")
    path: str | None = setting("A glob that the path of the skip matches.")


@dataclass(frozen=True, slots=True)
class MustRead:
    """What must have been read for the gate to allow anything."""

    families: tuple[Family, ...] | None = setting(
        "Families that must have been checked; an empty list asks for none. Default: every family asked for. A family "
        "of which no file was there was checked; one whose files were there, and not one could be read, was not."
    )
    max_skips: int | None = setting("Deny when more things than this were not read. Default: no bound.", minimum=0)
    deny_skips: tuple[SkipCondition, ...] = setting("Skips that deny.", (), min_keys=1)
    warn_skips: tuple[SkipCondition, ...] = setting(
        "Skips that warn. Default: a lock or manifest file that is cut or malformed, components about whose ecosystem "
        "the advisory store holds nothing, and a budget used up.",
        (
            SkipCondition(kind=SkipKind.MALFORMED, family=Family.DEPENDENCIES),
            SkipCondition(kind=SkipKind.MISSING_TOOL, family=Family.DEPENDENCIES),
            SkipCondition(kind=SkipKind.LIMIT),
        ),
        min_keys=1,
    )


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What warns, what denies, and what must have been read."""

    warn: tuple[Condition, ...] = setting(
        "A finding that meets any of these warns. Default: medium or worse.",
        (Condition(severity=Severity.MEDIUM),),
        min_keys=1,
    )
    deny: tuple[Condition, ...] = setting(
        "A finding that meets any of these denies. Default: high or worse, medium confidence or more, new or known.",
        (Condition(severity=Severity.HIGH, confidence=Confidence.MEDIUM),),
        min_keys=1,
    )
    must_read: MustRead = setting("What must have been read: silence about the rest is not safety.", MustRead())


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets. What goes over one is a skip, never a silence."""

    file_bytes: int = setting("A larger file of the working tree is skipped.", 16 * 1024 * 1024, minimum=1)
    blob_bytes: int = setting("A larger blob of the git history is skipped.", 1024 * 1024, minimum=1)
    files: int = setting("Files read in one run; the rest are skipped.", 1_000_000, minimum=1)
    seconds: int = setting("Seconds of one run, after which what is left is skipped.", 1800, minimum=1)


class OnFailure(StrEnum):
    """What happens to a request that could not be judged."""

    CLOSED = "closed"
    OPEN = "open"


class Mildness(StrEnum):
    """What becomes of a denial where a milder answer may do."""

    WARN = "warn"
    DENY = "deny"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class RuleCondition:
    """What a rule must be for a line of the admission gate to take it. Every key that is given must hold."""

    rule: str | None = setting("The rule id, or a glob over rule ids such as `policy/host-*`.")
    severity: Severity | None = setting("At least this severe.")
    confidence: Confidence | None = setting("At least this sure.")


@dataclass(frozen=True, slots=True)
class AdmissionSettings:
    """What the admission webhook judges by, and what it does where it cannot. Policies of Gatekeeper and Kubernetes say
    themselves what they deny; `deny` and `warn` are for the rulebook's own."""

    policies: tuple[str, ...] = setting(
        "Files and folders with policies (ConstraintTemplates, constraints, mutators, ExpansionTemplates, Config, "
        "Validating and MutatingAdmissionPolicies, bindings and parameters; definitions, initiatives and assignments "
        "of Azure Policy), relative to `lockgate.yaml`.",
        (),
    )
    deny: tuple[RuleCondition, ...] = setting(
        "Rules of the rulebook that deny. Default: high or worse, medium confidence or more.",
        (RuleCondition(severity=Severity.HIGH, confidence=Confidence.MEDIUM),),
        min_keys=1,
    )
    warn: tuple[RuleCondition, ...] = setting(
        "Rules of the rulebook that warn; those that deny come first. Default: medium or worse.",
        (RuleCondition(severity=Severity.MEDIUM),),
        min_keys=1,
    )
    workloads: Mildness = setting(
        "What a Deployment, or whatever else makes Pods, is answered when its Pods would be denied: `warn`, `deny`, or "
        "`off` to judge the Pods alone.",
        Mildness.WARN,
    )
    unchanged: Mildness = setting(
        "What an update is answered when a rule of the rulebook denies only what was there before: `warn`, `deny` or "
        "`off`. An object that is being deleted is never held back by these rules.",
        Mildness.WARN,
    )
    failure: OnFailure = setting(
        "What happens to a request that could not be judged (an error, no time left): `closed` refuses it, `open` lets "
        "it through with a warning, a count and a row in the record.",
        OnFailure.CLOSED,
    )
    fail_open: tuple[str, ...] = setting(
        "Namespaces, by name or glob, that fail open whatever `failure` says. Default: kube-system, for a cluster must "
        "be able to start.",
        ("kube-system",),
    )
    fail_closed: tuple[str, ...] = setting(
        "Namespaces, by name or glob, that fail closed whatever `failure` says. A name goes before a glob, and what "
        "closes before what opens.", ()
    )  # fmt: skip
    images: str | None = setting(
        "The policy of images (`lockgate-images.yaml`), relative to `lockgate.yaml`: a Pod whose images do not meet it "
        "is refused, or warned of, as its lines say. Default: images are not verified."
    )
    images_ca_file: str | None = setting(
        "Authorities of registries to trust beside the machine's, PEM, relative to `lockgate.yaml`."
    )
    image_pull_secrets: bool = setting(
        "Whether registries are asked as `imagePullSecrets` of a Pod have it. Needs `--cluster`, and the right to "
        "`get` these secrets.", False
    )
    exempt: tuple[str, ...] = setting(
        "Namespaces, by name or glob, in which nothing is judged; each review is recorded all the same.", ()
    )
    waived_by: str | None = setting(
        "Who may waive a denial, as the message shall say it. Default: the owners of the waiver file in CODEOWNERS."
    )
    owner_keys: tuple[str, ...] = setting(
        "Labels or annotations, of the object or its Namespace, that name who owns it; the first that is there.",
        ("owner", "team"),
    )
    cluster: str | None = setting("Name of the cluster that is asked about, for waivers that name one.")
    azure_cluster: str | None = setting(
        "Resource id of the cluster in Azure: assignments of Azure Policy count whose scope it lies in. Default: every "
        "assignment counts."
    )
    steps: int = setting("Steps that one policy may take on one object.", 1_000_000, minimum=1000)
    all_steps: int = setting("Steps that all policies may take on one object.", 5_000_000, minimum=1000)


class Engine(StrEnum):
    """Where a query runs."""

    AUTO = "auto"
    DUCKDB = "duckdb"
    SPARK = "spark"


@dataclass(frozen=True, slots=True)
class AskSettings:
    """Where `lockgate ask` has its queries run."""

    engine: Engine = setting(
        "`duckdb` in this process, `spark` on a cluster, `auto` by the size of the tables that a query names.",
        Engine.AUTO,
    )
    spark: str = setting(
        "The Spark master, `spark://host:port`, or `local[2]` for this machine; `LOCKGATE_SPARK` goes before it. "
        "`none`: there is none, and `auto` is DuckDB.",
        "none",
    )
    external: tuple[str, ...] = setting(
        "Addresses whose files `externaldata` may read, `https://HOST/FOLDER/`: what begins so, and nothing else. Who "
        "may ask over HTTP has this machine read there. Default: none.",
        (),
    )
    large_bytes: int = setting("`auto` takes Spark from so many bytes of data files on.", 20 << 30, minimum=1)


class Quarantine(StrEnum):
    """What is done about an image of a watched registry that the gate denies."""

    TAG = "tag"
    UNTAG = "untag"
    LOCK = "lock"


@dataclass(frozen=True, slots=True)
class GithubDispatch:
    """A repository of GitHub that is told by the event `repository_dispatch`."""

    repository: str = setting("`owner/name`.", "")
    token: str = setting("Reference to a token that may write the contents of the repository: `env:NAME`, `file:PATH`.",
                         "env:GITHUB_TOKEN")  # fmt: skip
    event: str = setting("The `event_type` that the workflow waits for.", "base-image-moved")
    api: str = setting("Address of the API, for GitHub Enterprise Server `https://HOST/api/v3`.",
                       "https://api.github.com")  # fmt: skip


@dataclass(frozen=True, slots=True)
class AzurePipeline:
    """A pipeline of Azure DevOps that is run."""

    organization: str = setting("Address of the organization.", "https://dev.azure.com/ORGANIZATION")
    project: str = setting("Name or id of the project.", "")
    pipeline: int = setting("Number of the pipeline.", 1, minimum=1)
    ref: str | None = setting("Branch that is built, `refs/heads/main`. Default: that of the pipeline.")
    token: str = setting("Reference to a personal access token that may queue builds: `env:NAME`, `file:PATH`.",
                         "env:AZURE_DEVOPS_TOKEN")  # fmt: skip
    parameters: bool = setting(
        "Whether image, tag, base and the digest of the base are handed on as parameters `image`, `tag`, `base` and "
        "`baseDigest`, which the pipeline must declare.",
        False,
    )


@dataclass(frozen=True, slots=True)
class RebuildSettings:
    """Who builds some images anew when their base has moved. One of `github`, `azure` and `command`."""

    images: tuple[str, ...] = setting("Repositories, by name or glob such as `team/*`. Default: every one.", ("*",),
                                      min_items=1)  # fmt: skip
    github: GithubDispatch | None = setting("A repository of GitHub that is told.")
    azure: AzurePipeline | None = setting("A pipeline of Azure DevOps that is run.")
    command: tuple[str, ...] = setting(
        "A program of this machine and its arguments, run without a shell; what moved stands in the variables "
        "`LOCKGATE_IMAGE`, `LOCKGATE_TAG`, `LOCKGATE_DIGEST`, `LOCKGATE_BASE`, `LOCKGATE_BASE_DIGEST`.",
        (),
    )


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """What `lockgate registry watch` looks at, and what it does about an image that is denied. Nothing, unless it is
    said here."""

    repositories: tuple[str, ...] = setting(
        "Repositories that are watched, by name or glob such as `team/*`. Default: every one.", ("*",), min_items=1
    )
    tags: tuple[str, ...] = setting(
        "Tags that are watched, by name or glob. Images that are pushed without a tag always are. Default: every one.",
        ("*",),
        min_items=1,
    )
    quarantine: tuple[Quarantine, ...] = setting(
        "What is done about a denied image, in this order: `tag` names it `quarantine-TAG` too, `untag` takes its tag "
        "away, `lock` forbids to pull, write and delete it (Azure Container Registry alone). Default: nothing.",
        (),
    )
    poll_seconds: int = setting("From one look at the registry to the next; 0 for never.", 300, minimum=0)
    rematch_hours: int = setting(
        "From one comparison of what is stored with the advisories to the next; 0 for never.", 24, minimum=0
    )
    github_secret: str | None = setting(
        "Reference to the secret that GitHub signs its webhooks with: `env:NAME`, `file:PATH`. Default: they are "
        "refused."
    )
    base_registries: tuple[str, ...] = setting(
        "Hosts that are asked for the digests of base images, beside the watched registry: what a label names is "
        "somebody else's word. Default: none.",
        (),
    )
    rebuilds: Mapping[str, RebuildSettings] = setting(
        "Who builds images anew when their base has moved, by a name of yours.",
        None,
        values=RebuildSettings,
        by="rebuild",
    )

    def __post_init__(self) -> None:
        if self.rebuilds is None:
            object.__setattr__(self, "rebuilds", {})


class Plan(StrEnum):
    """What a table is kept for, in the words of Azure Monitor."""

    ANALYTICS = "Analytics"
    BASIC = "Basic"
    AUXILIARY = "Auxiliary"


@dataclass(frozen=True, slots=True)
class RowAccess:
    """Some people, and the rows of the table that they see."""

    people: tuple[str, ...] = setting(
        "Names, as the token file has them, or globs over them such as `sre-*`. Default: everybody.",
        ("*",),
        min_items=1,
    )
    where: str | None = setting(
        "A condition in Kusto's language over the columns of the table, such as `PodNamespace == 'shop'`. Default: "
        "every row."
    )


@dataclass(frozen=True, slots=True)
class TableSettings:
    """How one table is kept, and who sees which of its rows. `Runs` stands for all tables that runs fill when it is
    about time."""

    retention_days: int | None = setting(
        "Rows older than this are forgotten, by `lockgate serve` from time to time and by `lockgate record retain`. "
        "Default: they are kept.",
        minimum=1,
    )
    plan: Plan = setting(
        "`Analytics`: large files get filters of their terms when the record is compacted, so that a search for one "
        "passes over most of them; `Basic` and `Auxiliary`: none, which saves their space.",
        Plan.ANALYTICS,
    )
    paths: tuple[str, ...] | None = setting(
        "Paths of JSON columns that compaction keeps as columns of their own, which no query sees and every question "
        "by one of these paths reads: `User.username`, `log_s.objectRef.namespace`, `Annotations['a b']`. Default: "
        "those that are known for the table (audit logs: object, user, code); `[]` for none.",
    )
    access: tuple[RowAccess, ...] = setting(
        "Who may ask over HTTP sees the rows that a line naming them lets through, and no row where none does. "
        "Default: everybody who may ask sees every row.",
        (),
    )


@dataclass(frozen=True, slots=True)
class EntraPerson:
    """Somebody who signs in with Entra: `name`, and one of `app`, `object` and `role`."""

    name: str | None = setting("What they are called here, as in the token file; with `role` the object id follows it.")
    app: str | None = setting("The client id of an application that signs in for itself, such as Grafana's.")
    object: str | None = setting("The object id of a person or of a service principal.")
    role: str | None = setting("An app role, such as `Lockgate.Reader`: everybody who was assigned it.")
    may: tuple[str, ...] = setting("Rights: `query`, `functions`, `ingest`, `cancel`.", ("query",), min_items=1)
    limit: tuple[str, ...] = setting("What differs from the limits of a person: `seconds=60`, `memory=2GB`.", ())


@dataclass(frozen=True, slots=True)
class EntraSettings:
    """Who signs in at `lockgate serve` with access tokens of Microsoft Entra. Nobody, without a tenant."""

    tenant: str | None = setting("The id of the tenant whose tokens count. Default: none do.")
    audiences: tuple[str, ...] = setting(
        "What tokens must be for: application id URIs or client ids, ours. The first is what clients of Kusto are told "
        "to ask a token for.",
        (),
    )
    people: tuple[EntraPerson, ...] = setting("Who is whom; the first that fits counts. Others are nobody.", ())
    authority: str = setting(
        "Where the tenant signs in; another for a sovereign cloud.", "https://login.microsoftonline.com"
    )
    ca_file: str | None = setting(
        "A file of certificates (PEM), relative to `lockgate.yaml`, that vouch for an authority of your own."
    )


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """Who is told of new alerts: a request of the form Standard Webhooks, signed by HMAC-SHA256."""

    address: str = setting("Where it is sent: `https://HOST/PATH`.", "")
    secret: str = setting(
        "Reference to the secret that signs it: `env:NAME`, `file:PATH`. One that begins with `whsec_` is base64 "
        "behind that.",
        "",
    )
    ca_file: str | None = setting(
        "A file of certificates (PEM), relative to `lockgate.yaml`, that vouch for an address of your own."
    )


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """What `lockgate serve` does about alerts on clusters."""

    minutes: float = setting(
        "From one look at what the alerts fire for to the next; 0 for never. Read when the server starts; "
        "`--alert-minutes` goes before it.",
        5.0,
        minimum=0,
    )
    notice: NoticeSettings | None = setting(
        "Who is told of new alerts. Default: the log of the server alone."
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything ``lockgate.yaml`` can say."""

    version: int = setting("Version of this file's format.", 1, one_of=(1,))
    families: tuple[Family, ...] = setting(
        "What is checked when the command line does not choose.", CHECKED_FAMILIES, min_items=1
    )
    exclude: tuple[str, ...] = setting(
        "Globs of files that are not read. `*` and `?` stay within one folder, `**` spans folders; a glob without a "
        "slash matches at any depth; a glob that matches a folder takes everything below it.",
        (),
    )
    waivers: str = setting("The waiver file, relative to `lockgate.yaml`.", "lockgate-waivers.yaml")
    queries: str = setting(
        "The folder of saved queries (`NAME.kql`) and, below `functions/`, of stored functions, relative to "
        "`lockgate.yaml`.",
        "queries",
    )
    exemptions: tuple[str, ...] = setting(
        "Files and folders of exemptions of Azure Policy, with their assignments and definitions, relative to "
        "`lockgate.yaml`: exports in JSON, templates, Bicep or Terraform. They count as waivers of the rules whose "
        "definitions `lockgate policy export` made.",
        (),
    )
    vex: tuple[str, ...] = setting(
        "Files and folders of VEX documents (OpenVEX, CSAF, CycloneDX; JSON), relative to `lockgate.yaml`: flaws that "
        "they say a product does not have are covered, as by a waiver.",
        (),
    )
    limits: Limits = setting("Budgets of a run.", Limits())
    scanners: Mapping[str, Mapping[str, Any]] = setting(
        "Options of scanners, by family; each scanner declares its own. An unknown one is refused.",
        None,
        keys=Family,
        by="family",
    )
    gate: GateSettings = setting("What warns, what denies, what must have been read.", GateSettings())
    admission: AdmissionSettings = setting("What the admission webhook judges by.", AdmissionSettings())
    alerts: AlertSettings = setting("Alerts about clusters.", AlertSettings())
    ask: AskSettings = setting("Where queries run.", AskSettings())
    entra: EntraSettings = setting("Who signs in with Microsoft Entra.", EntraSettings())
    people: PeopleSettings = setting("Who signs in at the console and the API.", PeopleSettings())
    server: ServerSettings = setting("The console and its API: `lockgate up`.", ServerSettings())
    forges: Mapping[str, ForgeSettings] = setting(
        "Forges whose pushes and pull requests are judged, by a name of yours.", None, values=ForgeSettings, by="forge"
    )
    registry: RegistrySettings = setting("What `lockgate registry watch` looks at and does.", RegistrySettings())
    environments: tuple[EnvironmentSettings, ...] = setting(
        "Where deployments wait at a gate, and for what; the first line that an environment and its repository meet "
        "holds. A deployment to an environment that no line names is denied.",
        (),
        min_keys=1,
    )
    teams: tuple[TeamSettings, ...] = setting(
        "Who belongs to which team, for gates of a single machine; the console knows teams of its own.", (), min_keys=1
    )
    gate_notices: tuple[GateNoticeSettings, ...] = setting(
        "Who is told of deployments that wait, and of what became of them.", (), min_keys=1
    )
    data_collection_rules: tuple[str, ...] = setting(
        "Files and folders of data collection rules in JSON, relative to `lockgate.yaml`: which streams the Logs "
        "Ingestion API takes, through which KQL their rows go and into which tables. Default: every stream goes into "
        "the table that it names, as it is.",
        (),
    )
    tables: Mapping[str, TableSettings] = setting(
        "Retention, plan and row-level access of tables, by name.", None, values=TableSettings, by="table"
    )

    def __post_init__(self) -> None:
        for name in ("scanners", "forges", "tables"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, {})
