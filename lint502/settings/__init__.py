"""The settings of a repository, and the values that templates are given."""
