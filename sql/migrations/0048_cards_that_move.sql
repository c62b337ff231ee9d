-- Cards that were taken over move with their phone, when its app tells of it under an id of its own.

CREATE INDEX cards_taken_over ON cards (device_id) WHERE starter = 'other';
