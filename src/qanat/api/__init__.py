"""A request from its bytes to its answer: authenticate, decode, authorise, submit."""
