"""Logs of machines, devices and applications."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "Syslog": Declared(
        "One message of syslog",
        """
            string HostName ProcessName SyslogMessage
            int ProcessID
            string CollectorHostName: Machine whose agent collected the row
            string Computer: Machine or node that the row comes from
            string Facility: Part of the system
            string HostIP: Address of the machine that sent it
            string SeverityLevel: emerg, alert, crit, err, warning, notice, info or debug
            string MessageId_CF: Kind of message, MSGID of RFC 5424, which the service drops
            datetime EventTime: When the machine says that it happened
            dynamic StructuredData_CF: Elements of RFC 5424 by their ids, which the service drops
        """,
    ),
    "CommonSecurityLog": Declared(
        "One event in CEF, of a firewall, gateway or another tool",
        """
            string ApplicationProtocol DestinationDnsDomain DestinationHostName DestinationIP DestinationMACAddress
            string DestinationProcessName DestinationServiceName DestinationUserID DestinationUserName DeviceAction
            string DeviceAddress DeviceCustomDate1 DeviceCustomDate1Label DeviceCustomDate2 DeviceCustomDate2Label
            string DeviceCustomFloatingPoint1Label DeviceCustomFloatingPoint2Label DeviceCustomFloatingPoint3Label
            string DeviceCustomFloatingPoint4Label DeviceCustomIPv6Address1 DeviceCustomIPv6Address1Label
            string DeviceCustomIPv6Address2 DeviceCustomIPv6Address2Label DeviceCustomIPv6Address3
            string DeviceCustomIPv6Address3Label DeviceCustomIPv6Address4 DeviceCustomIPv6Address4Label
            string DeviceCustomNumber1Label DeviceCustomNumber2Label DeviceCustomNumber3Label DeviceCustomString1
            string DeviceCustomString1Label DeviceCustomString2 DeviceCustomString2Label DeviceCustomString3
            string DeviceCustomString3Label DeviceCustomString4 DeviceCustomString4Label DeviceCustomString5
            string DeviceCustomString5Label DeviceCustomString6 DeviceCustomString6Label DeviceDnsDomain
            string DeviceEventCategory DeviceExternalID DeviceFacility DeviceInboundInterface DeviceMacAddress
            string DeviceName DeviceOutboundInterface DevicePayloadId DeviceProduct DeviceTimeZone DeviceVendor
            string DeviceVersion EventOutcome FileCreateTime FileID FileModificationTime FileName FilePath
            string FilePermission FileType FlexDate1 FlexDate1Label FlexNumber1Label FlexNumber2Label FlexString1
            string FlexString1Label FlexString2 FlexString2Label Message OldFileCreateTime OldFileID
            string OldFileModificationTime OldFileName OldFilePath OldFilePermission OldFileType ProcessName Protocol
            string Reason RequestClientApplication RequestCookies RequestURL SourceDnsDomain SourceHostName SourceIP
            string SourceMACAddress SourceProcessName SourceServiceName SourceUserID SourceUserName ThreatDescription
            datetime EndTime StartTime
            int DestinationPort DestinationProcessId DeviceCustomNumber1 DeviceCustomNumber2 DeviceCustomNumber3
            int ExternalID FileSize FlexNumber1 FlexNumber2 OldFileSize ProcessID SourcePort SourceProcessId
            real DeviceCustomFloatingPoint1 DeviceCustomFloatingPoint2 DeviceCustomFloatingPoint3
            real DeviceCustomFloatingPoint4
            string Activity: Name of the event
            string AdditionalExtensions: Extensions without a column: key=value, separated by semicolons
            string CollectorHostName: Machine whose agent collected the row
            string CommunicationDirection: 0 inbound, 1 outbound
            string Computer: Machine or node that the row comes from
            string DestinationNTDomain DeviceNtDomain SourceNTDomain: Windows domain
            string DestinationTranslatedAddress DeviceTranslatedAddress SourceTranslatedAddress: After translation
            string DestinationUserPrivileges SourceUserPrivileges: Administrator, User, Guest or words of the device
            string DeviceEventClassID: Kind of event, of the product (the field Signature ID)
            string ExtID: Unused; ExternalID is what is filled
            string FileHash OldFileHash: Hash, of whatever kind the device gives
            string IndicatorThreatType: Kind of threat, as the feed has it
            string LogSeverity: 0 to 10, or a word
            string MaliciousIP: Address of the row that a feed names
            string MaliciousIPCountry: Country of that address
            string OriginalLogSeverity: Severity before it was mapped
            string ReceiptTime: When the device got it, text
            string RemoteIP RemotePort: Other side, taken from source or destination by the direction
            string ReportReferenceLink: Address of the feed's report
            string RequestContext: Where the request came from, as a referrer
            string RequestMethod: Method of HTTP
            string SimplifiedDeviceAction: What DeviceAction amounts to
            string ThreatConfidence: How sure the feed is
            int DestinationTranslatedPort SourceTranslatedPort: After translation
            int EventCount: How many events the row stands for
            int EventType: 0 base, 1 aggregated, 2 correlation, 3 action
            int ThreatSeverity: As the feed has it, higher is worse
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
            string SDKVersion Source Url UserAccountId UserAuthenticatedId
            dynamic Properties
            bool Success
            string AppRoleInstance: Machine or pod of the service
            string AppRoleName: Service that sent it
            string IKey ResourceGUID: Key of the application that sends
            string OperationId: Trace that it belongs to
            string ParentId: Span that called
            string SessionId: Session of the person, as the client has it
            string SyntheticSource: Test that made the traffic; empty for people
            string UserId: Made-up id of the person or browser
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
            string UserAccountId UserAuthenticatedId
            dynamic Properties
            string AppRoleInstance: Machine or pod of the service
            string AppRoleName: Service that sent it
            string IKey ResourceGUID: Key of the application that sends
            string OperationId: Trace that it belongs to
            string ParentId: Span that called
            string SessionId: Session of the person, as the client has it
            string SyntheticSource: Test that made the traffic; empty for people
            string UserId: Made-up id of the person or browser
            dynamic Measurements: Numbers of its own, by name
            int ItemCount: How many items a sampled row stands for
            int SeverityLevel: 0 verbose, 1 information, 2 warning, 3 error, 4 critical
        """,
        plans="Analytics, Basic",
    ),
}
