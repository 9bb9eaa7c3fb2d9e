"""Deployments that wait at a gate: what is known of each is gathered from the record, people are asked and told.

``desk`` is what every way in calls: a request, a look, an answer, a broken glass. ``gathering`` makes the evidence,
``manifests`` reads what is rendered, ``handlers`` are its background jobs, ``notices`` tell people, ``admitting`` says
which digests a namespace takes. What does not belong: deciding (``gates.deployment``), and keeping
(``store.team.gates``).
"""
