"""Networks, security groups, gateways, firewalls, balancers and content delivery."""

from __future__ import annotations

_RULE = """
{0}properties.access {1}access
{0}properties.direction {1}direction
{0}properties.priority {1}priority
{0}properties.protocol {1}protocol
{0}properties.description {1}description
{0}properties.sourcePortRange {1}source_port_range
{0}properties.sourcePortRanges {1}source_port_ranges
{0}properties.destinationPortRange {1}destination_port_range
{0}properties.destinationPortRanges {1}destination_port_ranges
{0}properties.sourceAddressPrefix {1}source_address_prefix
{0}properties.sourceAddressPrefixes {1}source_address_prefixes
{0}properties.destinationAddressPrefix {1}destination_address_prefix
{0}properties.destinationAddressPrefixes {1}destination_address_prefixes
""".strip()

TABLE = f"""
azurerm_network_security_group Microsoft.Network/networkSecurityGroups
properties.securityRules[].name security_rule[].name
{_RULE.format("properties.securityRules[].", "security_rule[].")}

azurerm_network_security_rule Microsoft.Network/networkSecurityGroups/securityRules
parent network_security_group_name
{_RULE.format("", "")}

azurerm_virtual_network Microsoft.Network/virtualNetworks
properties.addressSpace.addressPrefixes address_space
properties.dhcpOptions.dnsServers dns_servers
properties.ddosProtectionPlan.id ddos_protection_plan.id
properties.enableDdosProtection ddos_protection_plan.enable
properties.flowTimeoutInMinutes flow_timeout_in_minutes
properties.subnets[].name subnet[].name
properties.subnets[].properties.addressPrefix subnet[].address_prefix
properties.subnets[].properties.addressPrefixes subnet[].address_prefixes
properties.subnets[].properties.networkSecurityGroup.id subnet[].security_group

azurerm_subnet Microsoft.Network/virtualNetworks/subnets
parent virtual_network_name
properties.addressPrefixes address_prefixes
properties.addressPrefix address_prefix
properties.serviceEndpoints[].service service_endpoints[]
properties.defaultOutboundAccess default_outbound_access_enabled =true
properties.privateEndpointNetworkPolicies private_endpoint_network_policies
properties.privateLinkServiceNetworkPolicies private_link_service_network_policies_enabled ?Enabled:Disabled
properties.delegations[].name delegation[].name
properties.delegations[].properties.serviceName delegation[].service_delegation.name

azurerm_subnet_network_security_group_association Microsoft.Network/virtualNetworks/subnets
joins subnet_id
properties.networkSecurityGroup.id network_security_group_id

azurerm_subnet_route_table_association Microsoft.Network/virtualNetworks/subnets
joins subnet_id
properties.routeTable.id route_table_id

azurerm_subnet_nat_gateway_association Microsoft.Network/virtualNetworks/subnets
joins subnet_id
properties.natGateway.id nat_gateway_id

azurerm_virtual_network_dns_servers Microsoft.Network/virtualNetworks
joins virtual_network_id
properties.dhcpOptions.dnsServers dns_servers

azurerm_network_interface_security_group_association Microsoft.Network/networkInterfaces
joins network_interface_id
properties.networkSecurityGroup.id network_security_group_id

azurerm_network_interface Microsoft.Network/networkInterfaces
properties.enableIPForwarding ip_forwarding_enabled | enable_ip_forwarding =false
properties.enableAcceleratedNetworking accelerated_networking_enabled | enable_accelerated_networking
properties.dnsSettings.dnsServers dns_servers
properties.ipConfigurations[].name ip_configuration[].name
properties.ipConfigurations[].properties.privateIPAllocationMethod ip_configuration[].private_ip_address_allocation
properties.ipConfigurations[].properties.privateIPAddress ip_configuration[].private_ip_address
properties.ipConfigurations[].properties.subnet.id ip_configuration[].subnet_id
properties.ipConfigurations[].properties.publicIPAddress.id ip_configuration[].public_ip_address_id

azurerm_public_ip Microsoft.Network/publicIPAddresses
sku.name sku =Standard
sku.tier sku_tier
properties.publicIPAllocationMethod allocation_method
properties.publicIPAddressVersion ip_version =IPv4
properties.idleTimeoutInMinutes idle_timeout_in_minutes
properties.dnsSettings.domainNameLabel domain_name_label
properties.ddosSettings.protectionMode ddos_protection_mode

azurerm_nat_gateway Microsoft.Network/natGateways
sku.name sku_name =Standard
properties.idleTimeoutInMinutes idle_timeout_in_minutes

azurerm_route_table Microsoft.Network/routeTables
properties.disableBgpRoutePropagation bgp_route_propagation_enabled ! =true
properties.routes[].name route[].name
properties.routes[].properties.addressPrefix route[].address_prefix
properties.routes[].properties.nextHopType route[].next_hop_type
properties.routes[].properties.nextHopIpAddress route[].next_hop_in_ip_address

azurerm_lb Microsoft.Network/loadBalancers
sku.name sku =Standard
sku.tier sku_tier
properties.frontendIPConfigurations[].name frontend_ip_configuration[].name
properties.frontendIPConfigurations[].properties.publicIPAddress.id frontend_ip_configuration[].public_ip_address_id
properties.frontendIPConfigurations[].properties.subnet.id frontend_ip_configuration[].subnet_id

azurerm_application_gateway Microsoft.Network/applicationGateways
properties.sku.name sku.name
properties.sku.tier sku.tier
properties.sku.capacity sku.capacity
properties.enableHttp2 enable_http2 | http2_enabled
properties.enableFips fips_enabled
properties.firewallPolicy.id firewall_policy_id
properties.webApplicationFirewallConfiguration.enabled waf_configuration.enabled
properties.webApplicationFirewallConfiguration.firewallMode waf_configuration.firewall_mode
properties.webApplicationFirewallConfiguration.ruleSetType waf_configuration.rule_set_type
properties.webApplicationFirewallConfiguration.ruleSetVersion waf_configuration.rule_set_version
properties.sslPolicy.policyType ssl_policy.policy_type
properties.sslPolicy.policyName ssl_policy.policy_name
properties.sslPolicy.minProtocolVersion ssl_policy.min_protocol_version
properties.sslPolicy.cipherSuites ssl_policy.cipher_suites
properties.sslPolicy.disabledSslProtocols ssl_policy.disabled_protocols
properties.gatewayIPConfigurations[].name gateway_ip_configuration[].name
properties.gatewayIPConfigurations[].properties.subnet.id gateway_ip_configuration[].subnet_id
properties.frontendPorts[].name frontend_port[].name
properties.frontendPorts[].properties.port frontend_port[].port
properties.frontendIPConfigurations[].name frontend_ip_configuration[].name
properties.frontendIPConfigurations[].properties.publicIPAddress.id frontend_ip_configuration[].public_ip_address_id
properties.frontendIPConfigurations[].properties.subnet.id frontend_ip_configuration[].subnet_id
properties.backendAddressPools[].name backend_address_pool[].name
properties.backendHttpSettingsCollection[].name backend_http_settings[].name
properties.backendHttpSettingsCollection[].properties.port backend_http_settings[].port
properties.backendHttpSettingsCollection[].properties.protocol backend_http_settings[].protocol
properties.backendHttpSettingsCollection[].properties.cookieBasedAffinity
  backend_http_settings[].cookie_based_affinity
properties.backendHttpSettingsCollection[].properties.requestTimeout backend_http_settings[].request_timeout
properties.backendHttpSettingsCollection[].properties.path backend_http_settings[].path
properties.httpListeners[].name http_listener[].name
properties.httpListeners[].properties.protocol http_listener[].protocol
properties.httpListeners[].properties.hostName http_listener[].host_name
properties.requestRoutingRules[].name request_routing_rule[].name
properties.requestRoutingRules[].properties.ruleType request_routing_rule[].rule_type
properties.requestRoutingRules[].properties.priority request_routing_rule[].priority

azurerm_web_application_firewall_policy Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies
properties.policySettings.state policy_settings.enabled ?Enabled:Disabled =true
properties.policySettings.mode policy_settings.mode =Prevention
properties.policySettings.requestBodyCheck policy_settings.request_body_check =true
properties.managedRules.managedRuleSets[].ruleSetType managed_rules.managed_rule_set[].type =OWASP
properties.managedRules.managedRuleSets[].ruleSetVersion managed_rules.managed_rule_set[].version
properties.managedRules.managedRuleSets[].ruleGroupOverrides[].ruleGroupName
  managed_rules.managed_rule_set[].rule_group_override[].rule_group_name

azurerm_firewall Microsoft.Network/azureFirewalls
properties.sku.name sku_name
properties.sku.tier sku_tier
properties.threatIntelMode threat_intel_mode =Alert
properties.firewallPolicy.id firewall_policy_id
properties.ipConfigurations[].name ip_configuration[].name
properties.ipConfigurations[].properties.subnet.id ip_configuration[].subnet_id
properties.ipConfigurations[].properties.publicIPAddress.id ip_configuration[].public_ip_address_id

azurerm_firewall_policy Microsoft.Network/firewallPolicies
properties.sku.tier sku =Standard
properties.threatIntelMode threat_intelligence_mode =Alert
properties.intrusionDetection.mode intrusion_detection.mode
properties.dnsSettings.servers dns.servers
properties.dnsSettings.enableProxy dns.proxy_enabled
properties.transportSecurity.certificateAuthority.keyVaultSecretId tls_certificate.key_vault_secret_id

azurerm_frontdoor Microsoft.Network/frontDoors
properties.enabledState load_balancer_enabled ?Enabled:Disabled =true
properties.frontendEndpoints[].name frontend_endpoint[].name
properties.frontendEndpoints[].properties.hostName frontend_endpoint[].host_name
properties.frontendEndpoints[].properties.webApplicationFirewallPolicyLink.id
  frontend_endpoint[].web_application_firewall_policy_link_id
properties.backendPools[].name backend_pool[].name
properties.backendPools[].properties.backends[].address backend_pool[].backend[].address
properties.backendPools[].properties.backends[].httpPort backend_pool[].backend[].http_port
properties.backendPools[].properties.backends[].httpsPort backend_pool[].backend[].https_port
properties.backendPools[].properties.backends[].backendHostHeader backend_pool[].backend[].host_header
properties.routingRules[].name routing_rule[].name
properties.routingRules[].properties.acceptedProtocols routing_rule[].accepted_protocols
properties.routingRules[].properties.patternsToMatch routing_rule[].patterns_to_match
properties.routingRules[].properties.routeConfiguration.forwardingProtocol
  routing_rule[].forwarding_configuration.forwarding_protocol
properties.healthProbeSettings[].name backend_pool_health_probe[].name
properties.loadBalancingSettings[].name backend_pool_load_balancing[].name

azurerm_frontdoor_firewall_policy azurerm_cdn_frontdoor_firewall_policy
  Microsoft.Network/FrontDoorWebApplicationFirewallPolicies
sku.name sku_name
properties.policySettings.enabledState enabled ?Enabled:Disabled =true
properties.policySettings.mode mode

azurerm_cdn_endpoint Microsoft.Cdn/profiles/endpoints
parent profile_name
properties.isHttpAllowed is_http_allowed =true
properties.isHttpsAllowed is_https_allowed =true
properties.originHostHeader origin_host_header
properties.originPath origin_path
properties.contentTypesToCompress content_types_to_compress
properties.origins[].name origin[].name
properties.origins[].properties.hostName origin[].host_name

azurerm_cdn_endpoint_custom_domain Microsoft.Cdn/profiles/endpoints/customDomains
properties.hostName host_name
properties.customHttpsParameters.minimumTlsVersion cdn_managed_https.tls_version | user_managed_https.tls_version
properties.customHttpsParameters.protocolType cdn_managed_https.protocol_type
properties.customHttpsParameters.certificateSource cdn_managed_https 'Cdn
properties.customHttpsParameters.certificateSource user_managed_https 'AzureKeyVault

azurerm_private_endpoint Microsoft.Network/privateEndpoints
properties.subnet.id subnet_id
properties.privateLinkServiceConnections[].name private_service_connection[].name
properties.privateLinkServiceConnections[].properties.privateLinkServiceId
  private_service_connection[].private_connection_resource_id
properties.privateLinkServiceConnections[].properties.groupIds private_service_connection[].subresource_names

azurerm_private_endpoint/private_dns_zone_group Microsoft.Network/privateEndpoints/privateDnsZoneGroups
parent parent
properties.privateDnsZoneConfigs[].properties.privateDnsZoneId private_dns_zone_ids[]

azurerm_private_dns_zone Microsoft.Network/privateDnsZones
properties.maxNumberOfRecordSets max_number_of_record_sets

azurerm_network_watcher_flow_log Microsoft.Network/networkWatchers/flowLogs
parent network_watcher_name
properties.targetResourceId target_resource_id | network_security_group_id
properties.storageId storage_account_id
properties.enabled enabled
properties.retentionPolicy.enabled retention_policy.enabled
properties.retentionPolicy.days retention_policy.days

azurerm_virtual_network_gateway Microsoft.Network/virtualNetworkGateways
properties.gatewayType type
properties.vpnType vpn_type
properties.sku.name sku
properties.enableBgp bgp_enabled | enable_bgp
"""
