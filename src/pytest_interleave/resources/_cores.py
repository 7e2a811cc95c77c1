"""The number of processor cores that this process can use."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


def cores_seen() -> int:
    """Return the number of cores that this process can use.

    It is the cores that it may run on, or fewer if its control group (a container's) allows it less time. A limit of
    two and a half cores counts as two.
    """
    allowed = _allowed_cores()
    quota = _quota(_OWN_CGROUPS, _CGROUPS)
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def _allowed_cores() -> int:
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota(own: Path, root: Path) -> float | None:
    """Return the smallest limit, in cores, of the control groups that the process is in; None without any."""
    limits = []
    with contextlib.suppress(OSError):
        for line in own.read_text("utf-8", "surrogateescape").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                limits += [limit for group in _and_above(root, path) if (limit := _limit_v2(group)) is not None]
            elif "cpu" in controllers.split(","):
                for mounted in (root / "cpu", root / controllers):
                    limits += [limit for group in _and_above(mounted, path) if (limit := _limit_v1(group)) is not None]
    return min(limits, default=None)


def _and_above(root: Path, path: str) -> Iterator[Path]:
    """Yield a control group and those that it is in."""
    group = root / path.lstrip("/")
    while group != root and root in group.parents:
        yield group
        group = group.parent
    yield root


def _limit_v2(group: Path) -> float | None:
    with contextlib.suppress(OSError, ValueError):
        quota, period = (group / "cpu.max").read_text("ascii").split()
        if quota != "max":
            return int(quota) / int(period)
    return None


def _limit_v1(group: Path) -> float | None:
    with contextlib.suppress(OSError, ValueError):
        quota = int((group / "cpu.cfs_quota_us").read_text("ascii"))
        if quota > 0:
            return quota / int((group / "cpu.cfs_period_us").read_text("ascii"))
    return None
