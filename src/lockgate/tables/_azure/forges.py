"""GitHub and Azure DevOps."""

from lockgate.tables._azure._declared import Declared

_GITHUB = """
    string AlertNumbers AllowedValues ApplicationClientId AuditLogStreamResult AuditLogStreamSink
    string AuditLogStreamSinkDetails AuthorizedActorNames BaseRole BlockedUser Branch Business CommitId CommitOid
    string Conclusion Config ConfigWas ContentType CustomPattern DefaultValue DeployKeyFingerprint Description
    string DomainName Email Emoji Enablement EnforcementLevel EnvironmentName Event Events EventsWere Explanation
    string ExternalIdentityUsername Fingerprint GhsaId HeadBranch Integration InviteeEmail IpAllowListEntry Issuer
    string IssueTypeName JobName Key MembershipType Message Name NewAccess NewPolicy NewProjectBaseRole
    string NewRepoPermission NewRepoRunnersPolicy OauthApplication OauthApplicationState OauthApplicationUrl OldAccess
    string OldDefaultValue OldDescription OldIssueTypeName OldPermission OldProjectBaseRole OldRepoPermission
    string OldRepoRunnersPolicy OldRolePermissions OldUser OldValuesEditableBy OpensshPublicKey OrganizationRoleName
    string Owner OwnerType Permission Policy PreviousVisibility PropertyName PullRequestTitle PullRequestUrl
    string QuerySuite Reason Recipient Ref Referrer RepositoriesRemoved RepositoriesRemovedNames RepositorySelection
    string RequestCategory RequestId RolePermissions RulesetBypassActors RulesetConditions RulesetConditionsUpdated
    string RulesetEnforcement RulesetName RulesetRules RulesetRulesDeleted RulesetSourceType RunnerGroupName
    string RunnerGroupSelectedWorkflowRefs RunnerLabels RunnerName RunnerOwnerType SecurityConfigurationCodeScanning
    string SecurityConfigurationDependabotAlerts SecurityConfigurationDependabotSecurityUpdates
    string SecurityConfigurationDependencyGraph SecurityConfigurationDependencyGraphAutosubmitAction
    string SecurityConfigurationDescription SecurityConfigurationName
    string SecurityConfigurationPrivateVulnerabilityReporting SecurityConfigurationSecretScanning
    string SecurityConfigurationSecretScanningDelegatedBypass SecurityConfigurationSecretScanningGenericSecrets
    string SecurityConfigurationSecretScanningNonProviderPatterns SecurityConfigurationSecretScanningPushProtection
    string SecurityConfigurationSecretScanningValidityChecks Source SsoUrl TargetLogin Team ThreatModel Topic
    string TwoFactorMethod User ValuesEditableBy ValueType Visibility
    string VulnerabilityAlertRuleActionsAlertActionsAutoDismiss VulnerabilityAlertRuleConditionsCwe
    string VulnerabilityAlertRuleConditionsEcosystem VulnerabilityAlertRuleConditionsScope VulnerabilityAlertRuleName
    datetime CompletedAt SecurityConfigurationCreatedAt SecurityConfigurationUpdatedAt StartedAt
    dynamic RepositorySecurityConfigurationFailureReason RepositorySecurityConfigurationState
    real ActorId AllowDeletionsEnforcementLevel AllowForcePushesEnforcementLevel AuditLogStreamId BusinessId
    real DefinitionId DismissalApproverId HookId InvitationId Limit LinearHistoryRequirementEnforcementLevel
    real LockBranchEnforcementLevel MergeQueueEnforcementLevel OauthApplicationId OldTokenExpiration
    real OrganizationRoleId ProjectId ProjectNumber PullRequestId PullRequestReviewsEnforcementLevel RepoId
    real RequiredApprovingReviewCount RequiredDeploymentsEnforcementLevel
    real RequiredReviewThreadResolutionEnforcementLevel RequiredStatusChecksEnforcementLevel RulesetId RuleSuiteId
    real RunAttempt RunnerGroupId RunnerId RunNumber SecurityConfigurationId SignatureRequirementEnforcementLevel
    real TokenExpiration TokenId TransportProtocol TriggerId VulnerabilityAlertRuleActionsVersion
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
    string After: Commit after the push
    string Before: Commit before the push
    string CountryCode: Country of the address
    string Data: What the action says beside the columns
    string DocumentId: Id of the event
    string ExternalIdentityNameid: Name id of the SAML identity
    string HashedToken: SHA-256 of the token, base 64
    string HeadSha: Commit that the workflow ran for
    string JobWorkflowRef: Reusable workflow that the job runs
    string OperationType: create, modify, remove, access, authentication, transfer or restore
    string Org: Organisation
    string OverriddenCodes: Rules that were bypassed
    string ProgrammaticAccessType: Kind of token; empty for a browser
    string Reasons: Why a push was let through or held back
    string Repo: Owner and name of the repository
    string RequestAccessSecurityHeader: Header of an enterprise that restricts access
    string SecretsPassed: Names of the secrets that the job could read
    string TransportProtocolName: http or ssh
    string UserAgent: User agent of the client, as it says of itself
    real CreatedAt: Unix milliseconds
    real OrgId: Id of the organisation
    real UserId: Number of the person or thing concerned
"""
_FILES = "https://github.com/Azure/Azure-Sentinel/blob/master"
TABLES = {
    "AzureDevOpsAuditing": Declared(
        "One event of the audit stream of Azure DevOps",
        """
            string ActivityId ActorDisplayName Category CategoryDisplayName Details Id IpAddress ProjectId ProjectName
            string ScopeDisplayName
            string ActorClientId: Id of the service that acts; noughts for a person
            string ActorCUID: Id of the actor across organisations
            string ActorUPN: Sign-in name of the person or service
            string ActorUserId: Id of the person; noughts for a service
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
            string ActivityId ActorDisplayName ActorImageUrl Area Category CategoryDisplayName Details Id IpAddress
            string ProjectId ProjectName ScopeDisplayName
            dynamic Data
            string ActionId: Action, as Git.RepositoryCreated; what OperationName is in AzureDevOpsAuditing
            string ActorClientId: Id of the service that acts; noughts for a person
            string ActorCUID: Id of the actor across organisations
            string ActorUPN: Sign-in name of the person or service
            string ActorUserId: Id of the person; noughts for a service
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
