"""The project itself: its versions, its rules, and the command that developers run."""
