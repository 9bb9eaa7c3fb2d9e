"""Forges: GitHub, Azure DevOps and GitLab, asked over their APIs by one client within one budget.

``client`` makes requests; ``budget`` is what a piece of work may spend, shared by all its clients; ``rates``,
``paging`` and ``kept`` are what their answers say of limits, pages and validity; ``credentials`` is who asks.
``github``, ``azure_devops`` and ``gitlab`` know each forge's own ways. What does not belong: webhooks,
whose bodies are read by ``formats.forge_events``, and judging.
"""
