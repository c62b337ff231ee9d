-- Keeps everybody else from beginning, dropping or moving a rebuild until the transaction ends.
LOCK TABLE rebuilds IN SHARE ROW EXCLUSIVE MODE
