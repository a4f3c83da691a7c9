"""The ledger of hours (学时台账): uploads, postings, entries, standings, and their proof."""

# Whoever uses any of it knows all of its tables: keys are changed and tests emptied by that list.
from ce_tracker.ledger import closed_years, models, uploads

__all__ = ["closed_years", "models", "uploads"]
