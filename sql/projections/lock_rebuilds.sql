-- Keeps everybody else from beginning or dropping a rebuild until the transaction ends.
LOCK TABLE rebuilds IN SHARE ROW EXCLUSIVE MODE
