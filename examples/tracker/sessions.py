"""Who is logged in."""

import time


class Sessions:
    """One session for each user. It ends after half an hour without activity."""

    IDLE = 30 * 60

    def __init__(self, database):
        self.database = database

    def touch(self, user):
        """The user logs in, or is active."""
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT INTO session VALUES (?, ?) ON CONFLICT DO UPDATE SET seen = excluded.seen", (user, time.time())
            )

    def expire(self):
        """Ends all idle sessions."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM session WHERE seen < ?", (time.time() - self.IDLE,))

    def users(self):
        return [user for (user,) in self.database.query("SELECT user FROM session ORDER BY user")]


class ForgetfulSessions(Sessions):
    """Buggy: a user who returns between the two statements of `expire` loses the session."""

    def expire(self):
        for (user,) in self.database.query("SELECT user FROM session WHERE seen < ?", time.time() - self.IDLE):
            with self.database.transaction() as connection:
                connection.execute("DELETE FROM session WHERE user = ?", (user,))
