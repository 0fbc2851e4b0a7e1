"""Reviews: one of each user for each book."""
