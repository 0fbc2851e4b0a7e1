"""Other libraries as their own guides set them up. These files run in the environment of the rivals only."""
