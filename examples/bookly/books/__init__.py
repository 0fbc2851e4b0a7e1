"""Books: the heart of it. Read the router first, then the service."""
