resource "azurerm_key_vault" "shop" {
  name                          = "harbour"
  location                      = "westeurope"
  resource_group_name           = "harbour"
  tenant_id                     = var.tenant_id
  sku_name                      = "standard"
  purge_protection_enabled      = false
  public_network_access_enabled = true
}

resource "azurerm_key_vault" "shop_safe" {
  name                          = "harboursafe"
  location                      = "westeurope"
  resource_group_name           = "harbour"
  tenant_id                     = var.tenant_id
  sku_name                      = "premium"
  purge_protection_enabled      = true
  public_network_access_enabled = false
}

variable "tenant_id" {
  type = string
}

resource "azurerm_storage_account" "papers" {
  name                            = "harbourpapers"
  location                        = "westeurope"
  resource_group_name             = "harbour"
  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  https_traffic_only_enabled      = false
  min_tls_version                 = "TLS1_0"
  allow_nested_items_to_be_public = true
}

resource "azurerm_storage_account" "papers_safe" {
  name                            = "harbourpaperssafe"
  location                        = "westeurope"
  resource_group_name             = "harbour"
  account_tier                    = "Standard"
  account_replication_type        = "GZRS"
  https_traffic_only_enabled      = true
  min_tls_version                 = "TLS1_2"
  allow_nested_items_to_be_public = false
}

resource "azurerm_role_assignment" "deployer" {
  scope                = "/subscriptions/11111111-1111-1111-1111-111111111111"
  role_definition_name = "Owner"
  principal_id         = var.deployer_id
}

resource "azurerm_role_assignment" "deployer_safe" {
  scope                = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/harbour"
  role_definition_name = "AcrPush"
  principal_id         = var.deployer_id
}

resource "azurerm_federated_identity_credential" "build" {
  name      = "build"
  parent_id = var.deployer_id
  issuer    = "https://token.actions.githubusercontent.com"
  subject   = "repo:harbour/*"
  audience  = ["api://AzureADTokenExchange"]
}

resource "azurerm_federated_identity_credential" "build_safe" {
  name      = "build-safe"
  parent_id = var.deployer_id
  issuer    = "https://token.actions.githubusercontent.com"
  subject   = "repo:harbour/shop:environment:production"
  audience  = ["api://AzureADTokenExchange"]
}

variable "deployer_id" {
  type = string
}
