"""What takes rows in over HTTP: the Logs Ingestion API of Azure Monitor.

A request is acknowledged when its rows are in a journal on the disk; they are in their table within a second. What does
not belong: who is let in (``mounts``), and how rows fit a table (``store.ingest``).
"""
