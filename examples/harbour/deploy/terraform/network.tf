resource "azurerm_virtual_network" "harbour" {
  name                = "harbour"
  location            = "westeurope"
  resource_group_name = "harbour"
  address_space       = ["10.20.0.0/16"]
}

resource "azurerm_virtual_network_dns_servers" "harbour" {
  virtual_network_id = azurerm_virtual_network.harbour.id
  dns_servers        = ["10.20.0.4"]
}

resource "azurerm_virtual_network" "harbour_safe" {
  name                = "harboursafe"
  location            = "westeurope"
  resource_group_name = "harbour"
  address_space       = ["10.21.0.0/16"]
}

resource "azurerm_virtual_network_dns_servers" "harbour_safe" {
  virtual_network_id = azurerm_virtual_network.harbour_safe.id
  dns_servers        = ["10.21.0.4", "10.21.0.5"]
}

resource "azurerm_subnet" "carts" {
  name                 = "carts"
  resource_group_name  = "harbour"
  virtual_network_name = azurerm_virtual_network.harbour.name
  address_prefixes     = ["10.20.1.0/24"]
}

resource "azurerm_subnet" "carts_safe" {
  name                 = "carts-safe"
  resource_group_name  = "harbour"
  virtual_network_name = azurerm_virtual_network.harbour_safe.name
  address_prefixes     = ["10.21.1.0/24"]
}

resource "azurerm_subnet_network_security_group_association" "carts_safe" {
  subnet_id                 = azurerm_subnet.carts_safe.id
  network_security_group_id = azurerm_network_security_group.carts.id
}

resource "azurerm_network_security_group" "carts" {
  name                = "carts"
  location            = "westeurope"
  resource_group_name = "harbour"
}

resource "azurerm_network_security_rule" "desktop" {
  name                        = "desktop-from-anywhere"
  resource_group_name         = "harbour"
  network_security_group_name = azurerm_network_security_group.carts.name
  priority                    = 200
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  source_address_prefix       = "*"
  destination_port_range      = "3389"
  destination_address_prefix  = "*"
}

resource "azurerm_network_security_rule" "desktop_safe" {
  name                        = "desktop-from-bastion"
  resource_group_name         = "harbour"
  network_security_group_name = azurerm_network_security_group.carts.name
  priority                    = 210
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  source_address_prefix       = "10.21.9.0/26"
  destination_port_range      = "3389-3389"
  destination_address_prefix  = "*"
}

resource "azurerm_network_interface" "crane" {
  name                  = "crane"
  location              = "westeurope"
  resource_group_name   = "harbour"
  ip_forwarding_enabled = true
}

resource "azurerm_network_interface" "crane_safe" {
  name                  = "crane-safe"
  location              = "westeurope"
  resource_group_name   = "harbour"
  ip_forwarding_enabled = false
}

resource "azurerm_storage_account_network_rules" "papers" {
  storage_account_id = azurerm_storage_account.papers.id
  default_action     = "Allow"
}

resource "azurerm_storage_account_network_rules" "papers_safe" {
  storage_account_id = azurerm_storage_account.papers_safe.id
  default_action     = "Deny"
  bypass             = ["AzureServices"]
}

resource "azurerm_private_endpoint" "papers_safe" {
  name                = "papers-safe"
  location            = "westeurope"
  resource_group_name = "harbour"
  subnet_id           = azurerm_subnet.carts_safe.id

  private_service_connection {
    name                           = "papers-safe"
    is_manual_connection           = false
    private_connection_resource_id = azurerm_storage_account.papers_safe.id
    subresource_names              = ["blob"]
  }
}

resource "azurerm_private_endpoint" "shop_safe" {
  name                = "shop-safe"
  location            = "westeurope"
  resource_group_name = "harbour"
  subnet_id           = azurerm_subnet.carts_safe.id

  private_service_connection {
    name                           = "shop-safe"
    is_manual_connection           = false
    private_connection_resource_id = azurerm_key_vault.shop_safe.id
    subresource_names              = ["vault"]
  }

  private_dns_zone_group {
    name                 = "vaults"
    private_dns_zone_ids = [var.vault_zone_id]
  }
}

variable "vault_zone_id" {
  type = string
}
