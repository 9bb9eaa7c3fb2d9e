"""Layers: archives of changes to a file system, each on top of another.

``unpacking`` unpacks and checks one, ``tar`` reads its entries, ``union`` says what of it still shows below other
layers. All of it streams: no more is held than one piece, and the content that somebody asks for. Nothing is written to
disk. Source: OCI image-spec 1.1, layer.md.
"""
