-- Where the notifier is in the log. Made at its own first start: what happened before is told to nobody.
CREATE SCHEMA notifier;
CREATE TABLE notifier.places (
  name text PRIMARY KEY,
  epoch int NOT NULL,
  position bigint NOT NULL,
  moved_at timestamptz NOT NULL DEFAULT now()
);
-- Events that it could not deal with and has passed over. error is a class name, never a message: messages may quote personal data.
-- again: an operator wants it tried again; whoever leads does it, then the row is gone or says anew why not.
CREATE TABLE notifier.parked (
  epoch int NOT NULL,
  position bigint NOT NULL,
  topic text NOT NULL,
  error text NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  attempts int NOT NULL DEFAULT 1,
  again boolean NOT NULL DEFAULT false,
  PRIMARY KEY (epoch, position)
);
