"""Bookly: books, reviews and tags, with owners, roles and sessions that end when you say so.

Read it in this order: `models` (the tables), `permissions` (who may do what), `security` (the one `Auth` object),
`books/router` (what a route looks like), `books/service` (what it does), `main` (how it is put together).
"""
