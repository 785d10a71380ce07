-- The only way into the log: a batch of commands, judged and written under one lock, so that position order is commit order.

-- last_event: the place of its last event in the batch, from 1; null without events. key: null without an idempotency key.
CREATE TYPE store.new_command AS (principal text, key text, request bytea, outcome text, last_event int);

-- command: the place of its command, from 1. opens: it is its command's first on this stream, which must end just before it.
CREATE TYPE store.new_event AS (
  command int, opens boolean, stream uuid, version bigint, topic text, state bytea, class text, organisation uuid, at timestamptz,
  correlation uuid, causation text, actor_kind text, actor uuid, traceparent text
);

-- A stream that was read only, at this version.
CREATE TYPE store.new_check AS (command int, stream uuid, version bigint);

-- What is written, or judged, beside events:
--   person   a = person, t = key-encryption key, b = wrapped key      uses     a = a person whose key must not be destroyed
--   entry    a = entry, p = person, s = stream, b = wrapped key       shred_entry, shred_person   a = whose key is destroyed
--   reserve  t = kind, b = digest, a = owner, p = subject             release  t = kind, b = digest, a = owner
CREATE TYPE store.new_side AS (command int, kind text, a uuid, p uuid, s uuid, t text, b bytea);

-- The caller sees to it that no command of a batch touches a stream, key or look-up that another one writes, so each is judged by what
-- was there before the batch. Returns the epoch, the head before the batch and, where there are any, the commands that were not
-- accepted and why. The accepted took the positions after the head, in order, without a gap. In another epoch than the judged one
-- nothing is done. checks and sides are null where there are none. (Composite arrays: asyncpg sends them in half the time of parallel ones.)
--
-- At first it looks up neither keys nor the ends of streams: the unique indexes know a used key and a version that is taken, and an event
-- above 1 asks for the one before. Where they refuse, what was written is undone and all are judged. (Measured: a sixth less for 32.)
CREATE FUNCTION store.append(
  judged_epoch int,
  commands store.new_command[], events store.new_event[], checks store.new_check[], sides store.new_side[],
  OUT epoch int, OUT head bigint, OUT refused jsonb
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  recorded timestamptz;
  special boolean;           -- whether there is more to it than events and keys
  careful boolean := false;  -- whether all are judged first
  out_of int[];              -- commands not accepted; null where all are
  places bigint[];           -- each event's place among those written; null where all are
BEGIN
  PERFORM pg_advisory_xact_lock(5021970);
  SELECT l.epoch, coalesce((SELECT max(notification_id) FROM store.stored_events), l.base), clock_timestamp(),
      checks IS NOT NULL OR sides IS NOT NULL OR judged_epoch <> l.epoch OR current_setting('transaction_isolation') <> 'read committed'
    INTO append.epoch, append.head, recorded, special
    FROM store.logs l ORDER BY l.epoch DESC LIMIT 1;
  IF special THEN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
      RAISE EXCEPTION 'store.append needs READ COMMITTED: a snapshot older than the lock would judge by an old log';
    END IF;
    IF judged_epoch <> append.epoch THEN
      RETURN;
    END IF;
    append.refused := nullif(coalesce(store.judge_checks(checks), '[]') || coalesce(store.judge_sides(sides), '[]'), '[]');
    careful := append.refused IS NOT NULL;
  END IF;
  LOOP
    IF careful THEN
      append.refused := nullif(coalesce(store.judge(commands, events), '[]') || coalesce(append.refused, '[]'), '[]');
      IF append.refused IS NOT NULL THEN
        out_of := ARRAY(SELECT (r ->> 'command')::int FROM jsonb_array_elements(append.refused) AS r);
        places := ARRAY(SELECT count(*) FILTER (WHERE e.command <> ALL (out_of)) OVER (ORDER BY e.place)
          FROM unnest(events) WITH ORDINALITY AS e(command, opens, stream, version, topic, state, class, organisation, at, correlation,
            causation, actor_kind, actor, traceparent, place) ORDER BY e.place);
      END IF;
    END IF;
    BEGIN
      WITH written AS (
        INSERT INTO store.stored_events (originator_id, originator_version, topic, state, notification_id, epoch, class, organisation,
            occurred_at, recorded_at, correlation, causation, actor_kind, actor, traceparent)
          SELECT stream, CASE WHEN version = 1 OR NOT opens OR EXISTS (
                SELECT FROM store.stored_events WHERE originator_id = stream AND originator_version = version - 1) THEN version
              ELSE store.none_before(stream, version) END,
            topic, state, append.head + coalesce(places[place], place), append.epoch, class, organisation,
            at, recorded, correlation, causation, actor_kind, actor, traceparent
          FROM unnest(events) WITH ORDINALITY AS e(command, opens, stream, version, topic, state, class, organisation, at, correlation,
            causation, actor_kind, actor, traceparent, place)
          WHERE out_of IS NULL OR command <> ALL (out_of)
      )
      INSERT INTO store.idempotency (principal, key, request, outcome, position, epoch, recorded_at)
        SELECT principal, key, request, outcome::jsonb, append.head + coalesce(places[last_event], last_event), append.epoch, recorded
        FROM unnest(commands) WITH ORDINALITY AS c(principal, key, request, outcome, last_event, place)
        WHERE key IS NOT NULL AND (out_of IS NULL OR place <> ALL (out_of));
      EXIT;
    EXCEPTION WHEN unique_violation THEN
      IF careful THEN
        RAISE;
      END IF;
      careful := true;
    END;
  END LOOP;
  IF special THEN
    PERFORM store.write_sides(ARRAY(SELECT side FROM unnest(sides) AS side WHERE out_of IS NULL OR side.command <> ALL (out_of)), recorded);
  END IF;
  PERFORM pg_notify('support_appended', last::text)
    FROM (VALUES (append.head + coalesce(places[cardinality(places)], cardinality(events)))) AS head(last) WHERE last > append.head;
END $$;

CREATE FUNCTION store.none_before(stream uuid, version bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RAISE unique_violation USING MESSAGE = format('%s has no version before %s', stream, version);
END $$;

-- Keys that were used, and streams that are not where the command thinks. Null where all is well, as with its two sisters below.
CREATE FUNCTION store.judge(commands store.new_command[], events store.new_event[]) RETURNS jsonb LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN (SELECT jsonb_agg(r) FROM (
    SELECT c.place AS command, CASE WHEN i.request = c.request THEN 'REPLAYED' ELSE 'KEY_REUSED' END AS status,
        NULL::uuid AS stream, NULL::bigint AS current, i.outcome, i.position, i.epoch
      FROM unnest(commands) WITH ORDINALITY AS c(principal, key, request, outcome, last_event, place)
      JOIN store.idempotency i ON i.principal = c.principal AND i.key = c.key
    UNION ALL
    SELECT e.command, 'CONFLICT', e.stream, coalesce(current, 0), NULL, NULL, NULL
      FROM unnest(events) AS e LEFT JOIN LATERAL (
        SELECT originator_version AS current FROM store.stored_events WHERE originator_id = e.stream
        ORDER BY originator_version DESC LIMIT 1) AS h ON true
      WHERE e.opens AND coalesce(current, 0) <> e.version - 1) AS r);
END $$;

-- Streams that were only read and have moved on.
CREATE FUNCTION store.judge_checks(checks store.new_check[]) RETURNS jsonb LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN (SELECT jsonb_agg(r) FROM (
    SELECT c.command, 'CONFLICT' AS status, c.stream, coalesce(current, 0) AS current
      FROM unnest(checks) AS c LEFT JOIN LATERAL (
        SELECT originator_version AS current FROM store.stored_events WHERE originator_id = c.stream
        ORDER BY originator_version DESC LIMIT 1) AS h ON true
      WHERE coalesce(current, 0) <> c.version) AS r);
END $$;

-- Keys that are destroyed, missing or made twice, and look-ups that are another's.
CREATE FUNCTION store.judge_sides(sides store.new_side[]) RETURNS jsonb LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  RETURN (SELECT jsonb_agg(r) FROM (
    SELECT s.command, 'ERASED' AS status, coalesce(s.p, s.a) AS stream, NULL::bigint AS current
      FROM unnest(sides) AS s
      WHERE s.kind IN ('entry', 'uses')
        AND NOT EXISTS (SELECT FROM store.person_keys k WHERE k.person = coalesce(s.p, s.a) AND k.wrapped IS NOT NULL)
        AND NOT EXISTS (SELECT FROM unnest(sides) AS o WHERE o.kind = 'person' AND o.command = s.command AND o.a = coalesce(s.p, s.a))
    UNION ALL
    SELECT s.command, CASE WHEN k.wrapped IS NULL THEN 'ERASED' ELSE 'CONFLICT' END, k.person, 0
      FROM unnest(sides) AS s JOIN store.person_keys k ON k.person = s.a
      WHERE s.kind = 'person'
    UNION ALL
    SELECT s.command, 'LOOKUP_TAKEN', l.owner, NULL
      FROM unnest(sides) AS s JOIN store.lookups l ON l.kind = s.t AND l.digest = s.b
      WHERE s.kind = 'reserve' AND l.owner <> s.a
        AND NOT EXISTS (SELECT FROM unnest(sides) AS o
          WHERE o.kind = 'release' AND o.command = s.command AND o.t = s.t AND o.b = s.b AND o.a = l.owner)) AS r);
END $$;

-- Keys, look-ups and destructions of the accepted commands. Releases come before reservations, so that one command can hand over.
CREATE FUNCTION store.write_sides(sides store.new_side[], recorded timestamptz) RETURNS void LANGUAGE plpgsql AS $$
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
    -- A person without a key gets a destroyed one: nothing may be sealed for them from now on.
    INSERT INTO store.person_keys AS k (person, destroyed_at) SELECT DISTINCT a, recorded FROM unnest(sides) AS s WHERE kind = 'shred_person'
      ON CONFLICT (person) DO UPDATE SET wrapped = NULL, kek = NULL, destroyed_at = recorded WHERE k.wrapped IS NOT NULL;
    UPDATE store.entry_keys k SET wrapped = NULL, destroyed_at = recorded FROM unnest(sides) AS s
      WHERE s.kind = 'shred_person' AND k.person = s.a AND k.wrapped IS NOT NULL;
    DELETE FROM store.lookups l USING unnest(sides) AS s WHERE s.kind = 'shred_person' AND l.subject = s.a;
  END IF;
END $$;
