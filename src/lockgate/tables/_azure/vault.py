"""Key Vault."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "AZKVAuditLogs": Declared(
        "One authenticated call to a vault",
        """
            string Algorithm OperationName
            dynamic CertificateIssuerProperties CertificatePolicyProperties CertificateProperties
            dynamic CertificateRequestProperties KeyProperties Properties SecretProperties StorageAccountProperties
            dynamic StorageSasDefinitionProperties VaultProperties
            bool EnabledForDeployment EnabledForDiskEncryption EnabledForTemplateDeployment EnablePurgeProtection
            bool EnableRbacAuthorization EnableSoftDelete
            string AddressAuthorizationType: By what the address was let in
            string AppliedAssignmentId: Assignment of a role that allowed it, or the one that denied
            string CallerIpAddress: Address of the caller
            string ClientInfo: User agent of the client
            string CorrelationId: Joins rows of one operation
            string HsmPoolResourceId: Pool of hardware modules
            string Id RequestUri: Address of the object asked for
            string OperationVersion: Version of the operation's interface
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the answer as text
            string ResultType: Outcome of the operation
            string SubnetId: Subnet that the call came from, when it is a known one
            string Tlsversion: Version of TLS
            string TrustedService: Service of the platform that was let through the firewall
            dynamic Identity: Claims of the token: oid, upn, appid, ...
            dynamic NetworkAcls: Firewall of the vault
            dynamic Nsp: Network security perimeter: what it says of the call
            dynamic Sku: Tier of the vault
            int DurationMs: Milliseconds that it took
            int HttpStatusCode: Status of the answer
            int SoftDeleteRetentionInDays: Days that deleted objects are kept
            bool IsAccessPolicyMatch: Whether an access policy allowed it
            bool IsAddressAuthorized: Whether the address was let in
            bool IsRbacAuthorized: Whether a role allowed it
        """,
        plans="Analytics, Basic",
    ),
    "AZKVPolicyEvaluationDetailsLogs": Declared(
        "What a policy said of an object in a vault",
        """
            string ObjectName ObjectType OperationName
            dynamic Properties
            string ResultDescription: Why it came out so
            string ResultSignature: Status of the operation in more detail
            string ResultType: Outcome of the operation
            dynamic EvaluationDetails: What the policy looked at
            int DurationMs: Milliseconds that it took
            bool IsComplianceCheck: Whether it is a check of what exists; false where it is a request
        """,
        plans="Analytics, Basic",
    ),
}
