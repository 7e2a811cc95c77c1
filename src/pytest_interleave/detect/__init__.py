"""What makes an execution fail: findings, and how deadlocks are told."""

from ._findings import Deadlock, Finding, Livelock, finding_of
from ._stuck import describe_stuck

__all__ = ["Deadlock", "Finding", "Livelock", "describe_stuck", "finding_of"]
