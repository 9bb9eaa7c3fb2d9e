"""Whether signatures hold: keys, certificates, logs and timestamps put to what ``formats.signatures`` has read. Pure.

``keys`` verify, ``private_keys`` sign; ``certificates`` are held against authorities, ``transparency`` against logs,
``timestamps`` against those who tell the time; ``sigstore`` joins them for one signature. Everything is done without
asking anybody: what is believed is given (a key, a trusted root). What a signature must be by is not asked here
(``gates.images``).
"""
