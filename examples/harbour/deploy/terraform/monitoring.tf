resource "azurerm_log_analytics_workspace" "watch" {
  name                = "watch"
  location            = "westeurope"
  resource_group_name = "harbour"
  retention_in_days   = 30
}

resource "azurerm_log_analytics_workspace" "watch_safe" {
  name                = "watch-safe"
  location            = "westeurope"
  resource_group_name = "harbour"
  retention_in_days   = 180
}

resource "azurerm_monitor_diagnostic_setting" "papers" {
  name                       = "numbers-only"
  target_resource_id         = azurerm_storage_account.papers_safe.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.watch_safe.id

  enabled_metric {
    category = "Transaction"
  }
}

resource "azurerm_monitor_diagnostic_setting" "shop_safe" {
  name                       = "who-read-what"
  target_resource_id         = azurerm_key_vault.shop_safe.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.watch_safe.id

  enabled_log {
    category = "AuditEvent"
  }
}

resource "azurerm_monitor_action_group" "night_watch" {
  name                = "night-watch"
  resource_group_name = "harbour"
  short_name          = "night"
  enabled             = false
}

resource "azurerm_monitor_action_group" "day_watch" {
  name                = "day-watch"
  resource_group_name = "harbour"
  short_name          = "day"
  enabled             = true
}

resource "azurerm_monitor_activity_log_alert" "policy_removed" {
  name                = "policy-removed"
  location            = "global"
  resource_group_name = "harbour"
  scopes              = ["/subscriptions/11111111-1111-1111-1111-111111111111"]
  enabled             = false # switched off during the move

  criteria {
    category       = "Administrative"
    operation_name = "Microsoft.Authorization/policyAssignments/delete"
  }
}

resource "azurerm_monitor_activity_log_alert" "door_opened" {
  name                = "door-opened"
  location            = "global"
  resource_group_name = "harbour"
  scopes              = ["/subscriptions/11111111-1111-1111-1111-111111111111"]
  enabled             = true # tells the day watch

  criteria {
    category       = "Administrative"
    operation_name = "Microsoft.Network/networkSecurityGroups/securityRules/write"
  }
}
