"""Signatures of the Notary Project held against a trust policy, and made. Pure: certificates and time are given.

``chains`` has the rules for certificates, ``verifying`` the five checks of the specification, ``making`` the envelope.
"""
