"""The words for the steps of an execution, and the evidence that they are."""
