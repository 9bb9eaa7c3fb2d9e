"""Text patterns at speed: Hyperscan finds where a match may end, RE2 says whether it is one.

Pure: bytes and definitions in, offsets out (the compiled Hyperscan database may be kept in a folder the caller names).
What does not belong: what a match means, how bad it is, what is said to people. Values never leave as text: a
:class:`Hit` holds offsets only, so that nothing here can print a secret.
"""

from lockgate.patterns.definition import Allow, Hit, Pattern, Target
from lockgate.patterns.entropy import shannon
from lockgate.patterns.matcher import Matcher

__all__ = ["Allow", "Hit", "Matcher", "Pattern", "Target", "shannon"]
