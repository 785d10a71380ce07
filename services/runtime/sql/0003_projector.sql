-- revision counts changes to what is parked; shape is a digest of the tables as they were made; superseded_in is the release that no
-- longer declared this version, whose schema the release after it drops.
ALTER TABLE projector.checkpoints
  ADD COLUMN revision bigint NOT NULL DEFAULT 0,
  ADD COLUMN moved_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN shape text,
  ADD COLUMN superseded_in text;

-- How far a rebuild is, for whoever watches it. A row that has not moved for a minute is of a rebuild that was interrupted.
CREATE TABLE projector.rebuilds (
  projection text NOT NULL,
  version int NOT NULL,
  position bigint NOT NULL,
  target bigint NOT NULL,
  moved_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (projection, version)
);
