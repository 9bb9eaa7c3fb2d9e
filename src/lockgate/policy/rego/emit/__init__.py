"""Turns checked modules into Python source: one function a rule, straight-line code without an interpreter."""
