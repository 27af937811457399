"""What ``lint502 init`` writes: the settings, and a table for each upstream that hops reach."""
