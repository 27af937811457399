"""lint502: which nginx configuration changes will answer 502 Bad Gateway."""

__version__ = "0.1.0"
