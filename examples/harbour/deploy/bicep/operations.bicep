param location string = resourceGroup().location
param workspaceId string
param subnetId string
param registryZoneId string

resource fleet 'Microsoft.ContainerService/managedClusters@2024-05-01' = {
  name: 'fleet'
  location: location
  properties: {
    dnsPrefix: 'fleet'
    agentPoolProfiles: [
      {
        name: 'decks'
        enableNodePublicIP: true
      }
    ]
    securityProfile: {
      defender: { securityMonitoring: { enabled: false } }
    }
  }
}

resource fleetSafe 'Microsoft.ContainerService/managedClusters@2024-05-01' = {
  name: 'fleetsafe'
  location: location
  properties: {
    dnsPrefix: 'fleetsafe'
    agentPoolProfiles: [
      {
        name: 'cabins'
        enableNodePublicIP: false
      }
    ]
    securityProfile: {
      defender: { logAnalyticsWorkspaceResourceId: workspaceId, securityMonitoring: { enabled: true } }
    }
  }
}

resource fleetLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: fleetSafe
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'kube-audit-admin'
        enabled: true
      }
    ]
  }
}

resource holds 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: 'holds'
  location: location
  sku: {
    name: 'Premium'
  }
  properties: {
    anonymousPullEnabled: true
    policies: {
      exportPolicy: {
        status: 'enabled'
      }
    }
  }
}

resource holdsSafe 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: 'holdssafe'
  location: location
  sku: {
    name: 'Premium'
  }
  properties: {
    anonymousPullEnabled: false
    policies: {
      exportPolicy: {
        status: 'disabled'
      }
    }
  }
}

resource gangway 'Microsoft.Network/privateEndpoints@2023-11-01' = {
  name: 'gangway'
  location: location
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: 'gangway'
        properties: {
          privateLinkServiceId: holdsSafe.id
          groupIds: [
            'registry'
          ]
        }
      }
    ]
  }

  resource zones 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: 'registry'
          properties: {
            privateDnsZoneId: registryZoneId
          }
        }
      ]
    }
  }
}
