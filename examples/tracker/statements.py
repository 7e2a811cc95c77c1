"""Makes each SQL statement a step that the scheduler of a test sees. The scheduler cannot look inside SQLite."""

import sqlite3


class Statements:
    """The last statement that changed data, or ended a transaction: a `SELECT` reads it here, others write it."""

    last = None


class SeenConnection(sqlite3.Connection):
    def execute(self, sql, values=()):
        if sql.startswith("SELECT"):
            _ = Statements.last
        elif sql.startswith(("INSERT", "UPDATE", "DELETE")):
            Statements.last = sql
        return super().execute(sql, values)

    def commit(self):
        Statements.last = "COMMIT"
        super().commit()

    def rollback(self):
        Statements.last = "ROLLBACK"
        super().rollback()
