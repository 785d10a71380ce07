"""The facts behind reports and review packs, with all their handlers: import the projection from here."""

from projections import report_operations, report_tickets
from projections.report_tables import report_facts

__all__ = ["report_facts", "report_operations", "report_tickets"]
