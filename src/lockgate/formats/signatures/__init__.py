"""What says who made an image: signatures, envelopes and statements, read and written as bytes. Pure.

One form a module. Whether a signature holds is not asked here (``lockgate.signing`` does, with keys and certificates);
where they lie is the business of ``sources.image``. Everything is of unknown origin: bounded, with no key twice.
"""
