"""Rego: parsed, checked, compiled to Python source, and evaluated on plain JSON."""
