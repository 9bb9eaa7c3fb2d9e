"""The syntax tree: what a query says, before anything is known about tables.

Every node is frozen and has ``start`` and ``end``, offsets of its characters in the text. Pipes are flat: a
:class:`Pipeline` holds its operators in order, so that a long query is not a deep tree. Chains of ``and``, ``or``,
``+`` lean to the left without bound; whoever walks them walks the left side in a loop.
"""

from lockgate.kql.syntax.expressions import *  # noqa: F403 -- the nodes of the three modules are one noun
from lockgate.kql.syntax.graphs import *  # noqa: F403
from lockgate.kql.syntax.operators import *  # noqa: F403
from lockgate.kql.syntax.statements import *  # noqa: F403
