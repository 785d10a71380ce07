"""`support dev`: everything on one machine, from servers to processes, in one go."""
