"""What is done to the tables: one statement an act, its races decided by the database.

An act takes a connection or a session and never commits. The statements are built once, for the classes of
one account model.
"""
