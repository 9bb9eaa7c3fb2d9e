"""Gatekeeper's objects and what follows from them: templates, constraints, expansion, mutation, suites.

Stands on the policy languages; pure like them. Source of every semantic: gatekeeper 3.23 and its constraint framework,
read and, where the binary is there, run beside this in the tests.
"""
