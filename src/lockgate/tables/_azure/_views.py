"""Adopted tables that hold no rows of their own: what they are in terms of the others, in Kusto's language.

Public queries read the older shapes: the shared table rather than the one of each log, the first connectors of a forge
rather than the present one. Rows are kept once, in the newer shape, and these give them in the older.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lockgate.tables import Table

_OF_RESOURCE = """
    | extend Parts = split(toupper(_ResourceId), "/")
    | extend ResourceId = toupper(_ResourceId), SubscriptionId = tostring(Parts[2]), ResourceGroup = tostring(Parts[4]),
        ResourceProvider = tostring(Parts[6]), ResourceType = tostring(Parts[7]), Resource = tostring(Parts[8]),
        Type = "AzureDiagnostics"
    | project-away Parts
"""
"""An Azure resource id is /subscriptions/S/resourceGroups/G/providers/P/T/N; the shared table has it in upper case."""
_EVENT = """
    | extend log_s = tostring(bag_pack(
        "kind", "Event", "apiVersion", "audit.k8s.io/v1", "level", Level, "auditID", AuditId, "stage", Stage,
        "requestURI", RequestUri, "verb", Verb, "user", User, "impersonatedUser", ImpersonatedUser_CF,
        "authenticationMetadata", AuthenticationMetadata_CF, "sourceIPs", SourceIps, "userAgent", UserAgent,
        "objectRef", ObjectRef, "responseStatus", ResponseStatus, "requestObject", RequestObject,
        "responseObject", ResponseObject, "requestReceivedTimestamp", RequestReceivedTime,
        "stageTimestamp", StageReceivedTime, "annotations", Annotations))
    | project-rename pod_s = PodName
    | project-keep TimeGenerated, Category, log_s, pod_s, TenantId, SourceSystem, _*
"""
"""The event as Kubernetes writes it; what it lacks is null there instead of absent."""
_VAULT = """AZKVAuditLogs
    | extend Claims = Identity.claim
    | project TimeGenerated, Category = "AuditEvent", OperationName, OperationVersion, ResultType, ResultSignature,
        ResultDescription, CorrelationId, CallerIPAddress = CallerIpAddress, DurationMs = tolong(DurationMs),
        id_s = Id, requestUri_s = RequestUri, clientInfo_s = ClientInfo, httpStatusCode_d = toreal(HttpStatusCode),
        identity_claim_oid_g = tostring(Claims.oid), identity_claim_appid_g = tostring(Claims.appid),
        identity_claim_upn_s = tostring(Claims.upn), identity_claim_ipaddr_s = tostring(Claims.ipaddr),
        identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s =
            tostring(Claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"]),
        identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g =
            tostring(Claims["http://schemas.microsoft.com/identity/claims/objectidentifier"]),
        tlsVersion_s = Tlsversion,
        isAccessPolicyMatch_b = IsAccessPolicyMatch, properties_s = tostring(Properties),
        properties_enabledForDeployment_b = EnabledForDeployment,
        properties_enabledForDiskEncryption_b = EnabledForDiskEncryption,
        properties_enabledForTemplateDeployment_b = EnabledForTemplateDeployment,
        properties_sku_Family_s = coalesce(tostring(Sku.family), tostring(Sku.Family)),
        properties_sku_Name_s = coalesce(tostring(Sku.name), tostring(Sku.Name)),
        TenantId, SourceSystem, _ResourceId, _SubscriptionId, _BilledSize, _IsBillable
"""
_CONTROL_PLANE = """AKSControlPlane
    | project TimeGenerated, Category, Level, log_s = Message, pod_s = PodName, stream_s = Stream,
        TenantId, SourceSystem, _ResourceId, _SubscriptionId, _BilledSize, _IsBillable
"""
_LOG = """ContainerLogV2
    | project TimeGenerated, Computer, ContainerID = ContainerId, LogEntry = tostring(LogMessage),
        LogEntrySource = LogSource, Name = strcat(tostring(KubernetesMetadata.podUid), "/", ContainerName),
        Image = tostring(KubernetesMetadata.image), ImageTag = tostring(KubernetesMetadata.imageTag),
        Repository = tostring(KubernetesMetadata.imageRepo), TimeOfCommand = TimeGenerated, Type = "ContainerLog",
        TenantId, SourceSystem, _ResourceId, _SubscriptionId, _BilledSize, _IsBillable
"""
_SECOND_CONNECTOR = """GitHubAuditLogsV3_CL
    | project-away Type
    | project-rename Type = ActivityType
"""
_FIRST_CONNECTOR = """GitHubAuditLogsV3_CL
    | project TimeGenerated, _document_id_s = DocumentId, created_at_d = CreatedAt,
        _timestamp_d = toreal(datetime_diff("millisecond", TimeGenerated, datetime(1970-01-01))),
        action_s = Action, operation_type_s = OperationType, actor_s = Actor, actor_id_d = ActorId,
        actor_ip_s = ActorIp, actor_is_bot_b = ActorIsBot, actor_location_country_code_s = CountryCode,
        user_agent_s = UserAgent, user_s = User, user_id_d = UserId, org_s = Org, org_id_d = OrgId,
        business_s = Business, business_id_d = BusinessId, repo_s = Repo, repo_id_d = RepoId,
        public_repo_b = PublicRepo, visibility_s = Visibility, permission_s = Permission,
        new_repo_permission_s = NewRepoPermission, old_repo_permission_s = OldRepoPermission,
        repository_selection_s = RepositorySelection, pull_request_id_d = PullRequestId,
        pull_request_title_s = PullRequestTitle, pull_request_url_s = PullRequestUrl,
        Type = "GitHubAuditLogPolling_CL", TenantId, _ResourceId
"""
_PARTS = {
    "AzureDiagnostics": (
        f'AKSAudit | extend Category = "kube-audit"{_EVENT}{_OF_RESOURCE}',
        f'AKSAuditAdmin | extend Category = "kube-audit-admin"{_EVENT}{_OF_RESOURCE}',
        _CONTROL_PLANE + _OF_RESOURCE,
        _VAULT + _OF_RESOURCE,
        'AzureDiagnosticsRecords_CL | extend Type = "AzureDiagnostics", clientIp_s = clientIP_s',
    ),
    "ContainerLog": (_LOG,),
    "GitHubAuditLogPolling_CL": (_FIRST_CONNECTOR,),
    "GitHubAuditLogsV2_CL": (_SECOND_CONNECTOR,),
}
FUNCTIONS = {
    "_GetWatchlist": """(watchlistAlias: string) {
        Watchlist
        | where _DTItemType == "watchlist-item" and WatchlistAlias == watchlistAlias
        | summarize arg_max(_DTTimestamp, _DTItemStatus, LastUpdatedTimeUTC, SearchKey, WatchlistItem) by _DTItemId
        | where _DTItemStatus != "Delete"
        | project _DTItemId, LastUpdatedTimeUTC, SearchKey, WatchlistItem
        | evaluate bag_unpack(WatchlistItem)
    }""",
    "_GetWatchlistAlias": """() {
        Watchlist
        | where _DTItemType == "watchlist"
        | summarize arg_max(_DTTimestamp, _DTItemStatus) by WatchlistAlias
        | where _DTItemStatus != "Delete"
        | project WatchlistAlias
    }""",
}
"""Functions that Sentinel has in every workspace: the items of a watch list as they stand, and the names of the lists.

https://learn.microsoft.com/azure/sentinel/watchlists-queries
"""


class Views(Mapping[str, str]):
    """The text of each view by its name. It gives the columns of the table it stands for, in their order."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables

    def __getitem__(self, name: str) -> str:
        parts = _PARTS[name]
        # A table without rows comes first: it says which columns there are, whatever the parts have of them.
        columns = ", ".join(f"['{column.name}']: {column.type}" for column in self._tables[name].columns)
        return "union\n" + ",\n".join(f"({part.strip()})" for part in (f"datatable({columns}) []", *parts))

    def __iter__(self) -> Iterator[str]:
        return iter(_PARTS)

    def __len__(self) -> int:
        return len(_PARTS)

    def __contains__(self, name: object) -> bool:
        return name in _PARTS
