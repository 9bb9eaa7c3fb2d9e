"""The control planes: of clusters, of the cloud, and of the workspace itself."""

from lockgate.tables._azure._declared import Declared

_AKSAUDIT = """
    string Verb
    string AuditId: Id that all stages of one request share
    string Level: Metadata, Request or RequestResponse
    string PodName: API server that wrote it
    string RequestUri: Path and query as they were sent
    string Stage: RequestReceived, ResponseStarted, ResponseComplete or Panic
    string UserAgent: User agent of the client, as it says of itself
    datetime RequestReceivedTime StageReceivedTime: When the request, and this stage of it, came
    dynamic Annotations: Notes of admission and authorization
    dynamic AuthenticationMetadata_CF: authenticationMetadata of the event, which the service drops
    dynamic ImpersonatedUser_CF: impersonatedUser of the event, which the service drops
    dynamic ObjectRef: resource, namespace, name, uid, apiGroup, apiVersion, resourceVersion, subresource
    dynamic RequestObject ResponseObject: The object, or skipped-too-big-size-object, of which nothing can be judged
    dynamic ResponseStatus: Status of the answer, without its details
    dynamic SourceIps: The client's address, then those of proxies
    dynamic User: username, uid, groups, extra
"""
TABLES = {
    "AKSAudit": Declared(
        "One event of the API server's audit log",
        _AKSAUDIT,
        plans="Analytics, Basic",
    ),
    "AKSAuditAdmin": Declared(
        "One event of the API server's audit log, get and list left out",
        _AKSAUDIT,
        plans="Analytics, Basic",
    ),
    "AKSControlPlane": Declared(
        "One log line of a part of the control plane",
        """
            string Message
            string Category: kube-apiserver, kube-controller-manager, kube-scheduler, cluster-autoscaler, guard, ...
            string Level: Weight of the row
            string PodName: Pod that wrote it
            string Stream: stdout or stderr
        """,
        plans="Analytics, Basic",
    ),
    "CloudAuditEvents": Declared(
        "One event of a cloud's or cluster's audit log, from Defender",
        """
            string ActionType City CloudResourceId CountryCode Isp OperationName
            dynamic AdditionalFields
            bool IsAnonymousProxy
            string DataSource: Log that it comes from
            string IPAddress: Address that the request came from
            string ReportId: Id of the event within a device
            string UserAgent: User agent of the client, as it says of itself
            dynamic RawEventData: The event as it came
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "AzureActivity": Declared(
        "One operation on the control plane of a subscription",
        """
            string Resource
            string ActivityStatus ActivitySubstatus: Older text for people; the column with Value is the one to ask
            string Category OperationName: Older text for people; the column with Value is the one to ask
            string ResourceProvider: Older text for people; the column with Value is the one to ask
            string ActivityStatusValue: Start, Accept, Success, Failure
            string ActivitySubstatusValue: Mostly the status of the answer
            string Authorization Claims Properties: JSON text; the column with _d holds the value
            string Caller: Sign-in name or object id
            string CallerIpAddress: Address of the caller
            string CategoryValue: Administrative, Policy, Security, ServiceHealth, ...
            string CorrelationId: Joins rows of one operation
            string EventDataId: Id of the event
            string Hierarchy: Management groups above the subscription
            string HTTPRequest: JSON text: client, method, address
            string Level: Weight of the row
            string OperationId: Id that the events of one operation share
            string OperationNameValue: Operation, as MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE
            string ResourceGroup: Resource group
            string ResourceId: Azure resource id, in its own spelling
            string ResourceProviderValue: Namespace of the provider, upper case
            string SubscriptionId: Subscription
            datetime EventSubmissionTimestamp: When the event could be read first
            dynamic Authorization_d: action, scope and role of the assignment that allowed it
            dynamic Claims_d: Claims of the caller's token
            dynamic Properties_d: What the provider says of the operation
        """,
    ),
    "AzureMetrics": Declared(
        "One minute of a platform metric of a resource",
        """
            string Category Confidence Description FirstReportedDateTime IsActive LastReportedDateTime MetricName
            string OperationName Resource UnitName
            int Severity
            real RemoteIPLatitude RemoteIPLongitude
            string CallerIpAddress: Address of the caller
            string CorrelationId: Joins rows of one operation
            string IndicatorThreatType: Kind of threat, as the feed has it
            string MaliciousIP: Address of the row that a feed names
            string OperationVersion: Version of the operation's interface
            string RemoteIPCountry: Country of the address that reached the service
            string ResourceGroup: Resource group
            string ResourceId: Azure resource id, in its own spelling
            string ResourceProvider: Namespace of the resource provider
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Outcome of the operation
            string SubscriptionId: Subscription
            string TimeGrain: Span of one value, ISO 8601
            string TLPLevel: white, green, amber or red
            long DurationMs: Milliseconds that it took
            real Average Count Maximum Minimum Total: Of the values in the span
        """,
    ),
    "Operation": Declared(
        "One notice of the workspace about its own data",
        """
            string Detail ErrorId HelpLink ManagementGroupName OperationCategory OperationKey OperationStatus
            string Computer: Machine or node that the row comes from
            string CorrelationId: Joins rows of one operation
            string Solution: Solution that the rows belong to
            string SourceComputerId: Id of the agent
        """,
    ),
    "Usage": Declared(
        "Volume of one table in one span, as it is billed",
        """
            string MeterId Plan ResourceUri
            datetime EndTime StartTime
            real AvgLatencyInSeconds
            bool IsBillable
            string Computer: Machine or node that the row comes from
            string DataType: Table
            string LinkedMeterId LinkedResourceUri: Used by billing alone
            string QuantityUnit: Unit of Quantity: MBytes
            string Solution: Solution that the rows belong to
            long BatchesCapped BatchesOutsideSla BatchesWithinSla TotalBatches: Unused
            real Quantity: Volume, in QuantityUnit
        """,
        omits="_ResourceId _SubscriptionId",
    ),
}
