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
