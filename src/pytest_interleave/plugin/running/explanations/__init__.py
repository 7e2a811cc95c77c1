"""From a finding to what the report shows of it."""
