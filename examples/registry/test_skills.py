"""The skill registry: every thread sees one active skill."""

import pytest
from assistant.skills import Skill


@pytest.mark.concurrency
def test_one_skill_is_active(skills, run_concurrent):
    run_concurrent.each(skills.activate, ["review", "translate"])
    assert len(skills.active()) == 1


@pytest.mark.concurrency
def test_each_activation_replaces_the_one_before(skills, run_concurrent):
    names = ["review", "translate", "plan"]
    replaced = run_concurrent.each(skills.activate, names)
    (last,) = skills.active()
    assert sorted([last.name, *filter(None, replaced)]) == sorted(names)


@pytest.mark.concurrency
def test_who_reads_a_skill_has_the_lock(skills, race_detector, run_concurrent):
    race_detector.watch(Skill, "active")
    run_concurrent.together(lambda: skills.activate("review"), skills.prompt)


@pytest.mark.concurrency
def test_the_prompt_while_a_skill_is_deactivated(skills, run_concurrent):
    skills.activate("review")
    prompt, _ = run_concurrent.together(skills.prompt, skills.deactivate)
    assert prompt in ("You review.", "")
