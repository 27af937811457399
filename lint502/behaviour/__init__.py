"""What nginx and the servers behind it do: facts that rules, lab and log reader share."""
