"""What an error log of nginx says of upstreams: records, their causes, the hops that they are of."""
