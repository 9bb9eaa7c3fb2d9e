"""Collects a cluster into the record: inventories, events, measurements, logs, and every state of every object.

``collector`` is the loop, ``position`` what makes a restart double nothing, ``scans`` what one interval brings,
``history`` every change, ``logs`` the lines of containers, ``tables`` the way into the record. What a row is like is
said in ``sources/cluster/insights``.
"""

from lockgate.engine.collect.collector import Collector, Plan, Tally

__all__ = ["Collector", "Plan", "Tally"]
