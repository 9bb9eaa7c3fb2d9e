"""Flows of pods and of virtual networks."""

from lockgate.tables._azure._declared import Declared

_FLOW = """
    string DestinationClusterName SourceClusterName: Cluster; empty for none
    string DestinationNamespace SourceNamespace: Namespace; empty outside of the cluster
    string DestinationPodName SourcePodName: Pod; empty for what is none
    string DropReason: Why it was dropped; empty when it was not
    string FlowType: Kind of flow
    string NodeName: Node that saw it
    string TraceObservationPoint: Point of the data path where it was seen
    string TrafficDirection: Ingress or egress, seen from the node
    string UUID: Id of the flow
    string Verdict: FORWARDED, DROPPED or ERROR
    dynamic AdditionalFlowData: What the other columns have no place for
    dynamic DestinationWorkloads SourceWorkloads: List of name and kind of the owners of the pod
    dynamic EventType: Kind of event that the data path reported
    dynamic IP: source, destination, encrypted, ipVersion
    dynamic Layer4: TCP or UDP with source_port, destination_port and flags
    dynamic Layer7: http or dns, where a proxy looked inside
    dynamic Policies: Policies that allowed or denied it
    dynamic Service: Services that it went through
    int DestinationIdentity SourceIdentity: Number that the network gives to a set of labels
    bool Reply: Whether it answers a connection that the other side began
"""
"""What the flows of pods have in common, whoever saw them."""

TABLES = {
    "ContainerNetworkLogs": Declared(
        "Flows of pods, summed up, as Hubble saw them",
        _FLOW + "int EgressFlowCount IngressFlowCount UnknownDirectionFlowCount: Flows that the row stands for",
        plans="Analytics, Basic",
    ),
    "RetinaNetworkFlowLogs": Declared(
        "Flows of pods as Retina saw them; nearly the shape of ContainerNetworkLogs",
        _FLOW + "int PacketsReceived PacketsSent: Packets of the flow",
        plans="Analytics, Basic",
    ),
    "NTANetAnalytics": Declared(
        "Flows of a virtual network after traffic analytics; nodes and load balancers, never pods",
        """
            string Action AzureRegion ConnectionName ConnectionType Country Description DestApplicationGateway
            string DestCloud DestEnvironment DestExpressRouteCircuit DestIp DestLoadBalancer DestLocalNetworkGateway
            string DestNetworkGroups DestRegion DestServiceId DestServiceName DestServiceTags DestSubscription
            string DestTenantId DestTenantName ExpressRouteCircuitPeeringType L4Protocol L7Protocol LogResourceId
            string MacAddress NsgRule NsgRuleType PrivateLinkResourceId PrivateLinkResourceName SrcApplicationGateway
            string SrcCloud SrcEnvironment SrcExpressRouteCircuit SrcIp SrcLoadBalancer SrcLocalNetworkGateway
            string SrcNetworkGroups SrcPorts SrcRegion SrcServiceId SrcServiceName SrcServiceTags SrcSubscription
            string SrcTenantId SrcTenantName Status TargetResourceId TargetResourceType TrafficAnalyticsResourceId
            int DestPort
            long BytesDestToSrc BytesSrcToDest PacketsDestToSrc PacketsSrcToDest RecordCount
            string AclGroup AclRule: Security group, or admin rule, that decided
            string ConnectingVnets: Virtual networks of the other side
            string DestNic DestVm SrcNic SrcVm: Resource group and name
            string DestPublicIps SrcPublicIps: Addresses with their counts, separated by bars
            string DestSubnet SrcSubnet: Resource group, network and subnet
            string FaSchemaVersion: Version of this shape
            string FlowDirection: I inbound, O outbound
            string FlowEncryption: Whether the network encrypted it, or why not
            string FlowLogResourceId: Resource of the flow log
            string FlowStatus: A allowed, D denied
            string FlowType: Kind of flow
            string NsgList: Security groups that the flow passed
            string PrivateEndpointResourceId: Private endpoint that it went to
            string SubType: FlowLog, or a kind of resource
            datetime FlowEndTime FlowStartTime: First and last flow in it
            datetime FlowIntervalEndTime FlowIntervalStartTime: Span that the row sums up
            datetime TimeProcessed: When the service worked on it
            long AllowedInFlows AllowedOutFlows CompletedFlows DeniedInFlows DeniedOutFlows: Flows
            bool IsFlowCapturedAtUdrHop: Whether it was seen at an appliance that a route sends it through
        """,
        omits="_ResourceId _SubscriptionId",
    ),
}
