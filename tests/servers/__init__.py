"""Embedded servers: what they refuse, what they survive, and that nothing survives them."""
