"""How the log reaches Postgres."""
