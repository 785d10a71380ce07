-- The log and what is written with it in one transaction. Only store.append writes here; people with psql read store.events.
CREATE SCHEMA IF NOT EXISTS store;

-- An epoch is one unbroken line of facts; a restore begins the next. base: the last position kept of the line before.
CREATE TABLE store.logs (
  epoch int PRIMARY KEY CHECK (epoch > 0),
  began_at timestamptz NOT NULL,
  base bigint NOT NULL DEFAULT 0
);
INSERT INTO store.logs (epoch, began_at) VALUES (1, now());

-- Column names of the eventsourcing library where it has them, then the envelope, so that the relay decodes nothing.
CREATE TABLE store.stored_events (
  originator_id uuid NOT NULL,
  originator_version bigint NOT NULL CHECK (originator_version > 0),
  topic text COLLATE "C" NOT NULL,
  state bytea NOT NULL CHECK (octet_length(state) <= 524288),
  notification_id bigint NOT NULL UNIQUE CHECK (notification_id > 0),  -- the position: gapless, in commit order
  epoch int NOT NULL,
  class text COLLATE "C" NOT NULL CHECK (class IN ('public', 'confidential', 'restricted')),
  organisation uuid,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  correlation uuid NOT NULL,
  causation text COLLATE "C",
  actor_kind text COLLATE "C" NOT NULL,
  actor uuid NOT NULL,
  traceparent text COLLATE "C",
  PRIMARY KEY (originator_id, originator_version)
);

-- The first outcome of every accepted command that bore a key, so that a retry gets it again. request is a keyed hash of what was asked.
CREATE TABLE store.idempotency (
  principal text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  request bytea NOT NULL,
  outcome jsonb NOT NULL,
  position bigint,
  epoch int NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (principal, key)
);

-- Key-encryption key (settings) -> person -> entry. A destroyed key leaves its row, so that it can never be made again.
CREATE TABLE store.person_keys (
  person uuid PRIMARY KEY,
  wrapped bytea,
  kek text,
  destroyed_at timestamptz,
  CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE TABLE store.entry_keys (
  entry uuid PRIMARY KEY,
  person uuid NOT NULL,
  stream uuid NOT NULL,
  wrapped bytea,
  destroyed_at timestamptz,
  CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE INDEX entry_keys_of_stream ON store.entry_keys (stream);
CREATE INDEX entry_keys_of_person ON store.entry_keys (person);

-- HMACs that lead to an owner. The unique key is the reservation; erasing the subject deletes them.
CREATE TABLE store.lookups (
  kind text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  owner uuid NOT NULL,
  subject uuid,
  PRIMARY KEY (kind, digest)
);
CREATE INDEX lookups_of_owner ON store.lookups (owner);
CREATE INDEX lookups_of_subject ON store.lookups (subject) WHERE subject IS NOT NULL;

-- Beside the log: mutable and erasable. Events hold a member of staff's id only.
CREATE TABLE store.staff (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL,
  queues text[] NOT NULL DEFAULT '{}',
  seen_at timestamptz NOT NULL
);
CREATE SEQUENCE store.ticket_refs START 10001;

-- Where each durable consumer was when the relay last looked, so that a rebuilt stream can give them back their place.
CREATE TABLE store.consumers (
  durable text PRIMARY KEY,
  epoch int NOT NULL,
  ack_floor bigint NOT NULL,
  config jsonb NOT NULL DEFAULT '{}',
  seen_at timestamptz NOT NULL DEFAULT now()
);

-- The log without its contents, for those who may know that something happened but not what.
CREATE VIEW store.tail AS
  SELECT notification_id AS position, originator_id AS stream, originator_version AS version, topic, class, organisation, epoch,
    recorded_at
  FROM store.stored_events;

-- The log for people with psql.
CREATE VIEW store.events AS
  SELECT notification_id AS position, epoch, topic, originator_id AS stream, originator_version AS version,
    CASE WHEN convert_from(state, 'UTF8') IS JSON THEN convert_from(state, 'UTF8')::jsonb END AS state,
    class, organisation, occurred_at, recorded_at, correlation, causation, actor_kind, actor, traceparent
  FROM store.stored_events
  ORDER BY notification_id;

CREATE SCHEMA projector;
CREATE TABLE projector.checkpoints (
  projection text NOT NULL,
  version int NOT NULL,
  epoch int NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (projection, version)
);
-- error is a class name, never a message: messages may quote personal data.
CREATE TABLE projector.parked (
  projection text NOT NULL,
  version int NOT NULL,
  stream uuid NOT NULL,
  position bigint NOT NULL,
  topic text NOT NULL,
  error text NOT NULL,
  attempts int NOT NULL DEFAULT 1,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (projection, version, position)
);
CREATE INDEX parked_of_stream ON projector.parked (projection, version, stream);
