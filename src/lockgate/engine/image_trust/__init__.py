"""Images held to their policy: what lies beside one is fetched, what the record knows of it asked, the gate decides.

``policies`` reads a policy with the keys and roots it names, ``scans`` asks the record, ``verify`` is one image.
"""
