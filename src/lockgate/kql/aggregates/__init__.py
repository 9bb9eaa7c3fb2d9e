"""What Kusto's aggregates compute of the rows of one group, by columns.

An aggregate is made for the types of its arguments and of its result, and takes one list of values for each argument
(see :mod:`lockgate.kql.functions` for what a value is); the lists are equally long, in the order of the rows, and empty
when there are no rows. An aggregate without arguments takes the number of rows.
"""
