"""What OpenTelemetry tells of applications: logs, spans and their events."""

from lockgate.tables._azure._declared import Declared

_SERVICE = """
    string ClientBrowser ClientCity ClientCountryOrRegion ClientIP ClientModel ClientOS ClientStateOrProvince
    string ClientType EndUserId OperationName SDKVersion ServiceInstanceId ServiceName ServiceNamespace ServiceVersion
    string SessionId SyntheticSource UserAccountId UserId
    dynamic Attributes ResourceAttributes
    int DroppedAttributesCount
    string RoleName: Namespace and name of the service, with a dot between
    string SpanId TraceId: Hexadecimal; empty outside of a trace
    dynamic Measurements: Numbers of its own, by name
    int ItemCount: How many items a sampled row stands for
"""
TABLES = {
    "OTelLogs": Declared(
        "One log record of OpenTelemetry",
        _SERVICE
        + """string DeploymentEnvironmentName K8sContainerName K8sNamespaceName K8sPodName
            string ScopeName ScopeVersion
            string Body: The message; JSON text where it has parts
            string SeverityText: As the source calls it
            int SeverityLevel: 0 verbose, 1 information, 2 warning, 3 error, 4 critical
            int SeverityNumber: 1 to 24, as OpenTelemetry has it
        """,
        plans="Analytics, Basic",
    ),
    "OTelSpans": Declared(
        "One span of a trace of OpenTelemetry",
        _SERVICE
        + """string Name ParentSpanId ScopeName ScopeVersion Source StatusMessage TraceState
            dynamic Links
            int DroppedEventsCount DroppedLinksCount
            bool Success
            datetime EndTime
            real DurationMs: Milliseconds that it took
            string Data: What was called: an address, a statement
            string DependencyType: Kind of what was called: HTTP, the database, ...
            string EnrichedName: Unused here
            string Kind: Internal, Server, Client, Producer or Consumer
            string PerformanceBucket: Span of times that the duration falls into
            string ResourceAttributesId: Unused here; the attributes stand in the row
            string ResultCode: Status of HTTP or gRPC
            string StatusCode: Unset, Ok or Error
            string Target: Whom it called
        """,
        plans="Analytics, Basic",
    ),
    "OTelEvents": Declared(
        "One event of a span of OpenTelemetry",
        _SERVICE
        + """string ExceptionMessage ExceptionStackTrace ExceptionType Name
            string ExceptionProblem: Unused here
            string ReferencedItemId: Unused here
        """,
        plans="Analytics, Basic",
    ),
}
