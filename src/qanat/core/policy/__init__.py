"""IAM policy: documents read once and compiled, requests decided by one pure call, decisions that explain themselves.

Invariant: a policy that cannot be understood whole is refused when it is written, so evaluation never fails.
"""
