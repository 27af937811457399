"""Edits of files: proposed by rules, and made."""
