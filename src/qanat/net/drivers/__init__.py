"""Where the listeners of a VPC are placed: one module a driver, all to the one protocol in `base`."""
