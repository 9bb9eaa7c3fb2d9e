"""The container registry."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "ContainerRegistryLoginEvents": Declared(
        "One login to a registry",
        """
            string Category OperationName Region
            string CallerIpAddress: Address of the caller
            string CorrelationId: Joins rows of one operation
            string DurationMs: Milliseconds that it took, as text
            string Identity: Who logged in
            string JwtId: Id of the token
            string LoginServer: Host name of the registry
            string ResultDescription: Why it came out so
            string ResultType: Outcome of the operation
            string UserAgent: User agent of the client, as it says of itself
        """,
    ),
    "ContainerRegistryRepositoryEvents": Declared(
        "One push, pull, deletion, untagging or purge of a repository",
        """
            string Category Identity Region Repository Tag
            string ArtifactType MediaType: Of the manifest
            string CallerIpAddress: Address of the caller
            string CorrelationId: Joins rows of one operation
            string Digest: Digest of the manifest, which images, scans and pods join by
            string DurationMs: Milliseconds that it took, as text
            string LoginServer: Host name of the registry
            string OperationName: Push, Pull, Delete, Untag, Purge, ...
            string ResultDescription: Why it came out so
            string ResultType: Outcome of the operation
            string UserAgent: User agent of the client, as it says of itself
            string UserTenantId: Entra tenant of the caller
            int Size: Bytes
        """,
    ),
    "ACREntraAuthenticationAuditLog": Declared(
        "One token that a registry issued for an Entra identity",
        """
            string Authentication CacheName ClientId ClientName IpAddress Lifetime Message OperationName Username
            int RoleInstance
            string Location: Region
        """,
        plans="Analytics, Basic",
    ),
}
