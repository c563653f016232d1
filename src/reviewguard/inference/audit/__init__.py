"""What an export holds that breaks the rules: ranked findings, order-level rules, an overview, facts."""

from reviewguard.inference.audit.filters import AuditFilters
from reviewguard.inference.audit.results import Audit
from reviewguard.inference.audit.run import audit

__all__ = ["Audit", "AuditFilters", "audit"]
