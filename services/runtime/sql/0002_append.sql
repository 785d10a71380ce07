-- The only way into the log: a batch of commands, judged and written under one lock, so that position order is commit order.
--
-- The caller sees to it that no two commands of one batch write the same stream, key or look-up, so each is judged by what was there
-- before the batch. Arrays run parallel. A "side" is what is written beside events; `side_kind` says what its columns mean:
--   person   a = person, t = key-encryption key, b = wrapped key          uses     a = person whose key must not be destroyed
--   entry    a = entry, p = person, s = stream, b = wrapped key           shred_entry / shred_person   a = whose key is destroyed
--   reserve  t = kind, b = digest, a = owner, p = subject                 release  t = kind, b = digest, a = owner
-- Returns the epoch, the head before the batch and, where there are any, the commands that were not accepted (1-based) and why.
-- The accepted took the positions after the head in the order given, without a gap. With another epoch than the judged one nothing is done.
CREATE FUNCTION store.append(
  judged_epoch int,
  -- one element a command; key null where it has none; last_event is the place of its last event among all, null without one
  principals text[], keys text[], requests bytea[], outcomes text[], last_events int[],
  -- one element a check
  check_command int[], check_stream uuid[], check_version bigint[],
  -- one element an event
  event_command int[], streams uuid[], versions bigint[], topics text[], states bytea[], classes text[], organisations uuid[],
  occurred timestamptz[], correlations uuid[], causations text[], actor_kinds text[], actors uuid[], traceparents text[],
  -- one element a side
  side_command int[], side_kind text[], side_a uuid[], side_p uuid[], side_s uuid[], side_t text[], side_b bytea[],
  OUT epoch int, OUT head bigint, OUT refused jsonb
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan  -- planning anew costs more than the work
SET enable_seqscan = off                  -- plans are made while tables are small and kept when they have grown
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  out_of int[];        -- commands not accepted
  places bigint[];     -- each event's place among those written; null where all are
  recorded timestamptz;
  sides boolean := cardinality(side_command) > 0;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'store.append needs READ COMMITTED: a snapshot older than the lock would judge by an old log';
  END IF;
  PERFORM pg_advisory_xact_lock(5021970);
  recorded := clock_timestamp();
  SELECT l.epoch, coalesce((SELECT max(notification_id) FROM store.stored_events), l.base) INTO append.epoch, append.head
    FROM store.logs l ORDER BY l.epoch DESC LIMIT 1;
  IF judged_epoch <> append.epoch THEN
    RETURN;
  END IF;

  SELECT jsonb_agg(to_jsonb(r)), array_agg(r.command) INTO append.refused, out_of FROM (
    SELECT c.command::int, CASE WHEN s.request = c.request THEN 'REPLAYED' ELSE 'KEY_REUSED' END AS status,
        NULL::uuid AS stream, NULL::bigint AS current, s.outcome, s.position, s.epoch
      FROM unnest(principals, keys, requests) WITH ORDINALITY AS c(principal, key, request, command)
      JOIN store.idempotency s ON s.principal = c.principal AND s.key = c.key
    UNION ALL
    SELECT command, 'CONFLICT', stream, current, NULL, NULL, NULL
      FROM unnest(check_command, check_stream, check_version) AS c(command, stream, version),
        LATERAL (SELECT coalesce(max(originator_version), 0) AS current FROM store.stored_events WHERE originator_id = stream) AS h
      WHERE current <> version
  ) AS r;
  IF sides THEN
    -- Always one row: INTO without a row would forget what was refused above.
    SELECT CASE WHEN count(*) > 0 THEN coalesce(append.refused, '[]') || jsonb_agg(to_jsonb(r)) ELSE append.refused END,
        out_of || array_agg(r.command) INTO append.refused, out_of FROM (
      SELECT s.command, 'ERASED' AS status, coalesce(s.p, s.a) AS stream, NULL::bigint AS current
        FROM unnest(side_command, side_kind, side_a, side_p) AS s(command, kind, a, p)
        WHERE s.kind IN ('entry', 'uses')
          AND NOT EXISTS (SELECT FROM store.person_keys k WHERE k.person = coalesce(s.p, s.a) AND k.wrapped IS NOT NULL)
          AND NOT EXISTS (SELECT FROM unnest(side_command, side_kind, side_a) AS o(command, kind, a)
            WHERE o.kind = 'person' AND o.command = s.command AND o.a = coalesce(s.p, s.a))
      UNION ALL
      SELECT s.command, CASE WHEN k.wrapped IS NULL THEN 'ERASED' ELSE 'CONFLICT' END, k.person, 0
        FROM unnest(side_command, side_kind, side_a) AS s(command, kind, a) JOIN store.person_keys k ON k.person = s.a
        WHERE s.kind = 'person'
      UNION ALL
      SELECT s.command, 'LOOKUP_TAKEN', l.owner, NULL
        FROM unnest(side_command, side_kind, side_a, side_t, side_b) AS s(command, kind, a, t, b)
        JOIN store.lookups l ON l.kind = s.t AND l.digest = s.b
        WHERE s.kind = 'reserve' AND l.owner <> s.a
          AND NOT EXISTS (SELECT FROM unnest(side_command, side_kind, side_a, side_t, side_b) AS o(command, kind, a, t, b)
            WHERE o.kind = 'release' AND o.command = s.command AND o.t = s.t AND o.b = s.b AND o.a = l.owner)
    ) AS r;
  END IF;
  IF out_of IS NOT NULL THEN
    places := ARRAY(SELECT count(*) FILTER (WHERE command <> ALL (out_of)) OVER (ORDER BY place)
      FROM unnest(event_command) WITH ORDINALITY AS e(command, place) ORDER BY place);
  END IF;

  INSERT INTO store.stored_events (originator_id, originator_version, topic, state, notification_id, epoch, class, organisation,
      occurred_at, recorded_at, correlation, causation, actor_kind, actor, traceparent)
    SELECT stream, version, topic, state, append.head + coalesce(places[place], place), append.epoch, class, organisation,
      at, recorded, correlation, causation, actor_kind, actor, traceparent
    FROM unnest(event_command, streams, versions, topics, states, classes, organisations, occurred, correlations, causations,
      actor_kinds, actors, traceparents) WITH ORDINALITY AS e(command, stream, version, topic, state, class, organisation, at,
      correlation, causation, actor_kind, actor, traceparent, place)
    WHERE out_of IS NULL OR command <> ALL (out_of);
  INSERT INTO store.idempotency (principal, key, request, outcome, position, epoch, recorded_at)
    SELECT principal, key, request, outcome::jsonb, append.head + coalesce(places[last_event], last_event), append.epoch, recorded
    FROM unnest(principals, keys, requests, outcomes, last_events) WITH ORDINALITY
      AS c(principal, key, request, outcome, last_event, command)
    WHERE key IS NOT NULL AND (out_of IS NULL OR command <> ALL (out_of));

  IF sides THEN
    PERFORM store.write_sides(coalesce(out_of, '{}'), recorded, side_command, side_kind, side_a, side_p, side_s, side_t, side_b);
  END IF;
  IF cardinality(event_command) > 0 AND (out_of IS NULL OR places[cardinality(places)] > 0) THEN
    PERFORM pg_notify('support_appended',
      (append.head + CASE WHEN out_of IS NULL THEN cardinality(event_command) ELSE places[cardinality(places)] END)::text);
  END IF;
END $$;

-- The second half of store.append: keys, look-ups and destructions of the accepted commands. Releases come before reservations, so
-- that one command can hand something over.
CREATE FUNCTION store.write_sides(
  out_of int[], recorded timestamptz,
  side_command int[], side_kind text[], side_a uuid[], side_p uuid[], side_s uuid[], side_t text[], side_b bytea[]
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
  IF 'person' = ANY (side_kind) THEN
    INSERT INTO store.person_keys (person, wrapped, kek)
      SELECT a, b, t FROM unnest(side_command, side_kind, side_a, side_t, side_b) AS s(command, kind, a, t, b)
      WHERE kind = 'person' AND command <> ALL (out_of);
  END IF;
  IF 'entry' = ANY (side_kind) THEN
    INSERT INTO store.entry_keys (entry, person, stream, wrapped)
      SELECT a, p, s, b FROM unnest(side_command, side_kind, side_a, side_p, side_s, side_b) AS s(command, kind, a, p, s, b)
      WHERE kind = 'entry' AND command <> ALL (out_of);
  END IF;
  IF 'release' = ANY (side_kind) THEN
    DELETE FROM store.lookups l USING unnest(side_command, side_kind, side_a, side_t, side_b) AS s(command, kind, a, t, b)
      WHERE s.kind = 'release' AND command <> ALL (out_of) AND l.kind = s.t AND l.digest = s.b AND l.owner = s.a;
  END IF;
  IF 'reserve' = ANY (side_kind) THEN
    INSERT INTO store.lookups (kind, digest, owner, subject)
      SELECT t, b, a, p FROM unnest(side_command, side_kind, side_a, side_p, side_t, side_b) AS s(command, kind, a, p, t, b)
      WHERE kind = 'reserve' AND command <> ALL (out_of)
      ON CONFLICT DO NOTHING;  -- the same owner's: another's was refused
  END IF;
  IF 'shred_entry' = ANY (side_kind) THEN
    UPDATE store.entry_keys k SET wrapped = NULL, destroyed_at = recorded
      FROM unnest(side_command, side_kind, side_a) AS s(command, kind, a)
      WHERE s.kind = 'shred_entry' AND command <> ALL (out_of) AND k.entry = s.a AND k.wrapped IS NOT NULL;
  END IF;
  IF 'shred_person' = ANY (side_kind) THEN
    -- A person without a key gets a destroyed one: nothing may be sealed for them from now on.
    INSERT INTO store.person_keys AS k (person, wrapped, kek, destroyed_at)
      SELECT DISTINCT a, NULL::bytea, NULL, recorded FROM unnest(side_command, side_kind, side_a) AS s(command, kind, a)
      WHERE kind = 'shred_person' AND command <> ALL (out_of)
      ON CONFLICT (person) DO UPDATE SET wrapped = NULL, kek = NULL, destroyed_at = recorded WHERE k.wrapped IS NOT NULL;
    UPDATE store.entry_keys k SET wrapped = NULL, destroyed_at = recorded
      FROM unnest(side_command, side_kind, side_a) AS s(command, kind, a)
      WHERE s.kind = 'shred_person' AND command <> ALL (out_of) AND k.person = s.a AND k.wrapped IS NOT NULL;
    DELETE FROM store.lookups l USING unnest(side_command, side_kind, side_a) AS s(command, kind, a)
      WHERE s.kind = 'shred_person' AND command <> ALL (out_of) AND l.subject = s.a;
  END IF;
END $$;
