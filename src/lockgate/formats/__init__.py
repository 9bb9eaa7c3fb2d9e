"""Pure readers of the file formats we meet: bytes in, typed values and Skips out. No file, socket or database.

One lock or manifest format a module of ``formats.lockfiles`` under the constant ``READER``. Other formats
(``dockerfile``, ``yaml_lines``, ...) are modules beside it. What does not belong: judging what was read.
"""
