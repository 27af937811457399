"""The command line: one module a command, which reads arguments, calls the stages, and reports."""
