"""The lab: watch on a real nginx what lint502 says of it, on loopback and for seconds only."""
