"""What start commands state: which servers they start, and what the options, variables and
configurations of those say of where and how they listen. Nothing is run."""

from lint502.declared.sources.commands.follow import Started, started

__all__ = ["Started", "started"]
