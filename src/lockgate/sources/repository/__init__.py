"""A code repository as a source: its working tree, its index, what a change introduces, its whole history.

A folder that is no git repository is read as a tree. What does not belong: judging, and forges' APIs.
"""

from lockgate.sources.repository.changes import ChangesSource, CommitSource, StagedSource
from lockgate.sources.repository.clone import cloned
from lockgate.sources.repository.git import Git, repository_of
from lockgate.sources.repository.history import HistorySource
from lockgate.sources.repository.tree import TreeSource

__all__ = [
    "ChangesSource",
    "CommitSource",
    "Git",
    "HistorySource",
    "StagedSource",
    "TreeSource",
    "cloned",
    "repository_of",
]
