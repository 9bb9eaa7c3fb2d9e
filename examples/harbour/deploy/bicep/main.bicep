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
