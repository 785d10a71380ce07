-- The numbers of engagements (ENG-1); see Decision.next_ref.
CREATE SEQUENCE store.engagement_refs START 1;
