"""The log file."""

import threading


class Journal:
    """A file with a line for each thing that happened."""

    def __init__(self, path, database):
        self.path = path
        self.database = database
        self._lock = threading.Lock()
        self._file = path.open("a+", encoding="utf-8")

    def write(self, text):
        with self._lock:
            self._file.write(f"{threading.current_thread().name}: {text}\n")
            self._file.flush()

    def lines(self):
        return self.path.read_text(encoding="utf-8").splitlines()

    def archive(self):
        """Moves all lines to the database."""
        with self._lock:
            lines = self.lines()
            self._file.truncate(0)
            with self.database.transaction() as connection:
                connection.executemany("INSERT INTO archive VALUES (?)", [(line,) for line in lines])

    def close(self):
        self._file.close()


class TornJournal(Journal):
    """Buggy: a line is written in pieces, and without the lock."""

    def write(self, text):
        self._file.write(f"{threading.current_thread().name}: ")
        self._file.write(text)
        self._file.write("\n")
        self._file.flush()
