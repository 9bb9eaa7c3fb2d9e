"""What is done about pushes and pull requests of forges: judged by ``engine.scan``, told where they happened.

``connections`` are the forges of the settings; ``happenings`` what becomes a job; ``accepting`` takes deliveries in;
``judging`` judges exactly what a change introduces; ``telling`` puts the verdict into a forge's words; ``working`` is
the jobs; ``reconciling`` finds what nobody told. What does not belong: forges' APIs (``sources.forges``),
and who may deploy (``engine.deployments``).
"""
