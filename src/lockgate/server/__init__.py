"""What listens: HTTPS services that other programs call. The admission webhook, and the query APIs.

Nothing here knows a rule: a server is handed what judges, what records and what to serve with. Commands start servers,
so ``cli`` stands above and nothing below knows them.
"""
