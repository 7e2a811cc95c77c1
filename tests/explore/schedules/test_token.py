"""Tokens come back as they were written, are short, and refuse to be mangled."""

from __future__ import annotations

import base64
import string
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_interleave.explore import Follow, RandomWalk, Token, TokenError
from pytest_interleave.explore.schedules._switches import ENDED, Switch
from pytest_interleave.explore.schedules._token import NameOfTest, fingerprint, python_version
from tests.detailing import Laboratory

from ..programs import SMALL, counter

TEST = NameOfTest.of("test_it", "")
ALPHABET = string.ascii_letters + string.digits + "-_"

paths = st.lists(st.integers(0, 300), max_size=5).map(tuple)
sites = st.integers(ENDED, 0xFFFF)
switches = st.builds(Switch, paths, sites, st.integers(0, 2**40), paths)
names = st.builds(NameOfTest, st.integers(0, 0xFFFF), st.integers(0, 0xFF))
# Long stays at one thread, too.
choices = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 400)), max_size=30).map(
    lambda runs: [thread for thread, times in runs for _ in range(times)]
)


@given(st.lists(switches, max_size=20), names, st.booleans(), st.booleans(), st.booleans())
def test_switches_come_back(schedule, name, warm, time_choices, long_sleeps):
    token = Token.of_switches(schedule, test=name, warm=warm, time_choices=time_choices, long_sleeps=long_sleeps)
    assert Token.parse(str(token)) == token
    assert token.choices is None


@given(choices, names, st.booleans())
def test_choices_come_back(schedule, name, warm):
    token = Token.of_choices(schedule, test=name, warm=warm)
    assert Token.parse(str(token)) == token
    assert token.choices == tuple(schedule)


@given(st.text(max_size=200))
def test_what_is_no_token_is_refused(text):
    with pytest.raises(TokenError):
        Token.parse(text)


@given(st.binary(max_size=60))
def test_what_has_the_right_check_sum_by_chance_is_refused_or_read(body):
    """Never anything but `TokenError`."""
    raw = body + zlib.crc32(body).to_bytes(4, "big")[:3]
    try:
        Token.parse(base64.urlsafe_b64encode(raw).decode("ascii").rstrip("="))
    except TokenError:
        pass


@given(st.integers(0, 15), st.binary(max_size=60))
def test_a_token_of_the_right_format_with_any_schedule_is_refused_or_read(flags, schedule):
    try:
        Token.parse(sealed(bytes((2, flags, 13, 1, 2, 3)) + schedule))
    except TokenError:
        pass


def sealed(body):
    raw = body + zlib.crc32(body).to_bytes(4, "big")[:3]
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def body_of(token):
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[:-3]


SHORT = Token.of_switches([Switch((0,), 40_000, 1, (1,)), Switch((1, 2), 7, 300, ())], test=TEST, warm=True)
LONG = Token.of_choices([number % 3 for number in range(200)], test=NameOfTest.of("test_it", "a-1"), warm=False)
EMPTY = Token.of_switches([], test=TEST, warm=False)


@pytest.mark.parametrize("token", [SHORT, LONG, EMPTY], ids=["switches", "choices", "no switch"])
def test_no_letter_can_be_another_one(token):
    text = str(token)
    for position, letter in enumerate(text):
        for other in ALPHABET:
            if other != letter:
                mangled = text[:position] + other + text[position + 1 :]
                with pytest.raises(TokenError):
                    Token.parse(mangled)


@pytest.mark.parametrize("token", [SHORT, LONG, EMPTY], ids=["switches", "choices", "no switch"])
def test_a_part_is_refused(token):
    text = str(token)
    for length in range(len(text)):
        for part in (text[:length], text[len(text) - length :]):
            with pytest.raises(TokenError):
                Token.parse(part)


@pytest.mark.parametrize("token", [SHORT, LONG, EMPTY], ids=["switches", "choices", "no switch"])
def test_more_than_a_token_is_refused(token):
    for more in ALPHABET:
        for text in (f"{token}{more}", f"{more}{token}"):
            with pytest.raises(TokenError):
                Token.parse(text)


def test_letters_that_changed_places_are_refused():
    text = str(SHORT)
    for position in range(len(text) - 1):
        one, other = text[position : position + 2]
        if one != other:
            with pytest.raises(TokenError):
                Token.parse(text[:position] + other + one + text[position + 2 :])


def test_space_around_a_token_does_not_matter():
    assert Token.parse(f"  {SHORT}\n") == SHORT


def test_a_schedule_too_long_to_be_true_is_refused():
    with pytest.raises(TokenError, match="invalid token"):
        Token.parse(sealed(bytes((2, 4, 13, 1, 2, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1))))


def test_what_the_messages_say():
    with pytest.raises(TokenError, match=r"'not a token!' is not a token: copy the whole token from the report"):
        Token.parse("not a token!")
    with pytest.raises(TokenError, match=r"^invalid token .* \(truncated\?\): copy it to the end of the line$"):
        Token.parse(str(LONG)[:-3])
    with pytest.raises(TokenError) as caught:
        Token.parse("x" * 500)
    assert "x" * 30 not in str(caught.value)


@pytest.mark.parametrize("number", [0, 1, 3, 255])
def test_another_format_is_reported(number):
    body = body_of(str(SHORT))
    with pytest.raises(
        TokenError, match=rf"^token was made by an? \w+ pytest-interleave \(format {number}, this is 2\)\. Run"
    ):
        Token.parse(sealed(bytes((number,)) + body[1:]))


def test_packed_schedules_that_cannot_be_unpacked_are_refused():
    body = bytearray(body_of(str(LONG)))
    assert body[1] & 8
    with pytest.raises(TokenError, match="invalid token"):
        Token.parse(sealed(bytes(body[:6]) + b"\xff" * 9))
    with pytest.raises(TokenError, match="invalid token"):
        Token.parse(sealed(bytes(body[:-1])))


# -- how long they are --


@pytest.mark.parametrize(("number", "most"), [(0, 11), (1, 18), (3, 39)])
def test_few_switches_make_a_short_token(number, most):
    """With sites that cannot be packed, at places that are often passed."""
    schedule = [Switch((thread,), 0xBEEF - 7919 * thread, 120, (thread + 1,)) for thread in range(number)]
    assert len(str(Token.of_switches(schedule, test=NameOfTest(0xFFFF, 0), warm=True))) <= most


def test_a_schedule_that_repeats_itself_is_packed():
    again = [Switch((0,), 0xBEEF, number % 3, (1,)) for number in range(300)]
    assert len(str(Token.of_switches(again, test=TEST, warm=False))) < 100
    assert len(str(Token.of_choices([0, 1] * 2_000, test=TEST, warm=False))) < 100
    assert len(str(Token.of_choices([1] * 100_000, test=TEST, warm=False))) < 20


def test_it_can_stand_on_a_command_line():
    for token in (SHORT, LONG, EMPTY):
        assert set(str(token)) <= set(ALPHABET)
        # It would be taken for an option.
        assert not str(token).startswith("-")


# -- what else is in it --


def test_names_of_tests_are_distinguished():
    several = {
        NameOfTest.of("test_it", ""),
        NameOfTest.of("test_it", "1"),
        NameOfTest.of("test_it", "2"),
        NameOfTest.of("TestA::test_it", ""),
        NameOfTest.of("TestB::test_it", ""),
        NameOfTest.of("test_ït", "\ud800"),
    }
    assert len(several) == 6
    assert NameOfTest.of("test_it", "").parameters == 0
    assert fingerprint("test_it") == fingerprint("test_it") <= 0xFFFF


def test_python_of_a_token():
    assert python_version().startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    for python in ("3.11", "3.12", "3.13", "3.13t", "3.14t"):
        assert Token.parse(str(SHORT._replace(python=python))).python == python


def test_choices_are_for_one_python_only_and_switches_for_all():
    other = "3.11" if python_version() != "3.11" else "3.12"
    LONG.require_this_python()
    with pytest.raises(
        TokenError, match=rf"^token needs Python {other} \(this is {python_version()}\): replay it there"
    ):
        Token.parse(str(LONG._replace(python=other))).require_this_python()
    Token.parse(str(SHORT._replace(python=other))).require_this_python()


# -- tokens of earlier days --


def test_a_token_in_a_source_stays_valid():
    """A change of the format, or of what a site is, also breaks pinned schedules of users.

    On each Python version, and however many lines the file has.
    """
    token = Token.parse("AgANFD0BX3sBAwOnLgEBjLoi")
    with Laboratory() as laboratory:
        results = []
        found = laboratory.run(lambda: results.append(counter()), Follow(token.switches))
    assert found.switches == token.switches
    assert results == [1]


@pytest.mark.parametrize("body", SMALL, ids=lambda body: body.__name__)
def test_schedules_come_back(body):
    with Laboratory() as laboratory:
        for seed in range(3):
            schedule = laboratory.run(body, RandomWalk(seed)).switches
            assert Token.parse(str(Token.of_switches(schedule, test=TEST, warm=False))).switches == schedule
