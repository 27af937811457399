"""How well ``lint502 diagnose`` reads the logs of a real nginx of which most hops fail by design."""
