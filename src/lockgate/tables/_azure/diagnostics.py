"""AzureDiagnostics, the one table that many services shared."""

from lockgate.tables._azure._declared import Declared

_SHARED = """
    string action_id_s action_name_s action_s AdHocOrScheduledJob_s application_name_s attrs_s
    string avg_cpu_percent_s avg_mean_time_s backendHostname_s Caller_s callerId_s calls_s ccpNamespace_s
    string client_ip_s clientIP_s clientIp_s clientIpAddress_s Cloud_s code_s collectionName_s
    string conditions_destinationIP_s conditions_destinationPortRange_s conditions_None_s
    string conditions_protocols_s conditions_sourceIP_s conditions_sourcePortRange_s containerID_s
    string database_name_s database_principal_name_s DatabaseName_s db_id_s direction_s ElasticPoolName_s
    string Environment_s error_code_s error_message_s errorLevel_s event_class_s event_s event_subclass_s
    string EventName_s host_s httpMethod_s httpStatusCode_s httpVersion_s
    string identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g
    string identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s identity_claim_ipaddr_s
    string identity_claim_upn_s instanceId_s ip_s is_column_permission_s JobDurationInSecs_s JobFailureCode_s
    string jobId_s JobOperation_s JobOperationSubType_s JobStartDateTime_s JobStatus_s LogicalServerName_s
    string macAddress_s max_time_s mean_time_s Message min_time_s msg_s object_name_s OperationName
    string partitionKey_s policy_s policyMode_s primaryIPv4Address_s properties_s properties_sku_Family_s
    string properties_sku_Name_s query_hash_s query_plan_hash_s querytext_s Region_s requestCharge_s
    string requestQuery_s requestResourceId_s requestResourceType_s reserved_storage_mb_s Resource
    string resource_actionName_s resource_location_s resource_originRunId_s resource_resourceGroupName_s
    string resource_runId_s resource_triggerName_s resource_workflowName_s resultCode_s
    string resultDescription_ChildJobs_s resultDescription_ErrorJobs_s resultMessage_s rootCauseAnalysis_s
    string routingRuleName_s ruleName_s RunbookName_s RunOn_s schema_name_s server_principal_sid_s
    string UnderlayName_s
    datetime endTime_t event_time_t executionInfo_endTime_t executionInfo_startTime_t
    real audit_schema_version_d clientPort_d count_executions_d cpu_time_d dop_d duration_d
    real duration_milliseconds_d execution_type_d executionInfo_exitCode_d httpStatus_d httpStatusCode_d
    real interval_end_time_d interval_start_time_d log_bytes_used_d logical_io_reads_d logical_io_writes_d
    real matchedConnections_d max_cpu_time_d max_dop_d max_duration_d max_log_bytes_used_d
    real max_logical_io_reads_d max_logical_io_writes_d max_num_physical_io_reads_d max_physical_io_reads_d
    real max_query_max_used_memory_d max_rowcount_d num_physical_io_reads_d object_id_d physical_io_reads_d
    real plan_id_d priority_d query_id_d query_max_used_memory_d query_time_d receivedBytes_d response_rows_d
    real rowcount_d sentBytes_d sequence_number_d session_id_d
    bool isAccessPolicyMatch_b properties_enabledForDeployment_b properties_enabledForDiskEncryption_b
    bool properties_enabledForTemplateDeployment_b
    guid ActivityId_g JobId_g JobUniqueId_g properties_tenantId_g resource_subscriptionId_g
    guid resource_workflowId_g sequence_group_id_g
    string CallerIPAddress: Address of the caller
    string Category: Log that the row is of: kube-audit, AuditEvent, ...
    string clientInfo_s: Of vaults: user agent of the client
    string CorrelationId: Joins rows of one operation
    string id_s: Of vaults: address of the object asked for
    string identity_claim_appid_g: Of vaults: application of the caller, as text
    string identity_claim_oid_g: Of vaults: object id of the caller, as text
    string Level: Weight of the row
    string log_s: Of clusters: the audit event or the log line; JSON text for an event
    string OperationVersion: Version of the operation's interface
    string pod_s: Of clusters: the pod that wrote it
    string requestUri_s: Of vaults: address that was asked
    string ResourceGroup: Resource group
    string ResourceId: Azure resource id, upper case
    string ResourceProvider: Provider, upper case: MICROSOFT.KEYVAULT, ...
    string ResourceType: Kind of resource, upper case: MANAGEDCLUSTERS, VAULTS, ...
    string ResultDescription: Why it came out so
    string ResultSignature: Status of the operation in more detail
    string ResultType: Outcome of the operation
    string stream_s: Of clusters: stdout or stderr
    string SubscriptionId: Subscription
    string tlsVersion_s: Of vaults: version of TLS
    dynamic AdditionalFields: What is beyond the 500 columns of the service
    long DurationMs: Milliseconds that it took
"""
TABLES = {
    "AzureDiagnostics": Declared(
        "One row of a diagnostic setting that writes to the shared table; a view of the tables of clusters and vaults",
        _SHARED,
    ),
    "AzureDiagnosticsRecords_CL": Declared(
        "Rows of AzureDiagnostics of services that have no table of their own here",
        _SHARED.replace(" clientIp_s ", " "),  # which differs by case alone from clientIP_s; the view gives both
    ),
}
