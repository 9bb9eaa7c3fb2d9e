"""What a team changes in place, in one relational database: people, sessions, approvals, jobs, the audit trail.

SQLite in the workspace (``team.db``), or PostgreSQL where several servers run. One module a noun; each declares its
tables on ``database.METADATA``, and a migration makes them (``migrations/versions``). What does not belong: what only
grows (``store.record``), and what every check needs at once (``store.ledger``).
"""
