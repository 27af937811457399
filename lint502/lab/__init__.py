"""The lab: observe on a real nginx what lint502 says of it, on loopback and for seconds only."""
