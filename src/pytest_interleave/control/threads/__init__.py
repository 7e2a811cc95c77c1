"""OS threads that carry units, and the stand-ins for `threading` and `_thread`."""
