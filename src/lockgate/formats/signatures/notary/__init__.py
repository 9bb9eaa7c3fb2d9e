"""Signatures of the Notary Project: envelopes in JWS and COSE, and the trust policy that says whose count. Pure.

Source: notaryproject/specifications 1.1 (signature-specification.md, signature-envelope-jws.md,
signature-envelope-cose.md, trust-store-trust-policy.md). Whether a signature holds: ``lockgate.signing.notary``.
"""
