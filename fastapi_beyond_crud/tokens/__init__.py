"""Tokens without I/O: keys and their rotation, the access token's format, the refresh token's arithmetic."""
