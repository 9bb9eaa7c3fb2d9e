"""The heart: one function that every surface calls, whatever is judged and whoever decides."""

from lockgate.engine.buffer import BufferSource, judge_buffer
from lockgate.engine.request import Progress, Request
from lockgate.engine.scan import scan

__all__ = ["BufferSource", "Progress", "Request", "judge_buffer", "scan"]
