resource "azurerm_role_assignment" "captain" {
  scope                = "/subscriptions/11111111-1111-1111-1111-111111111111"
  role_definition_name = "Contributor"
  principal_id         = var.captain_id
  principal_type       = "User"
}

resource "azurerm_role_assignment" "crew_safe" {
  scope                = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/harbour"
  role_definition_name = "Contributor"
  principal_id         = var.crew_id
  principal_type       = "Group"
}

resource "azurerm_role_definition" "harbour_master" {
  name  = "Harbour master"
  scope = "/subscriptions/11111111-1111-1111-1111-111111111111"

  permissions { # everything
    actions = ["*"]
  }
}

resource "azurerm_role_definition" "pilot_safe" {
  name  = "Pilot"
  scope = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/harbour"

  permissions { # one thing
    actions = ["Microsoft.Web/sites/restart/action"]
  }
}

resource "azurerm_key_vault_access_policy" "captain" {
  key_vault_id       = azurerm_key_vault.shop.id
  tenant_id          = var.tenant_id
  object_id          = var.captain_id
  secret_permissions = ["Get", "Purge"]
}

resource "azurerm_key_vault_access_policy" "crew_safe" {
  key_vault_id       = azurerm_key_vault.shop_safe.id
  tenant_id          = var.tenant_id
  object_id          = var.crew_id
  secret_permissions = ["Get"]
}

variable "captain_id" {
  type = string
}

variable "crew_id" {
  type = string
}
