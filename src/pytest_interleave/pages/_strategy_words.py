"""Words for how a schedule was chosen: the same in all reports for people. JSON has the names of the strategies."""

from __future__ import annotations

_WORDS = {
    "holdup": "a thread held up while time passes",
    "nonpreemptive": "without preemption",
    "pct": "random priorities",
    "pinned": "pinned with @pytest.mark.interleaving",
    "pos": "random order of the accesses",
    "preempt": "one random preemption",
    "random": "random walk",
    "remembered": "failed in an earlier run",
    "replay": "replayed from token",
    "steered": "predicted from the lock order",
    "surw": "random walk over one shared object",
    "swarm": "random weights of the threads",
    "urw": "uniform random walk",
}


def strategy_words(name: str) -> str:
    """Return words for the name of a strategy, or for where a known schedule comes from."""
    return _WORDS.get(name, name)
