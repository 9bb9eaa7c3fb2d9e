"""Alerts, incidents, and what a SIEM and Defender keep beside them."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "SecurityAlert": Declared(
        "One alert, of any product; our findings of runtime conditions have this shape too",
        """
            string AlertLink AlertName ConfidenceLevel Description DisplayName ProductComponentName ProductName
            string RemediationSteps Status VendorName WorkspaceResourceGroup WorkspaceSubscriptionId
            datetime EndTime StartTime
            string AlertSeverity: Informational, Low, Medium or High
            string AlertType: Id of the rule that raised it
            string CompromisedEntity: What is concerned first
            string Entities: JSON text: accounts, hosts, addresses, files and others that are concerned
            string ExtendedLinks ExtendedProperties: JSON text
            string ProviderName: Service that raised it
            string ResourceId: Azure resource id, in its own spelling
            string SourceComputerId: Id of the agent
            string SubTechniques: MITRE ATT&CK sub-techniques, text
            string SystemAlertId: Id of the alert, of this product
            string Tactics: MITRE ATT&CK tactics, text
            string Techniques: MITRE ATT&CK techniques, text
            string VendorOriginalId: Id of the alert, of the product that raised it
            datetime ProcessingEndTime: When the provider was done with it
            real ConfidenceScore: 0 to 1
            bool IsIncident: Whether it stands for an incident of its product
        """,
        omits="SourceSystem _ResourceId _SubscriptionId",
    ),
    "SecurityIncident": Declared(
        "One change of an incident; the newest row of a number is its state",
        """
            string ClassificationComment ClassificationReason Description IncidentName IncidentUrl ModifiedBy
            string ProviderName Title
            datetime ClosedTime CreatedTime FirstActivityTime FirstModifiedTime LastActivityTime LastModifiedTime
            dynamic AdditionalData BookmarkIds Comments Tasks
            int IncidentNumber
            string Classification: Undetermined, TruePositive, BenignPositive or FalsePositive
            string ProviderIncidentId: Id of the incident in the product that it comes from
            string Severity: Informational, Low, Medium or High
            string Status: New, Active or Closed
            dynamic AlertIds: SystemAlertId of its alerts
            dynamic Labels: List of the labels
            dynamic Owner: assignedTo, email, objectId, userPrincipalName
            dynamic RelatedAnalyticRuleIds: Rules that raised it
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "SecurityRecommendation": Declared(
        "One recommendation on the posture of a resource",
        """
            string Description DeviceId Environment ProviderName RecommendationDisplayName RecommendationId
            string RecommendationName RecommendationSeverity RecommendationState ResourceRegion
            datetime DiscoveredTimeUTC FirstEvaluationDate ResolvedTimeUTC StatusChangeDate
            dynamic Properties RecommendationAdditionalData
            string AssessedResourceId: Resource that was looked at
            string PolicyDefinitionId: Policy that the recommendation comes from
            bool IsSnapshot: Whether it is one of the regular copies of all, not a change
        """,
        omits="SourceSystem _ResourceId _SubscriptionId",
    ),
    "SecurityNestedRecommendation": Declared(
        "One part of a recommendation: a flaw of an image or machine",
        """
            string Category Cause Description Id Impact NestedRecommendationId RecommendationLink RecommendationName
            string RecommendationSeverity RecommendationState RecommendationSubscriptionId RemediationDescription
            string ResourceProviderType
            datetime SubAssessmentTimeGeneration
            dynamic AdditionalData
            string AssessedResourceId: Resource that was looked at
            string ParentRecommendationId: Recommendation that it belongs to
            string RemidiationDescription: The name of RemediationDescription as it was misspelt first
            string ResourceGroup: Resource group
            string VulnerabilityId: CVE, or the scanner's own id
            dynamic ResourceDetails: Source and id of the resource
            bool IsSnapshot: Whether it is one of the regular copies of all, not a change
        """,
    ),
    "ThreatIntelIndicators": Declared(
        "One indicator of a feed",
        """
            string Id Tags
            datetime Created Modified ValidFrom ValidUntil
            dynamic AdditionalFields Data
            bool IsActive IsDeleted
            string AzureTenantId: Entra tenant
            string LastUpdateMethod: What changed the row last
            string ObservableKey: What is observed, as ipv4-addr:value
            string ObservableValue: The value of it
            string Pattern: Pattern in the language of STIX
            string WorkspaceId: Workspace
            int Confidence: 0 to 100
            bool Revoked: Whether the feed took it back
        """,
    ),
    "ThreatIntelligenceIndicator": Declared(
        "One indicator of a feed, in the older shape",
        """
            string Action ActivityGroupNames AdditionalInformation Description DomainName EmailEncoding EmailLanguage
            string EmailRecipient EmailSenderAddress EmailSenderName EmailSourceDomain EmailSourceIpAddress
            string EmailSubject EmailXMailer ExternalIndicatorId FileHashType FileHashValue FileMutexName FileName
            string FilePacker FilePath FileType IndicatorId IndicatorProvider MalwareNames NetworkCidrBlock
            string NetworkDestinationCidrBlock NetworkDestinationIP NetworkIP NetworkSourceCidrBlock NetworkSourceIP
            string Tags ThreatType Url
            datetime ExpirationDateTime FileCompileDateTime FileCreatedDateTime
            int FileSize NetworkDestinationAsn NetworkDestinationPort NetworkPort NetworkProtocol NetworkSourceAsn
            int NetworkSourcePort
            real ConfidenceScore
            bool Active KillChainActions KillChainC2 KillChainDelivery KillChainExploitation KillChainReconnaissance
            bool KillChainWeaponization
            string DiamondModel: adversary, capability, infrastructure or victim
            string KnownFalsePositives: When the indicator is wrong
            string TrafficLightProtocolLevel: white, green, amber or red
            string UserAgent: User agent of the client, as it says of itself
            int ThreatSeverity: As the feed has it, higher is worse
            bool PassiveOnly: Whether it may raise nothing that people see
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "Watchlist": Declared(
        "One item of a watch list, as of a change",
        """
            string Notes Provider Source Tags WatchlistCategory WatchlistId WatchlistItemId WatchlistName
            datetime CreatedTimeUTC LastUpdatedTimeUTC TimeToLive
            dynamic CreatedBy UpdatedBy
            string _DTItemId: Id of the row
            string _DTItemStatus: Create, Update or Delete
            string _DTItemType: watchlist or watchlist-item
            string AzureTenantId: Entra tenant
            string CorrelationId: Joins rows of one operation
            string DefaultDuration: How long an item lasts
            string SearchKey: Value of the column that lookups go by
            string WatchlistAlias: Name that queries use
            datetime _DTTimestamp: When the row was written
            dynamic EntityMapping: Columns that stand for accounts, hosts and others
            dynamic WatchlistItem: The item: its columns and values
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "Anomalies": Declared(
        "One anomaly that a rule of the service found",
        """
            string AnomalyTemplateId AnomalyTemplateName AnomalyTemplateVersion Description DestinationDevice
            string DestinationIpAddress Id RuleConfigVersion RuleId RuleName RuleStatus SourceDevice SourceIpAddress
            string UserName VendorName
            datetime EndTime StartTime
            dynamic AnomalyDetails AnomalyReasons DestinationLocation ExtendedLinks ExtendedProperties SourceLocation
            real Score
            string Tactics: MITRE ATT&CK tactics, text
            string Techniques: MITRE ATT&CK techniques, text
            string UserPrincipalName: Sign-in name
            string WorkspaceId: Workspace
            dynamic ActivityInsights DeviceInsights UserInsights: What was unusual, by kind
            dynamic Entities: Accounts, hosts, addresses and others that are concerned
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "HuntingBookmark": Declared(
        "One bookmark of a hunter, as of a change",
        """
            string BookmarkId BookmarkName BookmarkType CreatedBy Notes QueryText Tags UpdatedBy
            datetime CreatedTime EventTime LastUpdatedTime QueryEndTime QueryStartTime
            string Entities: JSON text: accounts, hosts, addresses, files and others that are concerned
            string QueryResultRow: JSON text of the row
            bool SoftDeleted: Whether it was deleted
        """,
    ),
    "SentinelHealth": Declared(
        "One run or fault of a rule, connector or playbook",
        """
            string Description OperationName Reason RecordId SentinelResourceName SentinelResourceType Status
            dynamic ExtendedProperties
            string SentinelResourceId: Id of the rule, connector or playbook
            string SentinelResourceKind: Kind of that resource
            string WorkspaceId: Workspace
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "SentinelAudit": Declared(
        "One change of a rule or other resource of the SIEM",
        """
            string Description OperationName SentinelResourceName SentinelResourceType Status
            dynamic ExtendedProperties
            string CorrelationId: Joins rows of one operation
            string SentinelResourceId: Id of the rule, connector or playbook
            string SentinelResourceKind: Kind of that resource
            string WorkspaceId: Workspace
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "CloudProcessEvents": Declared(
        "One process that began in a container, from Defender",
        """
            string AccountName ActionType ContainerImageName ContainerName FileName FolderPath ParentProcessId
            string ParentProcessName ProcessCommandLine ProcessCurrentWorkingDirectory ProcessName
            datetime ProcessCreationTime
            string AdditionalFields: JSON text
            string AwsResourceName: Amazon resource name, when it is one
            string AzureResourceId: Azure resource, when it is one
            string ContainerId: Id that the container runtime gave the container
            string ExecutableDigest_CF: SHA-256 of the executable
            string GcpFullResourceName: Google resource name, when it is one
            string ImageDigest_CF: Digest of the image of the container
            string InitiatingProcessId: Process that started it
            string KubernetesNamespace: Namespace
            string KubernetesPodName: Pod
            string KubernetesResource: Path of the Kubernetes object
            dynamic Ancestors_CF: List of the processes above it, nearest first
            dynamic Capabilities_CF: List of the effective capabilities
            long LogonId: Session of the operating system
            long ProcessId: Number that the kernel gave the process
            bool InImage_CF: Whether the executable came with the image
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "CloudDnsEvents": Declared(
        "One DNS request of a container, from Defender; query logs of CoreDNS fit it",
        """
            string ActionType ContainerName DnsEventType DnsQuery DnsQueryTypeName DnsResponseCodeName ImageName
            string ProcessName
            dynamic AdditionalFields
            long ProcessId
            string AwsResourceName: Amazon resource name, when it is one
            string AzureResourceId: Azure resource, when it is one
            string ContainerId: Id that the container runtime gave the container
            string DnsEventSubType: Kind of the request or answer
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
