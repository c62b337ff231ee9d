-- Tells of the server what has to be in order before anything of ours is there.
-- Returns: number integer, encoding text, now timestamptz, commit text, fsync text, connections integer
SELECT current_setting('server_version_num')::integer AS number,
       current_setting('server_encoding') AS encoding,
       clock_timestamp() AS now,
       current_setting('synchronous_commit') AS commit,
       current_setting('fsync') AS fsync,
       current_setting('max_connections')::integer AS connections
