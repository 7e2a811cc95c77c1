"""What the text of a statement shows."""

from __future__ import annotations

import pytest

from pytest_interleave.control.system.databases._statements import shortened, statement_of, statements_in


@pytest.mark.parametrize(
    ("sql", "effect"),
    [
        ("select 1", "reads"), ("  SELECT\n1", "reads"), ("-- it\n/* is */ select 1", "reads"), ("values (1)", "reads"),
        ("with t as (select 1) select * from t", "reads"), ("with t as (select 1) insert into u select 1", "changes"),
        ("insert into t values (1)", "changes"), ("update t set n = 1", "changes"), ("delete from t", "changes"),
        ("create table t (n)", "defines"), ("begin", "begins"), ("begin deferred transaction", "begins"),
        ("BEGIN IMMEDIATE", "reserves"), ("begin exclusive", "excludes"), ("commit", "commits"), ("end", "commits"),
        ("rollback", "rolls back"), ("rollback to a", "marks"), ("rollback transaction to savepoint a", "marks"),
        ("savepoint a", "marks"), ("release a", "may commit"), ("pragma user_version", "reads"),
        ("pragma user_version = 3", "anything"), ("pragma journal_mode(wal)", "anything"),
        ("pragma table_info(t)", "reads"), ("pragma foreign_keys = on", "sets"),
        ("pragma main.busy_timeout=3", "waits"),
        ("pragma wal_checkpoint", "anything"), ("explain query plan select 1", "reads"), ("", "nothing"),
        ("-- nothing", "nothing"), (";select 1;", "reads"), ("vacuum", "anything"), ("attach 'a' as b", "anything"),
        ("reindex", "anything"), ("(select 1)", "anything"),
    ],
)  # fmt: skip
def test_effects(sql: str, effect: str) -> None:
    assert statement_of(sql).effect == effect


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("select a, b from t where c = 1", "t"), ('select * from "my t"', "my t"),
        ("update or ignore t set a = 1", "t"),
        ("insert into [t](a) values (1)", "t"), ("replace into t values (1)", "t"), ("delete from t", "t"),
        ("select * from t, u", ""), ("select * from t join u", ""), ("select (select 1 from u) from t", ""),
        ("insert into t select * from u join v", ""), ("select 1", ""), ("select a from t union select b from u", ""),
        ("pragma table_info(t)", ""),
    ],
)  # fmt: skip
def test_the_only_table(sql: str, table: str) -> None:
    assert statement_of(sql).table == table


def test_values_of_pragmas() -> None:
    assert [statement_of(f"pragma busy_timeout{value}").value for value in ("", "=5", " = -1;", "( 70 )", "='8'")] == [
        "", "5", "-1", "70", "8",
    ]  # fmt: skip


def test_a_long_text_is_cut() -> None:
    assert shortened("select  1,\n 2 ;") == "select 1, 2"
    assert len(shortened("select " + "n, " * 100)) <= 60


def test_the_statements_of_a_script() -> None:
    script = "create trigger a after insert on t begin update t set n = ';'; end; -- ; no\nselect 1;\n\nselect 2"
    assert [piece.strip() for piece in statements_in(script)] == [
        "create trigger a after insert on t begin update t set n = ';'; end;", "-- ; no\nselect 1;", "select 2",
    ]  # fmt: skip
