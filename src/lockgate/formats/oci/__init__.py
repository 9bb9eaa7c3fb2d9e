"""Images of containers as OCI and Docker write them down: names, digests, manifests, configurations, history, layers.

Pure: bytes in, nouns out. Every number that a document may choose (layers, entries, sizes, depth) is bounded, every
digest is one that can be checked. What does not belong: where the bytes come from (``sources.image``).
"""
