"""People who sign in with Microsoft Entra: whose access tokens are believed, and who they are here.

``keys`` has what the tenant signs with, ``tokens`` reads a token. What does not belong: tokens of our own (``access``).
"""
