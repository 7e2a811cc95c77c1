"""Reports: terminal, JSON, JUnit, HTML and Markdown."""
