"""Certificates of what listens: an own authority, or files that somebody else renews; taken up while serving."""
