"""The strategies that sample schedules."""
