"""What happened on a ticket, in which order, and where do words stand in it?

Tables: timeline_entries.py. Handlers by theme: timeline_conversation.py, timeline_changes.py. Reading: entry_documents.py, search.py.
"""

from __future__ import annotations

from projections import timeline_changes, timeline_conversation
from projections.timeline_entries import ticket_timeline

__all__ = ["ticket_timeline", "timeline_changes", "timeline_conversation"]
