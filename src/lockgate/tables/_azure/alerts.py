"""Alerts, incidents, and what a SIEM and Defender keep beside them."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "SecurityAlert": Declared(
        "One alert, of any product; our findings of runtime conditions have this shape too",
        """
            string AlertLink AlertName ConfidenceLevel Description DisplayName ProductComponentName ProductName
            string RemediationSteps SourceComputerId Status VendorName WorkspaceResourceGroup WorkspaceSubscriptionId
            datetime EndTime ProcessingEndTime StartTime
            string AlertSeverity: Informational, Low, Medium or High
            string AlertType: Id of the rule that raised it
            string CompromisedEntity: What is concerned first
            string Entities: JSON text: accounts, hosts, addresses, files and others that are concerned
            string ExtendedLinks ExtendedProperties: JSON text
            string ProviderName: Service that raised it
            string ResourceId: Azure resource id, in its own spelling
            string SubTechniques: MITRE ATT&CK sub-techniques, text
            string SystemAlertId: Id of the alert, of this product
            string Tactics: MITRE ATT&CK tactics, text
            string Techniques: MITRE ATT&CK techniques, text
            string VendorOriginalId: Id of the alert, of the product that raised it
            real ConfidenceScore: 0 to 1
            bool IsIncident: Whether it stands for an incident of its product
        """,
        omits="SourceSystem _ResourceId _SubscriptionId",
    ),
    "SecurityIncident": Declared(
        "One change of an incident; the newest row of a number is its state",
        """
            string ClassificationComment ClassificationReason Description IncidentName IncidentUrl ModifiedBy
            string ProviderIncidentId ProviderName Title
            datetime ClosedTime CreatedTime FirstActivityTime FirstModifiedTime LastActivityTime LastModifiedTime
            dynamic AdditionalData BookmarkIds Comments RelatedAnalyticRuleIds Tasks
            int IncidentNumber
            string Classification: Undetermined, TruePositive, BenignPositive or FalsePositive
            string Severity: Informational, Low, Medium or High
            string Status: New, Active or Closed
            dynamic AlertIds: SystemAlertId of its alerts
            dynamic Labels: JSON text of the labels
            dynamic Owner: assignedTo, email, objectId, userPrincipalName
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "SecurityRecommendation": Declared(
        "One recommendation on the posture of a resource",
        """
            string AssessedResourceId Description DeviceId Environment PolicyDefinitionId ProviderName
            string RecommendationDisplayName RecommendationId RecommendationName RecommendationSeverity
            string RecommendationState ResourceRegion
            datetime DiscoveredTimeUTC FirstEvaluationDate ResolvedTimeUTC StatusChangeDate
            dynamic Properties RecommendationAdditionalData
            bool IsSnapshot
        """,
        omits="SourceSystem _ResourceId _SubscriptionId",
    ),
    "SecurityNestedRecommendation": Declared(
        "One part of a recommendation: a flaw of an image or machine",
        """
            string AssessedResourceId Category Cause Description Id Impact NestedRecommendationId
            string ParentRecommendationId RecommendationLink RecommendationName RecommendationSeverity
            string RecommendationState RecommendationSubscriptionId RemediationDescription ResourceProviderType
            string VulnerabilityId
            datetime SubAssessmentTimeGeneration
            dynamic AdditionalData ResourceDetails
            bool IsSnapshot
            string RemidiationDescription: The name of RemediationDescription as it was misspelt first
            string ResourceGroup: Resource group
        """,
    ),
    "ThreatIntelIndicators": Declared(
        "One indicator of a feed",
        """
            string Id LastUpdateMethod ObservableKey ObservableValue Tags
            datetime Created Modified ValidFrom ValidUntil
            dynamic AdditionalFields Data
            bool IsActive IsDeleted Revoked
            string AzureTenantId: Entra tenant
            string Pattern: Pattern in the language of STIX
            string WorkspaceId: Workspace
            int Confidence: 0 to 100
        """,
    ),
    "ThreatIntelligenceIndicator": Declared(
        "One indicator of a feed, in the older shape",
        """
            string Action ActivityGroupNames AdditionalInformation Description DiamondModel DomainName EmailEncoding
            string EmailLanguage EmailRecipient EmailSenderAddress EmailSenderName EmailSourceDomain
            string EmailSourceIpAddress EmailSubject EmailXMailer ExternalIndicatorId FileHashType FileHashValue
            string FileMutexName FileName FilePacker FilePath FileType IndicatorId IndicatorProvider
            string KnownFalsePositives MalwareNames NetworkCidrBlock NetworkDestinationCidrBlock NetworkDestinationIP
            string NetworkIP NetworkSourceCidrBlock NetworkSourceIP Tags ThreatType TrafficLightProtocolLevel Url
            datetime ExpirationDateTime FileCompileDateTime FileCreatedDateTime
            int FileSize NetworkDestinationAsn NetworkDestinationPort NetworkPort NetworkProtocol NetworkSourceAsn
            int NetworkSourcePort ThreatSeverity
            real ConfidenceScore
            bool Active KillChainActions KillChainC2 KillChainDelivery KillChainExploitation KillChainReconnaissance
            bool KillChainWeaponization PassiveOnly
            string UserAgent: User agent of the client, as it says of itself
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "Watchlist": Declared(
        "One item of a watch list, as of a change",
        """
            string _DTItemId _DTItemStatus _DTItemType DefaultDuration Notes Provider SearchKey Source Tags
            string WatchlistAlias WatchlistCategory WatchlistId WatchlistItemId WatchlistName
            datetime _DTTimestamp CreatedTimeUTC LastUpdatedTimeUTC TimeToLive
            dynamic CreatedBy EntityMapping UpdatedBy WatchlistItem
            string AzureTenantId: Entra tenant
            string CorrelationId: Joins rows of one operation
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "Anomalies": Declared(
        "One anomaly that a rule of the service found",
        """
            string AnomalyTemplateId AnomalyTemplateName AnomalyTemplateVersion Description DestinationDevice
            string DestinationIpAddress Id RuleConfigVersion RuleId RuleName RuleStatus SourceDevice SourceIpAddress
            string UserName UserPrincipalName VendorName
            datetime EndTime StartTime
            dynamic ActivityInsights AnomalyDetails AnomalyReasons DestinationLocation DeviceInsights ExtendedLinks
            dynamic ExtendedProperties SourceLocation UserInsights
            real Score
            string Tactics: MITRE ATT&CK tactics, text
            string Techniques: MITRE ATT&CK techniques, text
            string WorkspaceId: Workspace
            dynamic Entities: JSON text: accounts, hosts, addresses, files and others that are concerned
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "HuntingBookmark": Declared(
        "One bookmark of a hunter, as of a change",
        """
            string BookmarkId BookmarkName BookmarkType CreatedBy Notes QueryText Tags UpdatedBy
            datetime CreatedTime EventTime LastUpdatedTime QueryEndTime QueryStartTime
            bool SoftDeleted
            string Entities: JSON text: accounts, hosts, addresses, files and others that are concerned
            string QueryResultRow: JSON text of the row
        """,
    ),
    "SentinelHealth": Declared(
        "One run or fault of a rule, connector or playbook",
        """
            string Description OperationName Reason RecordId SentinelResourceId SentinelResourceKind
            string SentinelResourceName SentinelResourceType Status
            dynamic ExtendedProperties
            string WorkspaceId: Workspace
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "SentinelAudit": Declared(
        "One change of a rule or other resource of the SIEM",
        """
            string Description OperationName SentinelResourceId SentinelResourceKind SentinelResourceName
            string SentinelResourceType Status
            dynamic ExtendedProperties
            string CorrelationId: Joins rows of one operation
            string WorkspaceId: Workspace
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "CloudProcessEvents": Declared(
        "One process that began in a container, from Defender",
        """
            string AccountName ActionType ContainerImageName ContainerName FileName FolderPath InitiatingProcessId
            string ParentProcessId ParentProcessName ProcessCommandLine ProcessCurrentWorkingDirectory ProcessName
            datetime ProcessCreationTime
            long LogonId
            string AdditionalFields: JSON text
            string AwsResourceName: Amazon resource name, when it is one
            string AzureResourceId: Azure resource, when it is one
            string ContainerId: Id that the container runtime gave the container
            string ExecutableDigest_CF: SHA-256 of the executable
            string GcpFullResourceName: Google resource name, when it is one
            string ImageDigest_CF: Digest of the image of the container
            string KubernetesNamespace: Namespace
            string KubernetesPodName: Pod
            string KubernetesResource: Path of the Kubernetes object
            dynamic Ancestors_CF: List of the processes above it, nearest first
            dynamic Capabilities_CF: List of the effective capabilities
            long ProcessId: Number that the kernel gave the process
            bool InImage_CF: Whether the executable came with the image
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "CloudDnsEvents": Declared(
        "One DNS request of a container, from Defender; query logs of CoreDNS fit it",
        """
            string ActionType ContainerName DnsEventSubType DnsEventType DnsQuery DnsQueryTypeName DnsResponseCodeName
            string ImageName ProcessName
            dynamic AdditionalFields
            long ProcessId
            string AwsResourceName: Amazon resource name, when it is one
            string AzureResourceId: Azure resource, when it is one
            string ContainerId: Id that the container runtime gave the container
            string GcpFullResourceName: Google resource name, when it is one
            string KubernetesNamespace: Namespace
            string KubernetesPodName: Pod
            string KubernetesResource: Path of the Kubernetes object
            string ReportId: Id of the event within a device
            string TransactionIdHex: Id in the packet, hexadecimal
            long DnsNetworkDuration: Time to the answer
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
}
