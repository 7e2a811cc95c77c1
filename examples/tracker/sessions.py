"""Who is logged in."""

import time


class Sessions:
    """One session a user, which ends after half an hour in which the user did nothing."""

    IDLE = 30 * 60

    def __init__(self, database):
        self.database = database

    def touch(self, user):
        """The user logs in, or does something."""
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT INTO session VALUES (?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen", (user, time.time())
            )

    def expire(self):
        """Ends the sessions of all who did nothing for too long."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM session WHERE seen < ?", (time.time() - self.IDLE,))

    def users(self):
        return [user for (user,) in self.database.query("SELECT user FROM session ORDER BY user")]


class ForgetfulSessions(Sessions):
    """Buggy: whoever comes back between the two statements of `expire` is thrown out."""

    def expire(self):
        for (user,) in self.database.query("SELECT user FROM session WHERE seen < ?", time.time() - self.IDLE):
            with self.database.transaction() as connection:
                connection.execute("DELETE FROM session WHERE user = ?", (user,))
