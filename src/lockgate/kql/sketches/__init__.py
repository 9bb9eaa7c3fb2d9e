"""Small summaries of many values that can be kept and put together: how many different ones, and where they lie.

Their form is our own, since that of the service's is not documented; a sketch of the service cannot be read here. Each
is a JSON array, as the service's is, whose first element says what it is.
"""
