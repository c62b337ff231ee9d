"""The tracking page: what it shows of a subject, and who is told when that changes."""
