"""Log-out, disabling and role changes that take effect on the next request."""
