"""Pure readers of the file formats we meet: bytes in, typed values and Skips out. No file, socket or database.

One lock or manifest format a module of ``formats.lockfiles`` under the constant ``READER``. Readers of manifests and
infrastructure code (``manifests``, ``kustomize``, ``charts``, ``azure``) answer with objects, in the shape that
``objects`` gives. Other formats (``dockerfile``, ``sarif``, ...) are modules beside them. What does not belong: judging
what was read.
"""
