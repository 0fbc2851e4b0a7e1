"""What users show of themselves."""
