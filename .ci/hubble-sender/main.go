// Events of every kind as Hubble's exporter and `hubble observe -o jsonpb` write them, one a line: its own messages, masks
// and JSON. With `retina`: flows with what Retina adds to them.
//
//	hubble-sender hubble|retina
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/cilium/cilium/api/v1/flow"
	"github.com/cilium/cilium/api/v1/observer"
	"github.com/cilium/cilium/api/v1/relay"
	"github.com/cilium/cilium/pkg/hubble/parser/fieldaggregate"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var when = timestamppb.New(time.Date(2026, 11, 26, 10, 0, 0, 123456789, time.UTC))

func main() {
	out := json.NewEncoder(os.Stdout)
	for _, value := range events(os.Args[1:]) {
		if err := out.Encode(value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func events(args []string) []any {
	if len(args) == 1 && args[0] == "retina" {
		return retina()
	}
	var all []any
	for _, one := range flows() {
		all = append(all, &observer.ExportEvent{
			Time: one.GetTime(), NodeName: one.GetNodeName(), ResponseTypes: &observer.ExportEvent_Flow{Flow: one},
		})
	}
	observed := flows()[0]
	all = append(all, &observer.GetFlowsResponse{
		Time: observed.GetTime(), NodeName: "one/n1", ResponseTypes: &observer.GetFlowsResponse_Flow{Flow: observed},
	}, observed, aggregated())
	return append(all, others()...)
}

func base(verdict flow.Verdict, direction flow.TrafficDirection) *flow.Flow {
	return &flow.Flow{
		Time: when, Uuid: fmt.Sprintf("uuid-%d-%d", verdict, direction), Verdict: verdict, NodeName: "one/n1",
		Emitter:  &flow.Emitter{Name: "Hubble", Version: "1.20.2"},
		Ethernet: &flow.Ethernet{Source: "00:00:5e:00:53:01", Destination: "00:00:5e:00:53:02"},
		IP:       &flow.IP{Source: "10.0.0.1", Destination: "10.0.0.2", IpVersion: flow.IPVersion_IPv4},
		Source: &flow.Endpoint{
			ID: 5, Identity: 33554433, ClusterName: "one", Namespace: "shop", Labels: []string{"k8s:app=web"}, PodName: "web-1",
			Workloads: []*flow.Workload{{Name: "web", Kind: "Deployment"}},
		},
		Destination: &flow.Endpoint{Identity: 2, Labels: []string{"reserved:world"}},
		Type:        flow.FlowType_L3_L4, NodeLabels: []string{"zone=a"}, TrafficDirection: direction,
		EventType: &flow.CiliumEventType{Type: 4, SubType: 3}, IsReply: wrapperspb.Bool(false), Summary: "TCP Flags: SYN",
		TraceObservationPoint: flow.TraceObservationPoint_TO_STACK, TraceReason: flow.TraceReason_NEW,
		Interface: &flow.NetworkInterface{Index: 7, Name: "lxc1"},
	}
}

// flows are one of each layer and verdict that differ in their fields.
func flows() []*flow.Flow {
	forwarded := base(flow.Verdict_FORWARDED, flow.TrafficDirection_EGRESS)
	forwarded.L4 = &flow.Layer4{Protocol: &flow.Layer4_TCP{TCP: &flow.TCP{
		SourcePort: 40000, DestinationPort: 443, Flags: &flow.TCPFlags{SYN: true}}}}
	forwarded.SourceService = &flow.Service{Name: "web", Namespace: "shop"}
	forwarded.EgressAllowedBy = []*flow.Policy{{Name: "out", Namespace: "shop", Revision: 1 << 60, Kind: "CiliumNetworkPolicy"}}

	dropped := base(flow.Verdict_DROPPED, flow.TrafficDirection_INGRESS)
	dropped.DropReason, dropped.DropReasonDesc = 133, flow.DropReason_POLICY_DENIED
	dropped.L4 = &flow.Layer4{Protocol: &flow.Layer4_UDP{UDP: &flow.UDP{SourcePort: 1, DestinationPort: 53}}}
	dropped.File = &flow.FileInfo{Name: "bpf_lxc.c", Line: 1299}
	dropped.IngressDeniedBy = []*flow.Policy{{Name: "in", Namespace: "shop"}}
	dropped.PolicyLog, dropped.PolicyMatchType = []string{"denied"}, 2

	asked := base(flow.Verdict_REDIRECTED, flow.TrafficDirection_EGRESS)
	asked.Type, asked.IsReply = flow.FlowType_L7, wrapperspb.Bool(true)
	asked.L7 = &flow.Layer7{Type: flow.L7FlowType_RESPONSE, LatencyNs: 1<<53 + 1, Record: &flow.Layer7_Http{Http: &flow.HTTP{
		Code: 200, Method: "GET", Url: "http://shop/a", Protocol: "HTTP/1.1",
		Headers: []*flow.HTTPHeader{{Key: "X-Request-Id", Value: "7"}}}}}

	resolved := base(flow.Verdict_AUDIT, flow.TrafficDirection_EGRESS)
	resolved.Type, resolved.IsReply = flow.FlowType_L7, nil
	resolved.L7 = &flow.Layer7{Type: flow.L7FlowType_REQUEST, Record: &flow.Layer7_Dns{Dns: &flow.DNS{
		Query: "shop.", Qtypes: []string{"A"}, Rcode: 3}}}

	translated := base(flow.Verdict_TRANSLATED, flow.TrafficDirection_TRAFFIC_DIRECTION_UNKNOWN)
	translated.Type, translated.SocketCookie, translated.CgroupId = flow.FlowType_SOCK, 1<<63, 9
	translated.SockXlatePoint = flow.SocketTranslationPoint_SOCK_XLATE_POINT_PRE_DIRECTION_FWD

	unknown := base(flow.Verdict_VERDICT_UNKNOWN, flow.TrafficDirection_TRAFFIC_DIRECTION_UNKNOWN)
	unknown.L4 = &flow.Layer4{Protocol: &flow.Layer4_ICMPv4{ICMPv4: &flow.ICMPv4{Type: 8}}}
	return []*flow.Flow{forwarded, dropped, asked, resolved, translated, unknown}
}

// aggregated is one event for several flows, by the fields that --fieldAggregate names, with their counts.
func aggregated() any {
	names, err := fieldmaskpb.New(&flow.Flow{}, "verdict", "source.namespace", "source.workloads", "traffic_direction", "node_name")
	if err != nil {
		panic(err)
	}
	fields, err := fieldaggregate.New(names)
	if err != nil {
		panic(err)
	}
	kept := &flow.Flow{}
	fields.Copy(kept.ProtoReflect(), flows()[0].ProtoReflect())
	kept.Time, kept.Aggregate = when, &flow.Aggregate{IngressFlowCount: 3, EgressFlowCount: 40, UnknownDirectionFlowCount: 0}
	return &observer.ExportEvent{
		Time: when, NodeName: kept.GetNodeName(), ResponseTypes: &observer.ExportEvent_Flow{Flow: kept},
	}
}

// others are events that tell of no flow.
func others() []any {
	lost := &flow.LostEvent{Source: flow.LostEventSource_PERF_EVENT_RING_BUFFER, NumEventsLost: 1 << 40, Cpu: wrapperspb.Int32(0)}
	agent := &flow.AgentEvent{Type: flow.AgentEventType_AGENT_STARTED, Notification: &flow.AgentEvent_AgentStart{
		AgentStart: &flow.TimeNotification{Time: when}}}
	debug := &flow.DebugEvent{Type: flow.DebugEventType_DBG_GENERIC, Message: "m", Arg1: wrapperspb.UInt32(0)}
	status := &relay.NodeStatusEvent{StateChange: relay.NodeState_NODE_CONNECTED, NodeNames: []string{"n1"}}
	return []any{
		&observer.ExportEvent{Time: when, NodeName: "n1", ResponseTypes: &observer.ExportEvent_LostEvents{LostEvents: lost}},
		&observer.ExportEvent{Time: when, NodeName: "n1", ResponseTypes: &observer.ExportEvent_AgentEvent{AgentEvent: agent}},
		&observer.ExportEvent{Time: when, NodeName: "n1", ResponseTypes: &observer.ExportEvent_DebugEvent{DebugEvent: debug}},
		&observer.ExportEvent{Time: when, NodeName: "n1", ResponseTypes: &observer.ExportEvent_NodeStatus{NodeStatus: status}},
	}
}

// retina are flows as Retina makes them: verdicts of its own by number, and a structure of what its plugins counted.
func retina() []any {
	sent := base(flow.Verdict_FORWARDED, flow.TrafficDirection_EGRESS)
	sent.Extensions = extension(map[string]any{"bytes": 60, "tcp_id": 1 << 40, "previously_observed_packets": 4,
		"previously_observed_bytes": 240, "previously_observed_tcp_flags": map[string]any{"SYN": 1}})
	came := base(flow.Verdict_FORWARDED, flow.TrafficDirection_INGRESS)
	came.Extensions = extension(map[string]any{"bytes": 60})
	dropped := base(flow.Verdict_DROPPED, flow.TrafficDirection_INGRESS)
	dropped.Extensions = extension(map[string]any{"bytes": 60, "drop_reason": "SKB_DROP_REASON_NO_SOCKET"})
	again := base(flow.Verdict(15), flow.TrafficDirection_EGRESS)
	named := base(flow.Verdict(16), flow.TrafficDirection_EGRESS)
	named.Extensions = extension(map[string]any{"dns_type": "QUERY"})
	var all []any
	for _, one := range []*flow.Flow{sent, came, dropped, again, named} {
		all = append(all, &observer.GetFlowsResponse{
			Time: one.GetTime(), NodeName: one.GetNodeName(), ResponseTypes: &observer.GetFlowsResponse_Flow{Flow: one}})
	}
	return all
}

func extension(fields map[string]any) *anypb.Any {
	made, err := structpb.NewStruct(fields)
	if err != nil {
		panic(err)
	}
	kept, err := anypb.New(made)
	if err != nil {
		panic(err)
	}
	return kept
}
