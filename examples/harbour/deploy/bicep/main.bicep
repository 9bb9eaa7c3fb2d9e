param location string = resourceGroup().location

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: 'harbour'
  location: location
  sku: { name: 'Premium' }
  properties: {
    adminUserEnabled: true
    publicNetworkAccess: 'Enabled'
  }
}

resource registrySafe 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: 'harboursafe'
  location: location
  sku: { name: 'Premium' }
  properties: {
    adminUserEnabled: false
    publicNetworkAccess: 'Disabled'
  }
}

resource cluster 'Microsoft.ContainerService/managedClusters@2024-05-01' = {
  name: 'harbour'
  location: location
  identity: { type: 'SystemAssigned' }
  properties: {
    dnsPrefix: 'harbour'
    enableRBAC: false
    disableLocalAccounts: false
  }
}

resource clusterSafe 'Microsoft.ContainerService/managedClusters@2024-05-01' = {
  name: 'harboursafe'
  location: location
  sku: { name: 'Base', tier: 'Standard' }
  identity: { type: 'SystemAssigned' }
  properties: {
    dnsPrefix: 'harboursafe'
    enableRBAC: true
    disableLocalAccounts: true
    aadProfile: { managed: true, enableAzureRBAC: true }
    apiServerAccessProfile: { enablePrivateCluster: true, disableRunCommand: true }
    networkProfile: { networkPlugin: 'azure', networkPolicy: 'cilium', outboundType: 'userDefinedRouting' }
    autoUpgradeProfile: { upgradeChannel: 'patch', nodeOSUpgradeChannel: 'NodeImage' }
    addonProfiles: {
      azurepolicy: { enabled: true }
    }
    securityProfile: {
      workloadIdentity: { enabled: true }
    }
  }
}

resource doors 'Microsoft.Network/networkSecurityGroups@2023-11-01' = {
  name: 'harbour-doors'
  location: location
  properties: {
    securityRules: [
      {
        name: 'maintenance-from-anywhere'
        properties: {
          access: 'Allow'
          direction: 'Inbound'
          priority: 100
          protocol: 'Tcp'
          sourcePortRange: '*'
          sourceAddressPrefix: 'Internet'
          destinationAddressPrefix: '*'
          destinationPortRange: '20-25'
        }
      }
    ]
  }
}

resource doorsSafe 'Microsoft.Network/networkSecurityGroups@2023-11-01' = {
  name: 'harbour-doors-safe'
  location: location
  properties: {
    securityRules: [
      {
        name: 'maintenance-from-office'
        properties: {
          access: 'Allow'
          direction: 'Inbound'
          priority: 100
          protocol: 'Tcp'
          sourcePortRange: '*'
          sourceAddressPrefix: '203.0.113.0/28'
          destinationAddressPrefix: '*'
          destinationPortRange: '22'
        }
      }
    ]
  }
}
