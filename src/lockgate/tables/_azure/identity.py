"""Entra ID: sign-ins, changes, people."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "SigninLogs": Declared(
        "One sign-in of a person with a browser or app",
        """
            string HomeTenantName Id OperationName Resource ServicePrincipalName UserDisplayName
            dynamic Agent
            bool IsInteractive IsRisky
            string AADTenantId: Entra tenant
            string AlternateSignInName: Other name that was typed, as an address or number
            string AppDisplayName: Name of the application
            string AppId: Id of the application that signed in or was signed in to
            string AppliedConditionalAccessPolicies: Older text of ConditionalAccessPolicies
            string AppOwnerTenantId: Tenant that owns the application
            string AuthenticationAppDeviceDetails: Device that the authenticator app runs on, JSON text
            string AuthenticationAppPolicyEvaluationDetails: Policies for the authenticator app, JSON text
            string AuthenticationContextClassReferences: JSON text: contexts that a policy demanded
            string AuthenticationDetails AuthenticationProcessingDetails AuthenticationRequirementPolicies: JSON text
            string SessionLifetimePolicies: JSON text
            string AuthenticationMethodsUsed: Methods that were used
            string AuthenticationProtocol: OAuth2, SAML, WS-Fed, device code, ROPC, ...
            string AuthenticationRequirement: singleFactorAuthentication or multiFactorAuthentication
            string AuthenticatorAppLocation: Where the authenticator app was, JSON text
            string AutonomousSystemNumber: Network that the address belongs to
            string Category: SignInLogs
            string ClientAppUsed: Browser, mobile app or an older protocol
            string ClientCredentialType: How the client proved itself: none, secret, assertion, certificate, ...
            string ConditionalAccessAudiences: Resources whose policies counted, JSON text
            string ConditionalAccessStatus: success, failure, notApplied or unknownFutureValue
            string CorrelationId: Joins rows of one operation
            string CrossTenantAccessType: none, b2bCollaboration, b2bDirectConnect, serviceProvider, ...
            string FederatedCredentialId: Id of the federated credential that was used; empty for none
            string GlobalSecureAccessIpAddress: Address of the secure access service that it came through
            string HomeTenantId: Tenant that the user belongs to
            string Identity: Display name of the person
            string IncomingTokenType: Kind of token that was shown to get this one
            string IPAddress: Address that the request came from
            string IPAddressFromResourceProvider: Address that the resource saw
            string Level: Weight of the row
            string Location: Two letters of the country, or the region
            string NetworkLocationDetails: Named locations that the address is in, JSON text where it is a string
            string OperationVersion: Version of the operation's interface
            string OriginalRequestId: Id of the first request of the sign-in
            string OriginalTransferMethod: How a sign-in moved between devices, as deviceCodeFlow
            string ProcessingTimeInMilliseconds: Milliseconds, as text
            string ResourceDisplayName: Name of what the token is for
            string ResourceGroup: Resource group
            string ResourceId: Azure resource id, in its own spelling
            string ResourceIdentity: Application id of what the token is for
            string ResourceOwnerTenantId: Tenant that owns the resource
            string ResourceProvider: Namespace of the resource provider
            string ResourceServicePrincipalId: Service principal of what the token is for
            string ResourceTenantId: Tenant of the resource that was asked for
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Code of the outcome, text; 0 is success
            string RiskDetail: Why the risk is in its state
            string RiskEventTypes RiskEventTypes_V2: Detections of risk, JSON text
            string RiskLevel RiskLevelAggregated RiskLevelDuringSignIn: none, low, medium, high or hidden
            string RiskState: none, confirmedSafe, remediated, dismissed, atRisk or confirmedCompromised
            string ServicePrincipalId: Object id of the service principal
            string SessionId: Id that the tokens of one session share
            string SignInIdentifier: What was typed as name
            string SignInIdentifierType: Kind of that: userPrincipalName, phoneNumber, proxyAddress, ...
            string SourceAppClientId: Application that the identity belongs to
            string TokenIssuerName: Identity provider that issued the token
            string TokenIssuerType: Kind of that: AzureAD, ADFederationServices, ...
            string UniqueTokenIdentifier: Id of the token that was issued, which services log too
            string UserAgent: User agent of the client, as it says of itself
            string UserId: Object id of the person
            string UserPrincipalName: Sign-in name
            string UserType: Member or Guest
            datetime CreatedDateTime: When the sign-in began
            dynamic AppliedEventListeners: Extensions that were called on the way
            dynamic ConditionalAccessPolicies: Policies that were looked at, and what each demanded
            dynamic DeviceDetail: Id, operating system, browser, compliance and trust of the device
            dynamic LocationDetails: City, state, country and coordinates
            dynamic MfaDetail: How the second factor was given
            dynamic Status: errorCode, failureReason, additionalDetails
            dynamic TokenProtectionStatusDetails: Whether the token is bound to the device
            long DurationMs: Milliseconds that it took
            bool FlaggedForReview: Whether someone asked the administrators to look at it
            bool IsTenantRestricted: Whether tenant restrictions were in force
            bool IsThroughGlobalSecureAccess: Whether it came through the secure access service
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "AADNonInteractiveUserSignInLogs": Declared(
        "One sign-in that a client did for a person",
        """
            string Agent AuthenticationDetails AuthenticationProcessingDetails AuthenticationRequirement
            string AuthenticationRequirementPolicies Category ClientAppUsed ClientSessionId CrossTenantAccessType
            string HomeTenantName Id Identity IncomingTokenType OperationName SessionLifetimePolicies UserDisplayName
            bool IsInteractive IsRisky
            string AADTenantId: Entra tenant
            string AlternateSignInName: Other name that was typed, as an address or number
            string AppDisplayName: Name of the application
            string AppId: Id of the application that signed in or was signed in to
            string AppOwnerTenantId: Tenant that owns the application
            string AuthenticationContextClassReferences: JSON text: contexts that a policy demanded
            string AuthenticationMethodsUsed: Methods that were used
            string AuthenticationProtocol: OAuth2, SAML, WS-Fed, device code, ROPC, ...
            string AuthenticatorAppLocation: Where the authenticator app was, JSON text
            string AutonomousSystemNumber: Network that the address belongs to
            string ClientCredentialType: How the client proved itself: none, secret, assertion, certificate, ...
            string ConditionalAccessAudiences: Resources whose policies counted, JSON text
            string ConditionalAccessPolicies DeviceDetail: JSON text of what is an object in SigninLogs
            string LocationDetails MfaDetail Status: JSON text of what is an object in SigninLogs
            string TokenProtectionStatusDetails: JSON text of what is an object in SigninLogs
            string ConditionalAccessStatus: success, failure, notApplied or unknownFutureValue
            string CorrelationId: Joins rows of one operation
            string FederatedCredentialId: Id of the federated credential that was used; empty for none
            string GlobalSecureAccessIpAddress: Address of the secure access service that it came through
            string HomeTenantId: Tenant that the user belongs to
            string IPAddress: Address that the request came from
            string Level: Weight of the row
            string Location: Two letters of the country, or the region
            string NetworkLocationDetails: Named locations that the address is in, JSON text where it is a string
            string OperationVersion: Version of the operation's interface
            string OriginalRequestId: Id of the first request of the sign-in
            string OriginalTransferMethod: How a sign-in moved between devices, as deviceCodeFlow
            string ProcessingTimeInMs: Milliseconds, as text
            string ResourceDisplayName: Name of what the token is for
            string ResourceGroup: Resource group
            string ResourceIdentity: Application id of what the token is for
            string ResourceOwnerTenantId: Tenant that owns the resource
            string ResourceServicePrincipalId: Service principal of what the token is for
            string ResourceTenantId: Tenant of the resource that was asked for
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Outcome of the operation
            string RiskDetail: Why the risk is in its state
            string RiskEventTypes RiskEventTypes_V2: Detections of risk, JSON text
            string RiskLevelAggregated RiskLevelDuringSignIn: none, low, medium, high or hidden
            string RiskState: none, confirmedSafe, remediated, dismissed, atRisk or confirmedCompromised
            string ServicePrincipalId: Object id of the service principal
            string SessionId: Id that the tokens of one session share
            string SignInEventTypes: JSON text: interactiveUser, nonInteractiveUser, ...
            string SignInIdentifierType: Kind of that: userPrincipalName, phoneNumber, proxyAddress, ...
            string TokenIssuerName: Identity provider that issued the token
            string TokenIssuerType: Kind of that: AzureAD, ADFederationServices, ...
            string UniqueTokenIdentifier: Id of the token that was issued, which services log too
            string UserAgent: User agent of the client, as it says of itself
            string UserId: Object id of the person
            string UserPrincipalName: Sign-in name
            string UserType: Member or Guest
            datetime CreatedDateTime: When the sign-in began
            dynamic AppliedEventListeners: Extensions that were called on the way
            long DurationMs: Milliseconds that it took
            bool IsTenantRestricted: Whether tenant restrictions were in force
            bool IsThroughGlobalSecureAccess: Whether it came through the secure access service
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "AADServicePrincipalSignInLogs": Declared(
        "One sign-in of a workload: a secret, certificate or federated credential",
        """
            string AuthenticationProcessingDetails Category Id Identity OperationName ServicePrincipalName
            string AADTenantId: Entra tenant
            string Agent ConditionalAccessPolicies LocationDetails: JSON text of what is an object in SigninLogs
            string AppId: Id of the application that signed in or was signed in to
            string AppOwnerTenantId: Tenant that owns the application
            string AuthenticationContextClassReferences: JSON text: contexts that a policy demanded
            string AutonomousSystemNumber: Network that the address belongs to
            string ClientCredentialType: How the client proved itself: none, secret, assertion, certificate, ...
            string ConditionalAccessAudiences: Resources whose policies counted, JSON text
            string ConditionalAccessStatus: success, failure, notApplied or unknownFutureValue
            string CorrelationId: Joins rows of one operation
            string FederatedCredentialId: Id of the federated credential that was used; empty for none
            string IPAddress: Address that the request came from
            string Level: Weight of the row
            string Location: Two letters of the country, or the region
            string NetworkLocationDetails: Named locations that the address is in, JSON text where it is a string
            string OperationVersion: Version of the operation's interface
            string ResourceDisplayName: Name of what the token is for
            string ResourceGroup: Resource group
            string ResourceIdentity: Application id of what the token is for
            string ResourceOwnerTenantId: Tenant that owns the resource
            string ResourceServicePrincipalId: Service principal of what the token is for
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Outcome of the operation
            string ServicePrincipalCredentialKeyId: Id of the key or certificate that it proved itself with
            string ServicePrincipalCredentialThumbprint: Thumbprint of the certificate that it proved itself with
            string ServicePrincipalId: Object id of the service principal
            string SessionId: Id that the tokens of one session share
            string UniqueTokenIdentifier: Id of the token that was issued, which services log too
            string UserAgent: User agent of the client, as it says of itself
            datetime CreatedDateTime: When the sign-in began
            long DurationMs: Milliseconds that it took
        """,
        plans="Analytics, Basic",
        omits="_ResourceId _SubscriptionId",
    ),
    "AADManagedIdentitySignInLogs": Declared(
        "One sign-in of a managed identity",
        """
            string AuthenticationProcessingDetails Category Id Identity OperationName ServicePrincipalName
            string AADTenantId: Entra tenant
            string Agent ConditionalAccessPolicies LocationDetails: JSON text of what is an object in SigninLogs
            string AppId: Id of the application that signed in or was signed in to
            string AppOwnerTenantId: Tenant that owns the application
            string AuthenticationContextClassReferences: JSON text: contexts that a policy demanded
            string ClientCredentialType: How the client proved itself: none, secret, assertion, certificate, ...
            string ConditionalAccessAudiences: Resources whose policies counted, JSON text
            string ConditionalAccessStatus: success, failure, notApplied or unknownFutureValue
            string CorrelationId: Joins rows of one operation
            string FederatedCredentialId: Id of the federated credential that was used; empty for none
            string IPAddress: Address that the request came from
            string Level: Weight of the row
            string Location: Two letters of the country, or the region
            string ManagedServiceIdentity: Resource that the identity belongs to, and its kind, JSON text
            string NetworkLocationDetails: Named locations that the address is in, JSON text where it is a string
            string OperationVersion: Version of the operation's interface
            string ResourceDisplayName: Name of what the token is for
            string ResourceGroup: Resource group
            string ResourceIdentity: Application id of what the token is for
            string ResourceOwnerTenantId: Tenant that owns the resource
            string ResourceServicePrincipalId: Service principal of what the token is for
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Outcome of the operation
            string ServicePrincipalCredentialKeyId: Id of the key or certificate that it proved itself with
            string ServicePrincipalCredentialThumbprint: Thumbprint of the certificate that it proved itself with
            string ServicePrincipalId: Object id of the service principal
            string SessionId: Id that the tokens of one session share
            string SourceAppClientId: Application that the identity belongs to
            string UniqueTokenIdentifier: Id of the token that was issued, which services log too
            string UserAgent: User agent of the client, as it says of itself
            datetime CreatedDateTime: When the sign-in began
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
            string Phone RiskLevelDetails SAMAccountName State StreetAddress Surname Tags UACFlags UserState
            datetime AccountCreationTime DeletedDateTime LastSeenDate UserStateChangedOn
            dynamic AdditionalMailAddresses AssignedRoles EntityRiskScore ExtensionProperty GroupMembership
            dynamic RelatedAccounts ServicePrincipals UserAccountControl
            int InvestigationPriorityPercentile
            bool IsAccountEnabled IsMFARegistered IsServiceAccount
            string BlastRadius: How far an attacker gets with the account: Low, Medium, High
            string RiskLevel: none, low, medium, high or hidden
            string RiskState: none, confirmedSafe, remediated, dismissed, atRisk or confirmedCompromised
            string UserType: Member or Guest
            int InvestigationPriority: 0 to 10, higher is more urgent
        """,
        omits="_ResourceId _SubscriptionId",
    ),
    "BehaviorAnalytics": Declared(
        "One activity and how unusual it is for those concerned",
        """
            string ActionType ActivityType ActorName ActorPrincipalName DestinationDevice DestinationIPAddress
            string DestinationIPLocation Device EventProductVersion EventSource EventVendor SourceDevice
            string SourceIPAddress SourceIPLocation TargetName TargetPrincipalName UserName
            string NativeTableName: Table of that row
            string SourceRecordId: Row that this was found in
            string UserPrincipalName: Sign-in name
            datetime TimeProcessed: When the service worked on it
            dynamic ActivityInsights DevicesInsights UsersInsights: What was unusual, by kind
            int InvestigationPriority: 0 to 10, higher is more urgent
        """,
    ),
}
