"""GitHub and Azure DevOps."""

from lockgate.tables._azure._declared import Declared

_GITHUB = """
    string After AlertNumbers AllowedValues ApplicationClientId AuditLogStreamResult AuditLogStreamSink
    string AuditLogStreamSinkDetails AuthorizedActorNames BaseRole Before BlockedUser Branch Business CommitId
    string CommitOid Conclusion Config ConfigWas ContentType CountryCode CustomPattern DefaultValue
    string DeployKeyFingerprint Description DomainName Email Emoji Enablement EnforcementLevel EnvironmentName Event
    string Events EventsWere Explanation ExternalIdentityNameid ExternalIdentityUsername Fingerprint GhsaId HeadBranch
    string HeadSha Integration InviteeEmail IpAllowListEntry Issuer IssueTypeName JobName JobWorkflowRef Key
    string MembershipType Message Name NewAccess NewPolicy NewProjectBaseRole NewRepoPermission NewRepoRunnersPolicy
    string OauthApplication OauthApplicationState OauthApplicationUrl OldAccess OldDefaultValue OldDescription
    string OldIssueTypeName OldPermission OldProjectBaseRole OldRepoPermission OldRepoRunnersPolicy OldRolePermissions
    string OldUser OldValuesEditableBy OpensshPublicKey OperationType OrganizationRoleName OverriddenCodes Owner
    string OwnerType Permission Policy PreviousVisibility PropertyName PullRequestTitle PullRequestUrl QuerySuite
    string Reason Reasons Recipient Ref Referrer RepositoriesRemoved RepositoriesRemovedNames RepositorySelection
    string RequestAccessSecurityHeader RequestCategory RequestId RolePermissions RulesetBypassActors RulesetConditions
    string RulesetConditionsUpdated RulesetEnforcement RulesetName RulesetRules RulesetRulesDeleted RulesetSourceType
    string RunnerGroupName RunnerGroupSelectedWorkflowRefs RunnerLabels RunnerName RunnerOwnerType SecretsPassed
    string SecurityConfigurationCodeScanning SecurityConfigurationDependabotAlerts
    string SecurityConfigurationDependabotSecurityUpdates SecurityConfigurationDependencyGraph
    string SecurityConfigurationDependencyGraphAutosubmitAction SecurityConfigurationDescription
    string SecurityConfigurationName SecurityConfigurationPrivateVulnerabilityReporting
    string SecurityConfigurationSecretScanning SecurityConfigurationSecretScanningDelegatedBypass
    string SecurityConfigurationSecretScanningGenericSecrets SecurityConfigurationSecretScanningNonProviderPatterns
    string SecurityConfigurationSecretScanningPushProtection SecurityConfigurationSecretScanningValidityChecks Source
    string SsoUrl TargetLogin Team ThreatModel Topic TransportProtocolName TwoFactorMethod User ValuesEditableBy
    string ValueType Visibility VulnerabilityAlertRuleActionsAlertActionsAutoDismiss
    string VulnerabilityAlertRuleConditionsCwe VulnerabilityAlertRuleConditionsEcosystem
    string VulnerabilityAlertRuleConditionsScope VulnerabilityAlertRuleName
    datetime CompletedAt SecurityConfigurationCreatedAt SecurityConfigurationUpdatedAt StartedAt
    dynamic RepositorySecurityConfigurationFailureReason RepositorySecurityConfigurationState
    real ActorId AllowDeletionsEnforcementLevel AllowForcePushesEnforcementLevel AuditLogStreamId BusinessId
    real DefinitionId DismissalApproverId HookId InvitationId Limit LinearHistoryRequirementEnforcementLevel
    real LockBranchEnforcementLevel MergeQueueEnforcementLevel OauthApplicationId OldTokenExpiration
    real OrganizationRoleId OrgId ProjectId ProjectNumber PullRequestId PullRequestReviewsEnforcementLevel RepoId
    real RequiredApprovingReviewCount RequiredDeploymentsEnforcementLevel
    real RequiredReviewThreadResolutionEnforcementLevel RequiredStatusChecksEnforcementLevel RulesetId RuleSuiteId
    real RunAttempt RunnerGroupId RunnerId RunNumber SecurityConfigurationId SignatureRequirementEnforcementLevel
    real TokenExpiration TokenId TransportProtocol TriggerId UserId VulnerabilityAlertRuleActionsVersion
    real VulnerabilityAlertRuleId WorkflowId WorkflowRunId
    bool Active ActiveWas ActorIsBot AdminEnforced CanCreateRepositories CreateProtected DefaultForNewPrivateRepos
    bool DefaultForNewPublicRepos DismissStaleReviewsOnPush ExemptAdministrators IgnoreApprovalsFromContributors
    bool IsHostedRunner LimitedAvailability LockAllowsFetchAndMerge OldEnabled OldRequired PublicProject PublicRepo
    bool ReadOnly RequireCodeOwnerReview Required RequireLastPushApproval RunnerGroupAllowPublic
    bool RunnerGroupRestrictedToWorkflows SecurityConfigurationCodeSecuritySkuEnabled SecurityConfigurationEnableGhas
    bool SecurityConfigurationSecretProtectionSkuEnabled StrictRequiredStatusChecksPolicy UpdatedAllowedTypes
    bool UserCanInviteCollaborators
    string Action: Action, as repo.create
    string Actor: Who did it
    string ActorIp: Address of the actor
    string Data: What the action says beside the columns
    string DocumentId: Id of the event
    string HashedToken: SHA-256 of the token, base 64
    string Org: Organisation
    string ProgrammaticAccessType: Kind of token; empty for a browser
    string Repo: Owner and name of the repository
    string UserAgent: User agent of the client, as it says of itself
    real CreatedAt: Unix milliseconds
"""
_FILES = "https://github.com/Azure/Azure-Sentinel/blob/master"
TABLES = {
    "AzureDevOpsAuditing": Declared(
        "One event of the audit stream of Azure DevOps",
        """
            string ActivityId ActorClientId ActorDisplayName ActorUserId Category CategoryDisplayName Details Id
            string IpAddress ProjectId ProjectName ScopeDisplayName
            string ActorCUID: Id of the actor across organisations
            string ActorUPN: Sign-in name of the person or service
            string Area: Part of the product
            string AuthenticationMechanism: How the actor proved who it is
            string CorrelationId: Joins rows of one operation
            string OperationName: Action, as Git.RepositoryCreated
            string ScopeId: Organisation or enterprise
            string ScopeType: Organisation, enterprise or project
            string UserAgent: User agent of the client, as it says of itself
            dynamic Data: What the action says of itself
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "ADOAuditLogs_CL": Declared(
        "One event of the audit stream of Azure DevOps, as the codeless connector of Sentinel stores it",
        """
            string ActivityId ActorClientId ActorDisplayName ActorImageUrl ActorUserId Area Category
            string CategoryDisplayName Details Id IpAddress ProjectId ProjectName ScopeDisplayName
            dynamic Data
            string ActionId: Action, as Git.RepositoryCreated; what OperationName is in AzureDevOpsAuditing
            string ActorCUID: Id of the actor across organisations
            string ActorUPN: Sign-in name of the person or service
            string AuthenticationMechanism: How the actor proved who it is
            string CorrelationId: Joins rows of one operation
            string ScopeId: Organisation or enterprise
            string ScopeType: Organisation, enterprise or project
            string UserAgent: User agent of the client, as it says of itself
        """,
        source=f"{_FILES}/Solutions/AzureDevOpsAuditing/Data Connectors/"
        "AzureDevOpsAuditLogs_CCP/AzureDevOpsAuditLogs_Table.json",
    ),
    "GitHubAuditLogsV3_CL": Declared(
        "One event of the audit log of a GitHub organisation or enterprise",
        _GITHUB + "string ActivityType: Kind of activity",
        source=f"{_FILES}/Solutions/GitHub/Data Connectors/GitHubAuditLogs_CCF/GitHubAuditLogs_Table.json",
    ),
    "GitHubAuditLogsV2_CL": Declared(
        "The same in the shape of the second connector; a view of GitHubAuditLogsV3_CL",
        _GITHUB + "string Type: Kind of activity, not the name of the table",
        source="as GitHubAuditLogsV3_CL, with Type for ActivityType",
    ),
    "GitHubAuditLogPolling_CL": Declared(
        "The same in the shape of the first connector; a view of GitHubAuditLogsV3_CL",
        """
            string actor_ip_s actor_location_country_code_s business_s invitee_s inviter_s ManagementGroupName
            string new_repo_permission_s old_repo_base_role_s old_repo_permission_s operation_type_s org_s
            string permission_s pull_request_title_s pull_request_url_s repository_selection_s user_agent_s
            string user_programmatic_access_name_s user_s visibility_s
            real actor_id_d business_id_d org_id_d pull_request_id_d repo_id_d user_id_d
            bool actor_is_bot_b old_permissions_admin_b old_permissions_maintain_b old_permissions_pull_b
            bool old_permissions_push_b old_permissions_triage_b public_repo_b
            string _document_id_s: Id of the event
            string action_s: Action, as repo.create
            string actor_s: Who did it
            string Computer RawData: Unused
            string MG: Management group of Operations Manager
            string repo_s: Owner and name of the repository
            string SourceSytem: So misspelt in the source
            real _timestamp_d created_at_d: Unix milliseconds
        """,
        omits="SourceSystem _SubscriptionId _BilledSize _IsBillable",
        source=f"{_FILES}/.script/tests/KqlvalidationsTests/CustomTables/GitHubAuditLogPolling_CL.json",
    ),
}
