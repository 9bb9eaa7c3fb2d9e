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
            string ActivityStatusValue ActivitySubstatusValue OperationNameValue Resource ResourceProviderValue
            datetime EventSubmissionTimestamp
            string ActivityStatus ActivitySubstatus: Older text for people; the column with Value is the one to ask
            string Category OperationName: Older text for people; the column with Value is the one to ask
            string ResourceProvider: Older text for people; the column with Value is the one to ask
            string Authorization Claims Properties: JSON text; the column with _d holds the value
            string Caller: Sign-in name or object id
            string CallerIpAddress: Address of the caller
            string CategoryValue: Administrative, Policy, Security, ServiceHealth, ...
            string CorrelationId: Joins rows of one operation
            string EventDataId: Id of the event
            string Hierarchy: Management groups above the subscription
            string HTTPRequest: JSON text: client, method, address
            string Level: Weight of the row
            string OperationId: Trace that it belongs to
            string ResourceGroup: Resource group
            string ResourceId: Azure resource id, in its own spelling
            string SubscriptionId: Subscription
            dynamic Authorization_d: action, scope and role of the assignment that allowed it
            dynamic Claims_d: Claims of the caller's token
            dynamic Properties_d: What the provider says of the operation
        """,
    ),
    "AzureMetrics": Declared(
        "One minute of a platform metric of a resource",
        """
            string Category Confidence Description FirstReportedDateTime IndicatorThreatType IsActive
            string LastReportedDateTime MaliciousIP MetricName OperationName RemoteIPCountry Resource TLPLevel
            string UnitName
            int Severity
            real Average Count Maximum Minimum RemoteIPLatitude RemoteIPLongitude Total
            string CallerIpAddress: Address of the caller
            string CorrelationId: Joins rows of one operation
            string OperationVersion: Version of the operation's interface
            string ResourceGroup: Resource group
            string ResourceId: Azure resource id, in its own spelling
            string ResourceProvider: Namespace of the resource provider
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Outcome of the operation
            string SubscriptionId: Subscription
            string TimeGrain: Span of one value, ISO 8601
            long DurationMs: Milliseconds that it took
        """,
    ),
    "Operation": Declared(
        "One notice of the workspace about its own data",
        """
            string Detail ErrorId HelpLink ManagementGroupName OperationCategory OperationKey OperationStatus Solution
            string SourceComputerId
            string Computer: Machine or node that the row comes from
            string CorrelationId: Joins rows of one operation
        """,
    ),
    "Usage": Declared(
        "Volume of one table in one span, as it is billed",
        """
            string DataType LinkedMeterId LinkedResourceUri MeterId Plan QuantityUnit ResourceUri Solution
            datetime EndTime StartTime
            long BatchesCapped BatchesOutsideSla BatchesWithinSla TotalBatches
            real AvgLatencyInSeconds
            bool IsBillable
            string Computer: Machine or node that the row comes from
            real Quantity: Volume, in QuantityUnit
        """,
        omits="_ResourceId _SubscriptionId",
    ),
}
