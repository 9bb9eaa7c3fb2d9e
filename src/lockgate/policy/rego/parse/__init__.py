"""Turns Rego text into a tree whose nodes know their places."""
