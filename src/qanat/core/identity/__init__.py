"""Accounts, users, access keys and the policies attached to users."""
