"""The cores that a process sees, in control groups made up for it."""

from __future__ import annotations

import pytest

from pytest_interleave.resources import _cores


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """`groups(own, {path: text})`: the process is in these control groups, on a machine of eight cores."""
    monkeypatch.setattr(_cores, "_allowed_cores", lambda: 8)
    monkeypatch.setattr(_cores, "_OWN_CGROUPS", tmp_path / "own")
    monkeypatch.setattr(_cores, "_CGROUPS", tmp_path / "groups")

    def write(own, files):
        tmp_path.joinpath("own").write_text(own)
        for path, text in files.items():
            file = tmp_path / "groups" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return _cores.cores_seen()

    return write


def test_this_machine():
    assert 1 <= _cores.cores_seen() <= _cores._allowed_cores()


def test_without_control_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(_cores, "_allowed_cores", lambda: 8)
    monkeypatch.setattr(_cores, "_OWN_CGROUPS", tmp_path / "nothing")
    assert _cores.cores_seen() == 8


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu.max": "250000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "nonsense"}, 8),
        # Of a group and those that it is in, the smallest limit.
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000", "cpu.max": "400000 100000"}, 3),
        ({"a/b/cpu.max": "2000000 100000"}, 8),
    ],
)
def test_version_2(groups, files, cores):
    assert groups("0::/a/b\n", files) == cores


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"}, 8),
        ({"cpu/a/cpu.cfs_quota_us": "400000", "cpu/a/cpu.cfs_period_us": "100000"}, 4),
        ({"cpu,cpuacct/cpu.cfs_quota_us": "200000", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, 2),
    ],
)
def test_version_1(groups, files, cores):
    assert groups("4:memory:/x\n3:cpu,cpuacct:/a\n0::/\n", files) == cores
