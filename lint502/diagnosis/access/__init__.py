"""What access logs of nginx say of what the clients got."""
