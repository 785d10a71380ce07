-- Who was erased, when and by whom: what a certificate of erasure says of the log, without any event's contents.
CREATE VIEW store.erased AS
  SELECT originator_id AS subject, originator_version AS version, topic, notification_id AS position, epoch, organisation, occurred_at,
    recorded_at, actor_kind, actor
  FROM store.stored_events
  WHERE topic IN ('contact.erased.v1', 'organisation.erasure_begun.v1', 'organisation.erased.v1');
