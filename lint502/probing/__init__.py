"""Asks the running upstreams whether what is claimed of them is true."""
