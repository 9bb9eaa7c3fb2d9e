"""Resolves names, orders bodies by safety and finds what OPA's compiler refuses."""
