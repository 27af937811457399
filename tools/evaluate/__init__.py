"""How well ``lint502 diagnose`` reads the logs of a real nginx whose hops fail by design."""
