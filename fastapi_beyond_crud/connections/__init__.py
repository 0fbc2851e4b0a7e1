"""The servers that the library talks to: PostgreSQL and Redis."""
