"""A code repository as a source: its working tree, its index, what a change introduces, its whole history.

A folder that is no git repository is read as a tree. What a change introduces (``changes``), what was ever committed
(``history``) and what stands elsewhere (``clone``) are imported by who asks for them. What does not belong: judging,
and forges' APIs.
"""

from lockgate.sources.repository.git import Git, repository_and_head, repository_of
from lockgate.sources.repository.tree import TreeSource

__all__ = ["Git", "TreeSource", "repository_and_head", "repository_of"]
