-- The numbers of incidents (INC-1) and planned work (MNT-1); see Decision.next_ref.
CREATE SEQUENCE store.incident_refs START 1;
CREATE SEQUENCE store.maintenance_refs START 1;
