"""Accounts, token pairs, instant revocation, roles and rules for FastAPI."""
