"""The network: HTTP, TLS, DNS, listeners, and the drivers that place sockets inside VPCs."""
