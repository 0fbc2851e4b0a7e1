"""Passwords: what is accepted, how they are hashed, and the threads that do it."""
