"""A registry watched: what was pushed is judged, what a base moved from is built anew.

``watching`` runs it all in threads, ``working`` takes one job of the queue from its event to its verdict, ``judging``
is the run of the engine, ``quarantine`` what is done about a denied image, ``polling`` finds what nobody told of,
``bases`` which images stand on a base that moved, ``rebuilding`` tells who builds them.
"""
