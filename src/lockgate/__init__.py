"""Lockgate: one record, one rulebook and replay for a Kubernetes delivery line.

Nothing is imported here: ``lockgate --help`` must start in a blink.
"""

__version__ = "0.1.0"
