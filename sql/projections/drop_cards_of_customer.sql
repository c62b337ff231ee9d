-- Deletes a customer's cards that are over, and counts those that are not. A card that was recalled may go whenever it
-- was made: a matcher may have added it while the phone was being signed out.
-- $1 smallint     slot
-- $2 text         customer id
-- $3 timestamptz  made at this time or earlier
-- Returns: open bigint
WITH gone AS (
    DELETE FROM cards AS c
    WHERE c.slot = $1 AND c.customer_id = $2 AND c.phase = 'over'
      AND (c.created_at <= $3 OR c.recalled_at IS NOT NULL)
)
SELECT count(*) AS open
FROM cards AS c
WHERE c.slot = $1 AND c.customer_id = $2 AND c.created_at <= $3 AND c.phase <> 'over'
