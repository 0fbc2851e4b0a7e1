"""Values and rules without I/O: errors, the principal, identifiers, the clock."""
