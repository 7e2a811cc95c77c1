"""The log file."""

import threading


class Journal:
    """A file with a line for each change; lines are kept in memory until `flush`."""

    def __init__(self, path, database):
        self.path = path
        self.database = database
        self._lock = threading.Lock()
        self._pending = []
        path.touch()

    def write(self, text):
        with self._lock:
            self._pending.append(f"{threading.current_thread().name}: {text}\n")

    def flush(self):
        with self._lock:
            self._flush()

    def lines(self):
        self.flush()
        return self.path.read_text(encoding="utf-8").splitlines()

    def archive(self):
        """Moves all lines to the database."""
        with self._lock:
            self._flush()
            lines = self.path.read_text(encoding="utf-8").splitlines()
            with self.database.transaction() as connection:
                for line in lines:
                    connection.execute("INSERT INTO archive VALUES (?)", (line,))
            self.path.write_text("", encoding="utf-8")

    def _flush(self):
        text = "".join(self._pending)
        self._pending.clear()
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)


class UnlockedJournal(Journal):
    """Buggy: there is no lock, so a line that arrives between writing and clearing is lost."""

    def write(self, text):
        self._pending.append(f"{threading.current_thread().name}: {text}\n")

    def flush(self):
        self._flush()


class UnbufferedJournal(Journal):
    """Buggy: a line is written to the file at once, but in pieces, and without the lock."""

    def write(self, text):
        with self.path.open("ab", buffering=0) as file:
            file.write(f"{threading.current_thread().name}: ".encode())
            file.write(text.encode())
            file.write(b"\n")
