-- Makes a token the current one of an Apple key, unless another process was first; no row says so.
-- $1 text         team id
-- $2 text         key id
-- $3 bytea        sealed token
-- $4 timestamptz  when it was signed
-- $5 timestamptz  when the token that it replaces was signed; NULL where there was none
-- Returns: issued_at timestamptz
INSERT INTO provider_tokens AS t (team_id, key_id, sealed, issued_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (team_id, key_id) DO UPDATE
    SET sealed = excluded.sealed, issued_at = excluded.issued_at
    WHERE t.issued_at = $5
RETURNING issued_at
