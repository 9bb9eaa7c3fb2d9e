"""The web console and the API of a team: pages and JSON over the same record, rulebook and gates.

``application`` joins it; ``asking`` says who asks and what they may; ``shield`` keeps hostile requests out; ``drawing``
draws templates. ``pages`` and ``api`` grow by one module a subject, each with its ``ROUTES``. What does not belong:
what is decided (``gates``, ``access``), what is kept (``store``), the query APIs of the services (``server.query``).
"""
