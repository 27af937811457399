"""``lint502 diagnose --export``: SQL for engines that already have the logs, with the same causes.

All of it is made from ``error_log.toml`` and ``causes.toml``. The expressions are those that RE2
and PCRE have in common.
"""
