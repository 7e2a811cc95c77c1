"""Makes each SQL statement a step that the scheduler of a test sees. SQLite itself it cannot look into."""

import sqlite3


class Seen:
    """Which statement was the last one to change the database: the others, which read it, read that here."""

    last = None


class SeenConnection(sqlite3.Connection):
    def execute(self, sql, values=()):
        self._see(sql)
        return super().execute(sql, values)

    def commit(self):
        self._see("COMMIT")
        super().commit()

    def rollback(self):
        self._see("ROLLBACK")
        super().rollback()

    def _see(self, sql):
        if sql.startswith(("SELECT", "BEGIN")):
            _ = Seen.last
        else:
            Seen.last = sql
