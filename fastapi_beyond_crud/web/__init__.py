"""What touches FastAPI and is no router: credentials, guards, problem responses, documentation."""
