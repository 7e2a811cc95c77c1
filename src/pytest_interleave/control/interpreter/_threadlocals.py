"""A test for whether code has touched a `threading.local` in the calling OS thread.

The interpreter keeps what a thread stored in `threading.local` objects for as long as the OS thread lives. An OS thread
that carries one controlled thread after another must not show the second what the first stored, so it is reused only if
nothing was stored. Up to 3.12 the values are in the dictionary of the thread state. From 3.13 the thread state has a
key object, made when a `threading.local` is first touched; it is found here by searching for the address of a key that
is known. If that cannot be determined, the answer is always yes.
"""

from __future__ import annotations

import _thread
import gc
import sys
from collections.abc import Callable

from ._missing import missing_for_control

#: At most this many pointers of the thread state are searched for the key; beyond it, the answer is always yes.
_REACH = 64


def _by_dictionary() -> Callable[[], bool]:
    import ctypes

    get_dict = ctypes.pythonapi.PyThreadState_GetDict
    get_dict.restype = ctypes.c_void_p
    get_dict.argtypes = []
    size = ctypes.pythonapi.PyDict_Size
    size.restype = ctypes.c_ssize_t
    size.argtypes = [ctypes.c_void_p]

    def touched() -> bool:
        values = get_dict()
        return values is None or size(values) > 0

    return touched


def _by_key() -> Callable[[], bool]:
    import ctypes

    get_state = ctypes.pythonapi.PyThreadState_Get
    get_state.restype = ctypes.c_void_p
    get_state.argtypes = []
    pointer = ctypes.sizeof(ctypes.c_void_p)
    offset: list[int] = []

    def find() -> None:
        local = _thread._local()
        local.touched = True
        keys = {id(key) for held in gc.get_referents(local) if isinstance(held, dict) for key in held}
        words = (ctypes.c_void_p * _REACH).from_address(get_state())
        offset.extend(index * pointer for index, word in enumerate(words) if word in keys)
        done.release()

    done = _thread.allocate_lock()
    done.acquire()
    _thread.start_new_thread(find, ())
    done.acquire()
    if len(offset) != 1:
        return _always
    (at,) = offset
    read = ctypes.c_void_p.from_address

    def touched() -> bool:
        return read(get_state() + at).value is not None

    return touched if _tells_apart(touched) else _always


def _always() -> bool:
    return True


def _tells_apart(touched: Callable[[], bool]) -> bool:
    """Whether `touched` gives the right answers in a new thread, before and after a `threading.local` is touched."""
    local = _thread._local()
    answers: list[bool] = []

    def probe() -> None:
        answers.append(touched())
        local.value = 1
        answers.append(touched())
        done.release()

    done = _thread.allocate_lock()
    done.acquire()
    _thread.start_new_thread(probe, ())
    done.acquire()
    return answers == [False, True]


def _choose() -> Callable[[], bool]:
    if missing_for_control() is not None:
        return _always
    if sys.version_info >= (3, 13):
        return _by_key()
    touched = _by_dictionary()
    return touched if _tells_apart(touched) else _always


thread_locals_touched = _choose()
