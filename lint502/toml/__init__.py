"""TOML files: their text, the places of their keys, and what is wrong in them."""
