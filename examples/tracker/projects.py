"""Epics and their tasks."""

import sqlite3

from database import SCHEMA


class NoSuchEpic(LookupError):
    """The epic does not exist, or was deleted."""


class EpicFinished(Exception):
    """A finished epic gets no further tasks."""


class Projects:
    """Epics and their tasks, in the database. Each change is written to the journal."""

    SCHEMA = SCHEMA

    def __init__(self, database, durations, journal):
        self.database = database
        self.durations = durations
        self.journal = journal

    def epic(self, name):
        """The id of the epic with that name, which is created if it does not exist."""
        with self.database.transaction() as connection:
            connection.execute("INSERT INTO epic (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
            return connection.execute("SELECT id FROM epic WHERE name = ?", (name,)).fetchone()[0]

    def add_task(self, epic, title):
        """The id of the new task. Raises `NoSuchEpic` and `EpicFinished`."""
        with self.database.transaction() as connection:
            self._check_open(connection, epic)
            return self._insert_task(connection, epic, title)

    def import_tasks(self, epic, titles):
        """Adds all of them, or none."""
        with self.database.transaction() as connection:
            self._check_open(connection, epic)
            for title in titles:
                self._insert_task(connection, epic, title)

    def log_time(self, task, duration):
        """Adds time, such as "1h 30m", to the time of the task."""
        minutes = self.durations.parse(duration)
        with self.database.transaction() as connection:
            connection.execute("UPDATE task SET minutes = minutes + ? WHERE id = ?", (minutes, task))

    def minutes(self, task):
        return self.database.query("SELECT minutes FROM task WHERE id = ?", task)[0][0]

    def open_tasks(self, epic):
        return self.database.query("SELECT title FROM task WHERE epic = ? AND NOT done", epic)

    def finish(self, epic):
        """The epic and all of its tasks are done."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE task SET done = 1 WHERE epic = ?", (epic,))
            connection.execute("UPDATE epic SET finished = 1 WHERE id = ?", (epic,))
        self.journal.write(f"finished {epic}")

    def delete(self, epic):
        """Deletes the epic and its tasks."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM epic WHERE id = ?", (epic,))

    def _check_open(self, connection, epic):
        row = connection.execute("SELECT finished FROM epic WHERE id = ?", (epic,)).fetchone()
        if row is None:
            raise NoSuchEpic(epic)
        if row[0]:
            raise EpicFinished(epic)

    def _insert_task(self, connection, epic, title):
        try:
            return connection.execute("INSERT INTO task (epic, title) VALUES (?, ?)", (epic, title)).lastrowid
        except sqlite3.IntegrityError as error:
            raise NoSuchEpic(epic) from error


class HastyProjects(Projects):
    """Buggy: steps that belong together are not in one transaction; and the journal is written inside one."""

    SCHEMA = SCHEMA.replace(" UNIQUE", "")

    def epic(self, name):
        rows = self.database.query("SELECT id FROM epic WHERE name = ?", name)
        if rows:
            return rows[0][0]
        with self.database.transaction() as connection:
            return connection.execute("INSERT INTO epic (name) VALUES (?)", (name,)).lastrowid

    def add_task(self, epic, title):
        with self.database.connection() as connection:
            self._check_open(connection, epic)
        with self.database.transaction() as connection:
            return self._insert_task(connection, epic, title)

    def log_time(self, task, duration):
        minutes = self.minutes(task) + self.durations.parse(duration)
        with self.database.transaction() as connection:
            connection.execute("UPDATE task SET minutes = ? WHERE id = ?", (minutes, task))

    def finish(self, epic):
        with self.database.transaction() as connection:
            connection.execute("UPDATE task SET done = 1 WHERE epic = ?", (epic,))
            connection.execute("UPDATE epic SET finished = 1 WHERE id = ?", (epic,))
            self.journal.write(f"finished {epic}")
