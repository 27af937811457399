"""What an error log of nginx says of upstreams: records, their causes, and their hops."""
