"""Where secret values lie: references to them, and how they are opened. A value has no repr, and is in no error.

``references`` reads what settings name; ``signing_keys`` opens private keys by what a person names: ``files``,
``pkcs11`` (tokens), ``key_vault`` (Azure). Stands above ``signing``, whose keys it opens.
"""
