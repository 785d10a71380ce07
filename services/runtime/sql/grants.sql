-- Who may do what, said anew at every migration: first nothing, then what each job needs and no more.
REVOKE ALL ON SCHEMA store, projector, notifier FROM PUBLIC, {append}, {relay}, {project}, {read}, {customer};
REVOKE ALL ON ALL TABLES IN SCHEMA store, projector, notifier FROM PUBLIC, {append}, {relay}, {project}, {read}, {customer};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA store, projector, notifier FROM PUBLIC, {append}, {relay}, {project}, {read}, {customer};
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA store, projector, notifier FROM PUBLIC, {append}, {relay}, {project}, {read}, {customer};

-- The writer: loads, and writes through the one function. Nobody at all may insert into the log; the function runs as the owner.
GRANT USAGE ON SCHEMA store TO {append};
GRANT SELECT ON store.logs, store.stored_events, store.idempotency, store.person_keys, store.entry_keys, store.lookups,
  store.schema_migrations TO {append};
GRANT EXECUTE ON FUNCTION store.append TO {append};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA store TO {append};  -- the numbers of tickets, incidents, …
GRANT SELECT, INSERT, UPDATE ON store.staff TO {append};
-- Copies of a person's data, sealed: made by the exporter, handed out by the gateway, deleted when their time is up.
GRANT SELECT, INSERT, UPDATE, DELETE ON store.exports, store.export_parts TO {append};

GRANT USAGE ON SCHEMA store TO {relay};
GRANT SELECT ON store.logs, store.stored_events, store.schema_migrations TO {relay};
GRANT SELECT, INSERT, UPDATE, DELETE ON store.consumers TO {relay};

GRANT USAGE ON SCHEMA store, projector TO {project};
GRANT SELECT ON store.logs, store.stored_events, store.tail, store.person_keys, store.entry_keys, store.lookups, store.staff,
  store.schema_migrations TO {project};
GRANT SELECT, INSERT, UPDATE, DELETE ON projector.checkpoints, projector.parked, projector.rebuilds TO {project};
-- The notifier reads the log and the read models by the same login, and keeps its own place.
GRANT USAGE ON SCHEMA notifier TO {project};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA notifier TO {project};
-- The projector owns the schemas of the read models: it makes one for a rebuild and puts it in the place of the live one.
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO %s', current_database(), '{project}'); END $$;

GRANT USAGE ON SCHEMA store, projector TO {read}, {customer};
GRANT SELECT ON store.logs, store.tail, store.schema_migrations, projector.checkpoints, projector.parked, projector.rebuilds TO {read}, {customer};
GRANT SELECT ON store.staff, store.erasures, store.erased TO {read};
-- Customers read who writes to them by name; which teams somebody is in stays with staff.
GRANT SELECT (id, name, role) ON store.staff TO {customer};
