"""Tags: one word, many books; one book, many words."""
