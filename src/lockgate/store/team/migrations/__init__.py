"""How the team's database came to be as it is, step by step (Alembic); one numbered file a step, in one line.

A step declares its tables itself: what a later Lockgate makes of a table must not change what an older step did.
"""
