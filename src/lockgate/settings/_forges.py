"""The shapes of ``forges`` in ``lockgate.yaml``: which forges call the server, and as whom it asks them."""

from __future__ import annotations

from lockgate.dataclass import dataclass
from lockgate.settings._setting import setting


@dataclass(frozen=True, slots=True)
class GithubSettings:
    """A GitHub App, or a token where there is none."""

    app: str | None = setting("Id or client id of the App.")
    private_key: str | None = setting("Reference to the private key of the App, PEM: `env:NAME`, `file:PATH`.")
    token: str | None = setting(
        "Reference to a token in place of an App. It can set statuses of commits and write comments; checks with "
        "annotations, deliveries that were missed and rules of deployments need an App."
    )
    webhook_secret: str | None = setting(
        "Reference to the secret that webhooks are signed with. Default: webhooks are refused."
    )
    api: str = setting("Address of the API, for GitHub Enterprise Server `https://HOST/api/v3`.",
                       "https://api.github.com")  # fmt: skip
    address: str = setting("Address of the server that git asks.", "https://github.com")


@dataclass(frozen=True, slots=True)
class AzureDevOpsSettings:
    """An organization of Azure DevOps, or a collection of a Server."""

    organization: str = setting("Its address: `https://dev.azure.com/NAME`.", "https://dev.azure.com/ORGANIZATION")
    token: str | None = setting(
        "Reference to a personal access token: `env:NAME`, `file:PATH`. Default: the identity that this machine has at "
        "Microsoft Entra (`lockgate[azure]`)."
    )
    webhook_secret: str | None = setting(
        "Reference to the password that service hooks and checks show. Default: they are refused."
    )


@dataclass(frozen=True, slots=True)
class GitlabSettings:
    """A GitLab."""

    address: str = setting("Its address.", "https://gitlab.com")
    token: str | None = setting("Reference to a token of a group or a project: `env:NAME`, `file:PATH`.")
    webhook_secret: str | None = setting(
        "Reference to the secret token that webhooks show. Default: webhooks are refused."
    )


@dataclass(frozen=True, slots=True)
class ForgePostureSettings:
    """How often the settings of a forge are read and judged, and whose."""

    hours: int = setting(
        "From one reading to the next; 0: only when somebody asks, or the forge tells of changes.", 24, minimum=0,
        maximum=8_760,
    )  # fmt: skip
    calls: int = setting("Most calls that one reading of an organisation makes.", 2_000, minimum=50)
    webhooks: bool = setting("Whether each repository is asked for its webhooks, by a call of its own.", True)
    organizations: tuple[str, ...] = setting(
        "Organisations or groups that are read. Default: where the App is installed, the organization of Azure DevOps, "
        "or those that a token belongs to.",
        (),
    )


@dataclass(frozen=True, slots=True)
class ForgeSettings:
    """A forge that is connected. One of `github`, `azure_devops` and `gitlab`."""

    github: GithubSettings | None = setting("GitHub, or a GitHub Enterprise Server.")
    azure_devops: AzureDevOpsSettings | None = setting("Azure DevOps Services or Server.")
    gitlab: GitlabSettings | None = setting("GitLab, hosted or one's own.")
    repositories: tuple[str, ...] = setting(
        "Repositories that are looked at, by whole name or glob such as `harbour/*`. Default: every one that is shown.",
        ("*",),
        min_items=1,
    )
    ca_file: str | None = setting("Authorities to trust beside the machine's, PEM, relative to `lockgate.yaml`.")
    comments: bool = setting("Whether a pull request gets a comment, changed in place.", True)
    code_scanning: bool = setting(
        "Whether findings are uploaded as SARIF to GitHub's code scanning, or to GitHub Advanced Security for Azure "
        "DevOps, where a repository has it: those of pull requests, and, with `inventory`, all of the default branch.",
        True,
    )
    annotations: int = setting("Most findings that are shown at their lines; the rest are in the summary.", 200,
                               minimum=0, maximum=1000)  # fmt: skip
    inventory: bool = setting("Whether a push to the default branch has the whole repository judged.", True)
    reconcile_minutes: int = setting(
        "From one look at what happened without a webhook to the next; 0 for at the start alone.", 30, minimum=0
    )
    posture: ForgePostureSettings = setting("How its organisations are set up, as a job.", ForgePostureSettings())
