"""The effects of SQL statements on a SQLite database, as far as their text shows them, and the words for them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

#: The effects of statements. A statement that
#: reads or changes rows;
#: begins a transaction without a lock, with the lock for writing, or with one that excludes readers, too;
#: commits or rolls back; only marks a place within a transaction (a savepoint); may commit or only forget such a mark;
#: concerns only its own connection; sets how long this waits for locks; does anything else; does nothing.
READS: Final = "reads"
CHANGES: Final = "changes"
BEGINS: Final = "begins"
RESERVES: Final = "reserves"
EXCLUDES: Final = "excludes"
COMMITS: Final = "commits"
ROLLS_BACK: Final = "rolls back"
MARKS: Final = "marks"
MAY_COMMIT: Final = "may commit"
SETS: Final = "sets"
WAITS: Final = "waits"
DEFINES: Final = "defines"
ANYTHING: Final = "anything"
NOTHING: Final = "nothing"

Effect = Literal[
    "reads", "changes", "begins", "reserves", "excludes", "commits", "rolls back", "marks", "may commit", "sets",
    "waits", "defines", "anything", "nothing",
]  # fmt: skip

#: Reports cut the text of a statement after this many characters.
_LONGEST = 60
#: If more statements than this are known, they are forgotten.
_MOST = 10_000

#: Anything that may stand before a statement: whitespace, comments and semicolons.
_PADDING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$)|;)*", re.DOTALL)
_WORD = re.compile(r"\w*")
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
_RETURNS = re.compile(r"\bRETURNING\b", re.IGNORECASE)
_TEMPORARY = re.compile(r"\bTEMP(?:ORARY)?\b", re.IGNORECASE)
_OF_SAVEPOINT = re.compile(r"ROLLBACK\s+(?:TRANSACTION\s+)?TO\b", re.IGNORECASE)
#: Whitespace and comments between two words.
_SPACE = r"(?:\s|--[^\n]*\n|/\*.*?\*/)"
_PRAGMA = re.compile(
    rf"PRAGMA(?:{_SPACE}+|(?=[\"`\[]))(?:(?:\w+|\"[^\"]*\"){_SPACE}*\.{_SPACE}*)?[\"`\[]?(\w+)[\"`\]]?"
    rf"{_SPACE}*(?:={_SPACE}*(.*?)|\({_SPACE}*(.*?)\s*\))?{_SPACE}*;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
#: A name, which may be quoted.
_NAME = r"(?:\w+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])"
#: Statements that concern one table, with no other table's name after that.
_TABLE = re.compile(
    rf"(?:SELECT\b(?:(?!\b(?:FROM|SELECT)\b).)*\bFROM|DELETE\s+FROM|UPDATE(?:\s+OR\s+\w+)?"
    rf"|(?:INSERT(?:\s+OR\s+\w+)?|REPLACE)\s+INTO)\s+(?:({_NAME})\s*\.\s*)?({_NAME})(?!\s*[.\w]*\s*,)",
    re.IGNORECASE | re.DOTALL,
)
_SEVERAL_TABLES = re.compile(r"\b(?:JOIN|UNION|INTERSECT|EXCEPT)\b|\bFROM\b.*\bFROM\b", re.IGNORECASE | re.DOTALL)

_EFFECTS: dict[str, Effect] = {
    "SELECT": READS, "VALUES": READS, "EXPLAIN": READS, "INSERT": CHANGES, "UPDATE": CHANGES, "DELETE": CHANGES,
    "REPLACE": CHANGES, "COMMIT": COMMITS, "END": COMMITS, "SAVEPOINT": MARKS, "RELEASE": MAY_COMMIT,
    "CREATE": DEFINES, "DROP": DEFINES, "ALTER": DEFINES, "": NOTHING,
}  # fmt: skip
#: Pragmas that read the database even with an argument.
_READING = frozenset(
    "foreign_key_check foreign_key_list index_info index_list index_xinfo integrity_check quick_check table_info "
    "table_list table_xinfo database_list".split()
)
#: Pragmas that set something for their own connection alone.
_SETTING = frozenset(
    "analysis_limit automatic_index cache_size case_sensitive_like cell_size_check checkpoint_fullfsync "
    "count_changes defer_foreign_keys empty_result_callbacks foreign_keys full_column_names fullfsync "
    "hard_heap_limit ignore_check_constraints legacy_alter_table mmap_size query_only recursive_triggers "
    "reverse_unordered_selects short_column_names soft_heap_limit synchronous temp_store threads "
    "trusted_schema wal_autocheckpoint".split()
)


class Statement(NamedTuple):
    """What is known of a statement."""

    effect: Effect
    #: Its first word, in lower case.
    verb: str
    #: Its text for reports.
    text: str
    #: The only table that it names; empty if it is not so simple.
    table: str
    #: Whether Python begins a transaction before it, unless that is disabled.
    begins: bool
    #: Whether rows are to be fetched before a change is complete.
    returns: bool
    #: Whether it concerns tables that only the connection has.
    temporary: bool = False
    #: Of a pragma, its name and the value that it sets.
    pragma: str = ""
    value: str = ""
    #: The name of the database that the table is said to be in, as in `ATTACH`; empty if none is named.
    schema: str = ""


def _method(verb: str, effect: Effect) -> Statement:
    return Statement(effect, verb, verb, "", False, False)


#: What methods of connections do.
COMMIT, ROLLBACK = _method("commit", COMMITS), _method("rollback", ROLLS_BACK)
CLOSE, CLOSE_READING = _method("close", ROLLS_BACK), _method("close", READS)
SERIALIZE, DESERIALIZE = _method("serialize", READS), _method("deserialize", ANYTHING)
OPEN_BLOB = _method("blobopen", ANYTHING)

_known: dict[str, Statement] = {}


def statement_of(sql: str) -> Statement:
    """Return what is known of a statement."""
    known = _known.get(sql)
    if known is None:
        if len(_known) > _MOST:
            _known.clear()
        known = _known[sql] = _parse(sql)
    return known


def _parse(sql: str) -> Statement:
    padding = _PADDING.match(sql)
    text = sql[padding.end() if padding else 0 :]
    word = _WORD.match(text)[0].upper()  # type: ignore[index]
    effect = _effect(word, text)
    pragma = _PRAGMA.match(text) if word == "PRAGMA" else None
    schema, table = _table(text) if effect in (READS, CHANGES) and pragma is None else ("", "")
    return Statement(
        effect,
        word.lower() or "execute",
        shortened(text),
        table,
        word in ("INSERT", "UPDATE", "DELETE", "REPLACE"),
        effect == CHANGES and _RETURNS.search(text) is not None,
        _TEMPORARY.search(text) is not None,
        "" if pragma is None else pragma[1].lower(),
        "" if pragma is None else (pragma[2] or pragma[3] or "").strip("'\" "),
        schema,
    )


def _effect(word: str, text: str) -> Effect:
    if word == "WITH":
        return CHANGES if _CHANGES.search(text) else READS
    if word == "BEGIN":
        kind = re.match(r"BEGIN\s+(\w+)", text, re.IGNORECASE)
        kinds: dict[str, Effect] = {"IMMEDIATE": RESERVES, "EXCLUSIVE": EXCLUDES}
        return kinds.get("" if kind is None else kind[1].upper(), BEGINS)
    if word == "ROLLBACK":
        return MARKS if _OF_SAVEPOINT.match(text) else ROLLS_BACK
    if word == "PRAGMA":
        return _effect_of_pragma(text)
    return _EFFECTS.get(word, ANYTHING) if word or not text else ANYTHING


def _effect_of_pragma(text: str) -> Effect:
    pragma = _PRAGMA.match(text)
    if pragma is None:
        return ANYTHING
    name, has_value = pragma[1].lower(), bool(pragma[2] or pragma[3])
    if name == "busy_timeout":
        return WAITS
    if name in _SETTING:
        return SETS
    if name in _READING or (not has_value and name not in _ACTING):
        return READS
    return ANYTHING


#: Pragmas that do something without an argument.
_ACTING = frozenset("incremental_vacuum optimize shrink_memory wal_checkpoint".split())


def _table(text: str) -> tuple[str, str]:
    found = _TABLE.match(text)
    if found is None or _SEVERAL_TABLES.search(text, found.end()):
        return "", ""
    return _unquoted(found[1] or ""), _unquoted(found[2])


def _unquoted(name: str) -> str:
    return name if not name or name[0].isalnum() or name[0] == "_" else name[1:-1]


def shortened(sql: str) -> str:
    """Return the text of a statement for reports: in one line, without a semicolon at its end, and not long."""
    text = " ".join(sql.split()).rstrip("; ")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"


def statements_in(script: str) -> Iterator[str]:
    """Yield the statements of a script."""
    start = at = 0
    while True:
        at = script.find(";", at) + 1
        if not at:
            break
        piece = script[start:at]
        if sqlite3.complete_statement(piece):
            yield piece
            start = at
    if script[start:].strip():
        yield script[start:]
