"""What is worth telling the author of a policy: checks over its text, and checks over what it means.

Invariant: codes and words are those of IAM Access Analyzer where it has the check; `catalogue` holds every one.
"""
