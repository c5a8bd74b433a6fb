"""The commands that serve others: programs, visitors and homes."""
