"""A whole house on one machine, to try it: `make demo`, `make up`, and the processes that they start and end."""
