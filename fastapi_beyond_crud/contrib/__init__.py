"""Adapters to what other people made, one file each."""
