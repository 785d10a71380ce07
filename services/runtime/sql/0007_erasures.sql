-- What went with a person's (or an organisation's) key, counted in the transaction that destroyed it: afterwards nobody can.
CREATE TABLE store.erasures (
  subject uuid PRIMARY KEY,
  erased_at timestamptz NOT NULL,
  entries int NOT NULL,   -- keys of messages and notes
  lookups int NOT NULL,   -- addresses, Message-IDs, reservations
  exports int NOT NULL    -- copies of their data that still lay there
);

-- Copies of a person's data, for them. Sealed in parts under their own key, so that any size is written and read in little memory.
-- attempt: whose parts are the copy; null while it is being made.
CREATE TABLE store.exports (
  id uuid PRIMARY KEY,
  contact uuid NOT NULL,
  attempt uuid,
  bytes bigint,
  parts int,
  expires_at timestamptz
);
CREATE INDEX exports_of_contact ON store.exports (contact);
CREATE INDEX exports_by_expiry ON store.exports (expires_at);
CREATE TABLE store.export_parts (
  export uuid NOT NULL REFERENCES store.exports ON DELETE CASCADE,
  attempt uuid NOT NULL,
  part int NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (export, attempt, part)
);

-- As in 0002, and in shred_person: what is destroyed is counted, and the copies go too.
CREATE OR REPLACE FUNCTION store.write_sides(sides store.new_side[], recorded timestamptz) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  kinds text[] := ARRAY(SELECT DISTINCT kind FROM unnest(sides));
BEGIN
  IF 'person' = ANY (kinds) THEN
    INSERT INTO store.person_keys (person, wrapped, kek) SELECT a, b, t FROM unnest(sides) AS s WHERE kind = 'person';
  END IF;
  IF 'entry' = ANY (kinds) THEN
    INSERT INTO store.entry_keys (entry, person, stream, wrapped) SELECT s.a, s.p, s.s, s.b FROM unnest(sides) AS s WHERE kind = 'entry';
  END IF;
  IF 'release' = ANY (kinds) THEN
    DELETE FROM store.lookups l USING unnest(sides) AS s
      WHERE s.kind = 'release' AND l.kind = s.t AND l.digest = s.b AND l.owner = s.a;
  END IF;
  IF 'reserve' = ANY (kinds) THEN
    INSERT INTO store.lookups (kind, digest, owner, subject) SELECT t, b, a, p FROM unnest(sides) AS s WHERE kind = 'reserve'
      ON CONFLICT DO NOTHING;  -- the same owner's: another's was refused
  END IF;
  IF 'shred_entry' = ANY (kinds) THEN
    UPDATE store.entry_keys k SET wrapped = NULL, destroyed_at = recorded FROM unnest(sides) AS s
      WHERE s.kind = 'shred_entry' AND k.entry = s.a AND k.wrapped IS NOT NULL;
  END IF;
  IF 'shred_person' = ANY (kinds) THEN
    WITH gone AS (SELECT DISTINCT a AS person FROM unnest(sides) AS s WHERE kind = 'shred_person'),
    -- A person without a key gets a destroyed one: nothing may be sealed for them from now on.
    key AS (
      INSERT INTO store.person_keys AS k (person, destroyed_at) SELECT person, recorded FROM gone
        ON CONFLICT (person) DO UPDATE SET wrapped = NULL, kek = NULL, destroyed_at = recorded WHERE k.wrapped IS NOT NULL
        RETURNING person),
    entry AS (
      UPDATE store.entry_keys k SET wrapped = NULL, destroyed_at = recorded FROM gone
        WHERE k.person = gone.person AND k.wrapped IS NOT NULL RETURNING k.person),
    lookup AS (DELETE FROM store.lookups l USING gone WHERE l.subject = gone.person RETURNING l.subject AS person),
    export AS (DELETE FROM store.exports x USING gone WHERE x.contact = gone.person RETURNING x.contact AS person)
    INSERT INTO store.erasures (subject, erased_at, entries, lookups, exports)
      SELECT person, recorded, (SELECT count(*) FROM entry e WHERE e.person = key.person),
        (SELECT count(*) FROM lookup l WHERE l.person = key.person), (SELECT count(*) FROM export x WHERE x.person = key.person)
      FROM key ON CONFLICT DO NOTHING;
  END IF;
END $$;
