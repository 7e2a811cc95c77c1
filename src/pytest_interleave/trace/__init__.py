"""What happened in an execution: its steps, and the table that shows them side by side."""

from ._compare import Difference, first_difference
from ._table import interleaving_table

__all__ = ["Difference", "first_difference", "interleaving_table"]
