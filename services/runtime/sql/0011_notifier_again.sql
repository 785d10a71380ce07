-- An operator wants what was passed over to be tried again: whoever leads does it, then the row is gone or says anew why not.
ALTER TABLE notifier.parked ADD COLUMN attempts int NOT NULL DEFAULT 1, ADD COLUMN again boolean NOT NULL DEFAULT false;
