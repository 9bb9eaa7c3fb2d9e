"""Logs of machines, devices and applications."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "Syslog": Declared(
        "One message of syslog",
        """
            string CollectorHostName HostName ProcessName SyslogMessage
            int ProcessID
            string Computer: Machine or node that the row comes from
            string Facility: Part of the system
            string HostIP: Address of the machine that sent it
            string SeverityLevel: emerg, alert, crit, err, warning, notice, info or debug
            datetime EventTime: When the machine says that it happened
        """,
    ),
    "CommonSecurityLog": Declared(
        "One event in CEF, of a firewall, gateway or another tool",
        """
            string ApplicationProtocol CollectorHostName CommunicationDirection DestinationDnsDomain
            string DestinationHostName DestinationIP DestinationMACAddress DestinationNTDomain DestinationProcessName
            string DestinationServiceName DestinationTranslatedAddress DestinationUserID DestinationUserName
            string DestinationUserPrivileges DeviceAction DeviceAddress DeviceCustomDate1 DeviceCustomDate1Label
            string DeviceCustomDate2 DeviceCustomDate2Label DeviceCustomFloatingPoint1Label
            string DeviceCustomFloatingPoint2Label DeviceCustomFloatingPoint3Label DeviceCustomFloatingPoint4Label
            string DeviceCustomIPv6Address1 DeviceCustomIPv6Address1Label DeviceCustomIPv6Address2
            string DeviceCustomIPv6Address2Label DeviceCustomIPv6Address3 DeviceCustomIPv6Address3Label
            string DeviceCustomIPv6Address4 DeviceCustomIPv6Address4Label DeviceCustomNumber1Label
            string DeviceCustomNumber2Label DeviceCustomNumber3Label DeviceCustomString1 DeviceCustomString1Label
            string DeviceCustomString2 DeviceCustomString2Label DeviceCustomString3 DeviceCustomString3Label
            string DeviceCustomString4 DeviceCustomString4Label DeviceCustomString5 DeviceCustomString5Label
            string DeviceCustomString6 DeviceCustomString6Label DeviceDnsDomain DeviceEventCategory DeviceExternalID
            string DeviceFacility DeviceInboundInterface DeviceMacAddress DeviceName DeviceNtDomain
            string DeviceOutboundInterface DevicePayloadId DeviceProduct DeviceTimeZone DeviceTranslatedAddress
            string DeviceVendor DeviceVersion EventOutcome FileCreateTime FileHash FileID FileModificationTime
            string FileName FilePath FilePermission FileType FlexDate1 FlexDate1Label FlexNumber1Label
            string FlexNumber2Label FlexString1 FlexString1Label FlexString2 FlexString2Label IndicatorThreatType
            string MaliciousIP MaliciousIPCountry Message OldFileCreateTime OldFileHash OldFileID
            string OldFileModificationTime OldFileName OldFilePath OldFilePermission OldFileType OriginalLogSeverity
            string ProcessName Protocol Reason ReceiptTime RemoteIP RemotePort ReportReferenceLink
            string RequestClientApplication RequestContext RequestCookies RequestURL SourceDnsDomain SourceHostName
            string SourceIP SourceMACAddress SourceNTDomain SourceProcessName SourceServiceName
            string SourceTranslatedAddress SourceUserID SourceUserName SourceUserPrivileges ThreatConfidence
            string ThreatDescription
            datetime EndTime StartTime
            int DestinationPort DestinationProcessId DestinationTranslatedPort DeviceCustomNumber1 DeviceCustomNumber2
            int DeviceCustomNumber3 EventCount EventType ExternalID FileSize FlexNumber1 FlexNumber2 OldFileSize
            int ProcessID SourcePort SourceProcessId SourceTranslatedPort ThreatSeverity
            real DeviceCustomFloatingPoint1 DeviceCustomFloatingPoint2 DeviceCustomFloatingPoint3
            real DeviceCustomFloatingPoint4
            string Activity: Name of the event
            string AdditionalExtensions: Extensions without a column: key=value, separated by semicolons
            string Computer: Machine or node that the row comes from
            string DeviceEventClassID: Kind of event, of the product (the field Signature ID)
            string ExtID: Unused; ExternalID is what is filled
            string LogSeverity: 0 to 10, or a word
            string RequestMethod: Method of HTTP
            string SimplifiedDeviceAction: What DeviceAction amounts to
            long FieldDeviceCustomNumber1 FieldDeviceCustomNumber2: Numbers of 64 bits; DeviceCustomNumber holds 32
            long FieldDeviceCustomNumber3: Numbers of 64 bits; DeviceCustomNumber holds 32
            long ReceivedBytes SentBytes: Bytes
            real MaliciousIPLatitude MaliciousIPLongitude: Degrees
        """,
        plans="Analytics, Basic",
    ),
    "AppRequests": Declared(
        "One request that an application answered",
        """
            string AppVersion ClientBrowser ClientCity ClientCountryOrRegion ClientIP ClientModel ClientOS
            string ClientStateOrProvince ClientType Id OperationName ReferencedItemId ReferencedType ResultCode
            string SDKVersion SessionId Source Url UserAccountId UserAuthenticatedId UserId
            dynamic Properties
            bool Success
            string AppRoleInstance: Machine or pod of the service
            string AppRoleName: Service that sent it
            string IKey ResourceGUID: Key of the application that sends
            string OperationId: Trace that it belongs to
            string ParentId: Span that called
            string SyntheticSource: Test that made the traffic; empty for people
            dynamic Measurements: Numbers of its own, by name
            int ItemCount: How many items a sampled row stands for
            real DurationMs: Milliseconds that it took
        """,
        plans="Analytics, Basic",
    ),
    "AppTraces": Declared(
        "One log line of an application",
        """
            string AppVersion ClientBrowser ClientCity ClientCountryOrRegion ClientIP ClientModel ClientOS
            string ClientStateOrProvince ClientType Message OperationName ReferencedItemId ReferencedType SDKVersion
            string SessionId UserAccountId UserAuthenticatedId UserId
            dynamic Properties
            string AppRoleInstance: Machine or pod of the service
            string AppRoleName: Service that sent it
            string IKey ResourceGUID: Key of the application that sends
            string OperationId: Trace that it belongs to
            string ParentId: Span that called
            string SyntheticSource: Test that made the traffic; empty for people
            dynamic Measurements: Numbers of its own, by name
            int ItemCount: How many items a sampled row stands for
            int SeverityLevel: 0 verbose, 1 information, 2 warning, 3 error, 4 critical
        """,
        plans="Analytics, Basic",
    ),
}
