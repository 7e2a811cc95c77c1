"""The permission checker: rules that are kept, and rules that end with their session or tool."""

import pytest


@pytest.mark.concurrency
def test_all_rules_of_a_new_session_are_kept(permissions, run_concurrent):
    run_concurrent.each(lambda tool: permissions.deny("monday", tool), ["grep", "shell"])
    assert permissions.rules("monday") == {"grep": False, "shell": False}


@pytest.mark.concurrency
def test_a_session_ends_while_it_is_asked_for(permissions, grep, run_concurrent):
    permissions.allow("monday", grep.name)
    allowed, _ = run_concurrent.together(
        lambda: permissions.is_allowed("monday", grep.name),
        lambda: permissions.end_session("monday"),
    )
    assert allowed in (True, False)
    assert not permissions.is_allowed("monday", grep.name)


@pytest.mark.concurrency
def test_sessions_end_while_they_are_listed(permissions, grep, run_concurrent):
    for session in ("monday", "tuesday", "wednesday"):
        permissions.allow(session, grep.name)
    listed, _ = run_concurrent.together(
        lambda: permissions.sessions_with(grep.name),
        lambda: permissions.end_session("tuesday"),
    )
    assert [session for session in listed if session != "tuesday"] == ["monday", "wednesday"]


@pytest.mark.concurrency
def test_no_rule_outlives_its_tool(registry, permissions, grep, run_concurrent):
    def allow():
        try:
            permissions.allow("monday", grep.name)
        except LookupError:
            return "too late"
        return "allowed"

    run_concurrent.together(allow, lambda: registry.deregister(grep.name))
    assert permissions.rules("monday") == {}
