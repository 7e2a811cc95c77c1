"""Real threads on real SQLite, as many as on a busy day."""

import time

from durations import Durations
from projects import Projects


def test_a_busy_day(projects, barrier, run_stress):
    everybody = barrier.of(10)

    class Meeting(Durations):
        def parse(self, text):
            everybody.wait()
            return super().parse(text)

    projects.durations = Meeting()
    epic = projects.epic("website")
    task = projects.add_task(epic, "meetings")

    def work():
        projects.add_task(epic, "something new")
        projects.log_time(task, "15m")

    def check():
        assert len(projects.open_tasks(epic)) == 1 + 200
        assert projects.minutes(task) == 200 * 15

    result = run_stress(work, threads=10, operations=20, check=check, name="busy day")
    result.assert_no_errors().assert_latency(p99=5)


def test_imports(local, journal, run_stress):
    projects = Projects(local, Durations(), journal)
    epic = projects.epic("website")

    def lines():
        for number in range(3):
            yield f"task {number}"
            time.sleep(0.001)

    def load():
        projects.import_tasks(epic, lines())

    result = run_stress(load, threads=8, operations=10, name="imports")
    assert len(projects.open_tasks(epic)) == 3 * result.succeeded
    result.assert_success_rate(0.95).assert_latency(p99=5)


def test_a_thousand_requests(local, resource_limits, run_stress):
    def ask():
        local.query("SELECT name FROM epic")

    with resource_limits(open_files=100) as limits:
        result = run_stress(ask, threads=100, operations=10, name="requests")
        local.close()
    result.assert_no_errors()
    assert limits.leaks == []
