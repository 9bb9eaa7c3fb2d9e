"""Entra ID: sign-ins, changes, people."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "SigninLogs": Declared(
        "One sign-in of a person with a browser or app",
        """
            string AlternateSignInName AppDisplayName AuthenticationAppDeviceDetails
            string AuthenticationAppPolicyEvaluationDetails AuthenticationContextClassReferences
            string AuthenticationMethodsUsed AuthenticationProtocol AuthenticatorAppLocation ClientCredentialType
            string ConditionalAccessAudiences GlobalSecureAccessIpAddress HomeTenantName Id
            string IPAddressFromResourceProvider OperationName OriginalRequestId OriginalTransferMethod Resource
            string ResourceDisplayName ResourceIdentity ResourceServicePrincipalId ServicePrincipalName SessionId
            string SignInIdentifier SignInIdentifierType SourceAppClientId TokenIssuerName TokenIssuerType
            string UserDisplayName UserId UserPrincipalName UserType
            datetime CreatedDateTime
            dynamic Agent AppliedEventListeners TokenProtectionStatusDetails
            bool FlaggedForReview IsInteractive IsRisky IsTenantRestricted IsThroughGlobalSecureAccess
            string AADTenantId: Entra tenant
            string AppId: Id of the application that signed in or was signed in to
            string AppliedConditionalAccessPolicies: Older text of ConditionalAccessPolicies
            string AppOwnerTenantId: Tenant that owns the application
            string AuthenticationDetails AuthenticationProcessingDetails AuthenticationRequirementPolicies: JSON text
            string SessionLifetimePolicies: JSON text
            string AuthenticationRequirement: singleFactorAuthentication or multiFactorAuthentication
            string AutonomousSystemNumber: Network that the address belongs to
            string Category: SignInLogs
            string ClientAppUsed: Browser, mobile app or an older protocol
            string ConditionalAccessStatus: success, failure, notApplied or unknownFutureValue
            string CorrelationId: Joins rows of one operation
            string CrossTenantAccessType: none, b2bCollaboration, b2bDirectConnect, serviceProvider, ...
            string FederatedCredentialId: Id of the federated credential that was used; empty for none
            string HomeTenantId: Tenant that the user belongs to
            string Identity: Display name of the person
            string IncomingTokenType: Kind of token that was shown to get this one
            string IPAddress: Address that the request came from
            string Level: Weight of the row
            string Location: Two letters of the country, or the region
            string NetworkLocationDetails: Named locations that the address is in, JSON text where it is a string
            string OperationVersion: Version of the operation's interface
            string ProcessingTimeInMilliseconds: Milliseconds, as text
            string ResourceGroup: Resource group
            string ResourceId: Azure resource id, in its own spelling
            string ResourceOwnerTenantId: Tenant that owns the resource
            string ResourceProvider: Namespace of the resource provider
            string ResourceTenantId: Tenant of the resource that was asked for
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Code of the outcome, text; 0 is success
            string RiskDetail: Why the risk is in its state
            string RiskEventTypes RiskEventTypes_V2: Detections of risk, JSON text
            string RiskLevel RiskLevelAggregated RiskLevelDuringSignIn: none, low, medium, high or hidden
            string RiskState: none, confirmedSafe, remediated, dismissed, atRisk or confirmedCompromised
            string ServicePrincipalId: Object id of the service principal
            string UniqueTokenIdentifier: Id of the token that was issued, which services log too
            string UserAgent: User agent of the client, as it says of itself
            dynamic ConditionalAccessPolicies: Policies that were looked at, and what each demanded
            dynamic DeviceDetail: Id, operating system, browser, compliance and trust of the device
            dynamic LocationDetails: City, state, country and coordinates
            dynamic MfaDetail: How the second factor was given
            dynamic Status: errorCode, failureReason, additionalDetails
            long DurationMs: Milliseconds that it took
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "AADNonInteractiveUserSignInLogs": Declared(
        "One sign-in that a client did for a person",
        """
            string Agent AlternateSignInName AppDisplayName AuthenticationContextClassReferences AuthenticationDetails
            string AuthenticationMethodsUsed AuthenticationProcessingDetails AuthenticationProtocol
            string AuthenticationRequirement AuthenticationRequirementPolicies AuthenticatorAppLocation Category
            string ClientAppUsed ClientCredentialType ClientSessionId ConditionalAccessAudiences CrossTenantAccessType
            string GlobalSecureAccessIpAddress HomeTenantName Id Identity IncomingTokenType OperationName
            string OriginalRequestId OriginalTransferMethod ProcessingTimeInMs ResourceDisplayName ResourceIdentity
            string ResourceServicePrincipalId SessionId SessionLifetimePolicies SignInEventTypes SignInIdentifierType
            string TokenIssuerName TokenIssuerType UserDisplayName UserId UserPrincipalName UserType
            datetime CreatedDateTime
            dynamic AppliedEventListeners
            bool IsInteractive IsRisky IsTenantRestricted IsThroughGlobalSecureAccess
            string AADTenantId: Entra tenant
            string AppId: Id of the application that signed in or was signed in to
            string AppOwnerTenantId: Tenant that owns the application
            string AutonomousSystemNumber: Network that the address belongs to
            string ConditionalAccessPolicies DeviceDetail: JSON text of what is an object in SigninLogs
            string LocationDetails MfaDetail Status: JSON text of what is an object in SigninLogs
            string TokenProtectionStatusDetails: JSON text of what is an object in SigninLogs
            string ConditionalAccessStatus: success, failure, notApplied or unknownFutureValue
            string CorrelationId: Joins rows of one operation
            string FederatedCredentialId: Id of the federated credential that was used; empty for none
            string HomeTenantId: Tenant that the user belongs to
            string IPAddress: Address that the request came from
            string Level: Weight of the row
            string Location: Two letters of the country, or the region
            string NetworkLocationDetails: Named locations that the address is in, JSON text where it is a string
            string OperationVersion: Version of the operation's interface
            string ResourceGroup: Resource group
            string ResourceOwnerTenantId: Tenant that owns the resource
            string ResourceTenantId: Tenant of the resource that was asked for
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Outcome of the operation
            string RiskDetail: Why the risk is in its state
            string RiskEventTypes RiskEventTypes_V2: Detections of risk, JSON text
            string RiskLevelAggregated RiskLevelDuringSignIn: none, low, medium, high or hidden
            string RiskState: none, confirmedSafe, remediated, dismissed, atRisk or confirmedCompromised
            string ServicePrincipalId: Object id of the service principal
            string UniqueTokenIdentifier: Id of the token that was issued, which services log too
            string UserAgent: User agent of the client, as it says of itself
            long DurationMs: Milliseconds that it took
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "AADServicePrincipalSignInLogs": Declared(
        "One sign-in of a workload: a secret, certificate or federated credential",
        """
            string AuthenticationContextClassReferences AuthenticationProcessingDetails Category ClientCredentialType
            string ConditionalAccessAudiences Id Identity OperationName ResourceDisplayName ResourceIdentity
            string ResourceServicePrincipalId ServicePrincipalName SessionId
            datetime CreatedDateTime
            string AADTenantId: Entra tenant
            string Agent ConditionalAccessPolicies LocationDetails: JSON text of what is an object in SigninLogs
            string AppId: Id of the application that signed in or was signed in to
            string AppOwnerTenantId: Tenant that owns the application
            string AutonomousSystemNumber: Network that the address belongs to
            string ConditionalAccessStatus: success, failure, notApplied or unknownFutureValue
            string CorrelationId: Joins rows of one operation
            string FederatedCredentialId: Id of the federated credential that was used; empty for none
            string IPAddress: Address that the request came from
            string Level: Weight of the row
            string Location: Two letters of the country, or the region
            string NetworkLocationDetails: Named locations that the address is in, JSON text where it is a string
            string OperationVersion: Version of the operation's interface
            string ResourceGroup: Resource group
            string ResourceOwnerTenantId: Tenant that owns the resource
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Outcome of the operation
            string ServicePrincipalCredentialKeyId: Id of the key or certificate that it proved itself with
            string ServicePrincipalCredentialThumbprint: Thumbprint of the certificate that it proved itself with
            string ServicePrincipalId: Object id of the service principal
            string UniqueTokenIdentifier: Id of the token that was issued, which services log too
            string UserAgent: User agent of the client, as it says of itself
            long DurationMs: Milliseconds that it took
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "AADManagedIdentitySignInLogs": Declared(
        "One sign-in of a managed identity",
        """
            string AuthenticationContextClassReferences AuthenticationProcessingDetails Category ClientCredentialType
            string ConditionalAccessAudiences Id Identity ManagedServiceIdentity OperationName ResourceDisplayName
            string ResourceIdentity ResourceServicePrincipalId ServicePrincipalName SessionId SourceAppClientId
            datetime CreatedDateTime
            string AADTenantId: Entra tenant
            string Agent ConditionalAccessPolicies LocationDetails: JSON text of what is an object in SigninLogs
            string AppId: Id of the application that signed in or was signed in to
            string AppOwnerTenantId: Tenant that owns the application
            string ConditionalAccessStatus: success, failure, notApplied or unknownFutureValue
            string CorrelationId: Joins rows of one operation
            string FederatedCredentialId: Id of the federated credential that was used; empty for none
            string IPAddress: Address that the request came from
            string Level: Weight of the row
            string Location: Two letters of the country, or the region
            string NetworkLocationDetails: Named locations that the address is in, JSON text where it is a string
            string OperationVersion: Version of the operation's interface
            string ResourceGroup: Resource group
            string ResourceOwnerTenantId: Tenant that owns the resource
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Outcome of the operation
            string ServicePrincipalCredentialKeyId: Id of the key or certificate that it proved itself with
            string ServicePrincipalCredentialThumbprint: Thumbprint of the certificate that it proved itself with
            string ServicePrincipalId: Object id of the service principal
            string UniqueTokenIdentifier: Id of the token that was issued, which services log too
            string UserAgent: User agent of the client, as it says of itself
            long DurationMs: Milliseconds that it took
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "AuditLogs": Declared(
        "One change of the directory",
        """
            string ActivityDisplayName Category Id Identity OperationName Resource ResultReason
            datetime ActivityDateTime
            string AADOperationType: Add, Update, Delete or Other
            string AADTenantId: Entra tenant
            string CorrelationId: Joins rows of one operation
            string Level: Weight of the row
            string Location: Two letters of the country, or the region
            string LoggedByService: Service of the directory
            string OperationVersion: Version of the operation's interface
            string ResourceGroup: Resource group
            string ResourceId: Azure resource id, in its own spelling
            string ResourceProvider: Namespace of the resource provider
            string Result: success, failure or timeout
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Outcome of the operation
            dynamic AdditionalDetails: List of key and value
            dynamic InitiatedBy: user or app that did it
            dynamic TargetResources: List of what was changed, each with its modifiedProperties
            long DurationMs: Milliseconds that it took
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "IdentityInfo": Declared(
        "One person or service of the directory, as of a change",
        """
            string AccountCloudSID AccountDisplayName AccountDomain AccountName AccountObjectId AccountSID
            string AccountTenantId AccountUPN Applications ChangeSource City CompanyName Country Department EmployeeId
            string GivenName JobTitle MailAddress Manager OnPremisesDistinguishedName OnPremisesExtensionAttributes
            string Phone RiskLevelDetails SAMAccountName State StreetAddress Surname Tags UACFlags UserState UserType
            datetime AccountCreationTime DeletedDateTime LastSeenDate UserStateChangedOn
            dynamic AdditionalMailAddresses AssignedRoles EntityRiskScore ExtensionProperty GroupMembership
            dynamic RelatedAccounts ServicePrincipals UserAccountControl
            int InvestigationPriority InvestigationPriorityPercentile
            bool IsAccountEnabled IsMFARegistered IsServiceAccount
            string BlastRadius: How far an attacker gets with the account: Low, Medium, High
            string RiskLevel: none, low, medium, high or hidden
            string RiskState: none, confirmedSafe, remediated, dismissed, atRisk or confirmedCompromised
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "BehaviorAnalytics": Declared(
        "One activity and how unusual it is for those concerned",
        """
            string ActionType ActivityType ActorName ActorPrincipalName DestinationDevice DestinationIPAddress
            string DestinationIPLocation Device EventProductVersion EventSource EventVendor NativeTableName
            string SourceDevice SourceIPAddress SourceIPLocation SourceRecordId TargetName TargetPrincipalName
            string UserName UserPrincipalName
            datetime TimeProcessed
            dynamic ActivityInsights DevicesInsights UsersInsights
            int InvestigationPriority
        """,
    ),
}
