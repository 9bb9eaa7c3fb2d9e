"""``lockgate.yaml``, read once into frozen values and handed down in pieces.

``load`` reads a file, ``schema`` and ``reference_markdown`` describe it, ``starting_text`` begins one, ``globs`` says
what its path patterns mean. What does not belong: acting on a setting.
"""

from __future__ import annotations

from typing import Any

from lockgate.settings._environments import (
    BreakGlassSettings,
    Day,
    EnvironmentSettings,
    Freeze,
    GateNoticeSettings,
    ImagesAsked,
    MailSettings,
    Override,
    QuorumLine,
    TeamSettings,
    Told,
    Window,
)
from lockgate.settings._forges import (
    AzureDevOpsSettings,
    ForgePostureSettings,
    ForgeSettings,
    GithubSettings,
    GitlabSettings,
)
from lockgate.settings._load import find, load, loads
from lockgate.settings._people import (
    BelongingLine,
    PeopleSettings,
    ProviderKind,
    ProviderSettings,
    WhenMfa,
    WorkloadSettings,
)
from lockgate.settings._server import ServerSettings
from lockgate.settings._shapes import (
    CHECKED_FAMILIES,
    FILE_NAME,
    AdmissionSettings,
    AskSettings,
    AzurePipeline,
    Condition,
    Engine,
    EntraPerson,
    EntraSettings,
    GateSettings,
    GithubDispatch,
    Limits,
    Mildness,
    MustRead,
    NoticeSettings,
    OnFailure,
    Plan,
    Quarantine,
    RebuildSettings,
    RegistrySettings,
    RowAccess,
    RuleCondition,
    Settings,
    SkipCondition,
    TableSettings,
)
from lockgate.settings._types import Options, ScannerOption

__all__ = [
    "CHECKED_FAMILIES",
    "FILE_NAME",
    "AdmissionSettings",
    "AskSettings",
    "AzureDevOpsSettings",
    "AzurePipeline",
    "BelongingLine",
    "BreakGlassSettings",
    "Condition",
    "Day",
    "Engine",
    "EntraPerson",
    "EntraSettings",
    "EnvironmentSettings",
    "ForgePostureSettings",
    "ForgeSettings",
    "Freeze",
    "GateNoticeSettings",
    "GateSettings",
    "GithubDispatch",
    "GithubSettings",
    "GitlabSettings",
    "ImagesAsked",
    "Limits",
    "MailSettings",
    "Mildness",
    "MustRead",
    "NoticeSettings",
    "OnFailure",
    "Options",
    "Override",
    "PeopleSettings",
    "Plan",
    "ProviderKind",
    "ProviderSettings",
    "Quarantine",
    "QuorumLine",
    "RebuildSettings",
    "RegistrySettings",
    "RowAccess",
    "RuleCondition",
    "ScannerOption",
    "ServerSettings",
    "Settings",
    "SkipCondition",
    "TableSettings",
    "TeamSettings",
    "Told",
    "WhenMfa",
    "Window",
    "WorkloadSettings",
    "find",
    "load",
    "loads",
    "reference_markdown",
    "schema",
    "starting_text",
]


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of ``lockgate.yaml``."""
    from lockgate.settings import _schema  # a check does not draw it

    return _schema.schema()


def reference_markdown(options: Options) -> str:
    """The settings page of the reference, whole, with the options of scanners. Deterministic."""
    from lockgate.settings import _pages

    return _pages.reference_markdown(options)


def starting_text() -> str:
    """A first ``lockgate.yaml`` with the defaults written out."""
    from lockgate.settings import _pages

    return _pages.starting_text()
