"""Flows of pods and of virtual networks."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "ContainerNetworkLogs": Declared(
        "Flows of pods, summed up, as Hubble saw them",
        """
            string DestinationClusterName DestinationNamespace DestinationPodName NodeName SourceClusterName
            string SourceNamespace SourcePodName
            dynamic EventType
            string DropReason: Why it was dropped; empty when it was not
            string FlowType: Kind of flow
            string TraceObservationPoint: Point of the data path where it was seen
            string TrafficDirection: Ingress or egress, seen from the node
            string UUID: Id of the flow
            string Verdict: FORWARDED, DROPPED or ERROR
            dynamic AdditionalFlowData: What the other columns have no place for
            dynamic DestinationWorkloads SourceWorkloads: List of name and kind of the owners of the pod
            dynamic IP: source, destination, encrypted, ipVersion
            dynamic Layer4: TCP or UDP with source_port, destination_port and flags
            dynamic Layer7: http or dns, where a proxy looked inside
            dynamic Policies: Policies that allowed or denied it
            dynamic Service: Services that it went through
            int DestinationIdentity SourceIdentity: Number that the network gives to a set of labels
            int EgressFlowCount IngressFlowCount UnknownDirectionFlowCount: Flows that the row stands for
            bool Reply: Whether it answers a connection that the other side began
        """,
        plans="Analytics, Basic",
    ),
    "RetinaNetworkFlowLogs": Declared(
        "Flows of pods as Retina saw them; nearly the shape of ContainerNetworkLogs",
        """
            string DestinationClusterName DestinationNamespace DestinationPodName NodeName SourceClusterName
            string SourceNamespace SourcePodName
            dynamic EventType
            string DropReason: Why it was dropped; empty when it was not
            string FlowType: Kind of flow
            string TraceObservationPoint: Point of the data path where it was seen
            string TrafficDirection: Ingress or egress, seen from the node
            string UUID: Id of the flow
            string Verdict: FORWARDED, DROPPED or ERROR
            dynamic AdditionalFlowData: What the other columns have no place for
            dynamic DestinationWorkloads SourceWorkloads: List of name and kind of the owners of the pod
            dynamic IP: source, destination, encrypted, ipVersion
            dynamic Layer4: TCP or UDP with source_port, destination_port and flags
            dynamic Layer7: http or dns, where a proxy looked inside
            dynamic Policies: Policies that allowed or denied it
            dynamic Service: Services that it went through
            int DestinationIdentity SourceIdentity: Number that the network gives to a set of labels
            int PacketsReceived PacketsSent: Packets of the flow
            bool Reply: Whether it answers a connection that the other side began
        """,
        plans="Analytics, Basic",
    ),
    "NTANetAnalytics": Declared(
        "Flows of a virtual network after traffic analytics; nodes and load balancers, never pods",
        """
            string Action AzureRegion ConnectingVnets ConnectionName ConnectionType Country Description
            string DestApplicationGateway DestCloud DestEnvironment DestExpressRouteCircuit DestIp DestLoadBalancer
            string DestLocalNetworkGateway DestNetworkGroups DestNic DestRegion DestServiceId DestServiceName
            string DestServiceTags DestSubnet DestSubscription DestTenantId DestTenantName DestVm
            string ExpressRouteCircuitPeeringType FlowDirection FlowLogResourceId FlowStatus L4Protocol L7Protocol
            string LogResourceId MacAddress NsgRule NsgRuleType PrivateEndpointResourceId PrivateLinkResourceId
            string PrivateLinkResourceName SrcApplicationGateway SrcCloud SrcEnvironment SrcExpressRouteCircuit SrcIp
            string SrcLoadBalancer SrcLocalNetworkGateway SrcNetworkGroups SrcNic SrcPorts SrcRegion SrcServiceId
            string SrcServiceName SrcServiceTags SrcSubnet SrcSubscription SrcTenantId SrcTenantName SrcVm Status
            string TargetResourceId TargetResourceType TrafficAnalyticsResourceId
            datetime FlowEndTime FlowIntervalEndTime FlowIntervalStartTime FlowStartTime TimeProcessed
            int DestPort
            long BytesDestToSrc BytesSrcToDest PacketsDestToSrc PacketsSrcToDest RecordCount
            string AclGroup AclRule: Security group, or admin rule, that decided
            string DestPublicIps SrcPublicIps: Addresses with their counts, separated by bars
            string FaSchemaVersion: Version of this shape
            string FlowEncryption: Whether the network encrypted it, or why not
            string FlowType: Kind of flow
            string NsgList: Security groups that the flow passed
            string SubType: FlowLog, or a kind of resource
            long AllowedInFlows AllowedOutFlows CompletedFlows DeniedInFlows DeniedOutFlows: Flows
            bool IsFlowCapturedAtUdrHop: Whether it was seen at an appliance that a route sends it through
        """,
        omits="_ResourceId _SubscriptionId",
    ),
}
