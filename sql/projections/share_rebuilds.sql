-- Keeps everybody from beginning or dropping a rebuild until the transaction ends, and works beside others that do so.
LOCK TABLE rebuilds IN ROW EXCLUSIVE MODE
