"""What nginx's error log says of upstreams: records, their causes, and of which hops they are."""
