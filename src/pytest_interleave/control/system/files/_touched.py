"""What steps on files and directories touch: directories, each entry of which is a part of one, and files' contents.

A file is identified by its inode, so that a file that has been renamed is the same, and one that has replaced it is
another. Its data, its mode and the number of its names are parts of it. An entry is identified by the real path of its
directory and its name there: that is what a step looks up, creates, replaces or removes. Listing a directory reads all
its entries. So does `stat` of a directory, which says when an entry was last created or removed.
"""

from __future__ import annotations

import os
import stat

from ...steps._external import Content, Directory, Key
from ...steps._touches import READS, WRITES, Touches
from ._paths import Found, forget_directories, forget_opened, inode_of

#: Directories by their real paths.
_directories: dict[str, Key] = {}
#: Files by device and number of the inode: those that an entry leads to, and those that none leads to any more.
_files: dict[tuple[int, int], Key] = {}
_unlinked: dict[tuple[int, int], Key] = {}

#: If more files than this are known between two executions, they are forgotten.
_MOST_FILES = 10_000

#: Parts of a file; no name of an entry begins so.
DATA, MODE, NAMES = "/data", "/mode", "/names"

#: The working directory of the process.
WORKING_DIRECTORY = Key("the working directory")


def forget_touched(*, all_of_them: bool) -> None:
    """Forget directories, and files if there are many or `all_of_them` are to be forgotten.

    To be called between executions, and between tests. Files that stay open between executions stay the same.
    """
    _directories.clear()
    if all_of_them:
        forget_opened()
    forget_directories()
    if all_of_them or len(_files) + len(_unlinked) > _MOST_FILES:
        _files.clear()
        _unlinked.clear()


def name_of(path: str) -> str:
    """Return the name of what is at a path, for messages: the last part."""
    name = os.path.basename(path.rstrip(os.sep)) or path
    # The name of a file may have any character; a report may not.
    return name if name.isprintable() else ascii(name)[1:-1]


def directory_at(path: str) -> Key:
    """Return the directory at a real path, whether or not it exists."""
    known = _directories.get(path)
    if known is None:
        known = _directories[path] = Directory(name_of(path))
    return known


def file_of(found: os.stat_result) -> Key:
    """Return the content of a file, as identified by what `stat` has found."""
    known = _unlinked if found.st_nlink == 0 else _files
    inode = inode_of(found)
    file = known.get(inode)
    if file is None:
        file = known[inode] = Content(os.fspath(str(found.st_ino)))
    return file


def entry(found: Found, how: int) -> Touches:
    """Return the touches of a step that looks an entry up (`READS`), or changes what it is (`WRITES`)."""
    above, name = os.path.split(found.path)
    touches: Touches = ((directory_at(above), name, how),)
    for link in found.links:
        # Another link there would lead elsewhere.
        directory, name = os.path.split(link)
        touches = ((directory_at(directory), name, READS), *touches)
    higher, name = os.path.split(above)
    if name:
        # The directory itself must be there.
        return ((directory_at(higher), name, READS), *touches)
    return touches


def directory(path: str, how: int) -> Touches:
    """Return the touches of a step that lists all entries of a directory, or makes them all appear or disappear."""
    return ((directory_at(path), None, how),)


def data(found: os.stat_result | None, how: int) -> Touches:
    """Return the touches of a step that reads or writes a file; none if it is no file that threads could share."""
    if found is None or not stat.S_ISREG(found.st_mode):
        return ()
    return ((file_of(found), DATA, how),)


def names(found: os.stat_result | None) -> Touches:
    """Return the touches of a step that gives another name to a file, or takes one away, if `stat` can show that."""
    if found is None or not stat.S_ISREG(found.st_mode):
        return ()
    return ((file_of(found), NAMES, WRITES),)


def attributes(found: os.stat_result | None, path: str, how: int) -> Touches:
    """Return the touches of a step that reads or changes what `stat` says of what is at a real path."""
    if found is None:
        return ()
    if stat.S_ISDIR(found.st_mode):
        return directory(path, how)
    return ((file_of(found), None, how),)


def mode(found: os.stat_result | None, path: str) -> Touches:
    """Return the touches of a step that depends on who may use what is at a real path."""
    if found is None:
        return ()
    if stat.S_ISDIR(found.st_mode):
        return ((directory_at(path), MODE, READS),)
    return ((file_of(found), MODE, READS),)


def tree(path: str) -> Touches:
    """Return the touches of a step that moves a directory with all that is in it, at most `_MOST_MOVED` directories."""
    paths = [path]
    for above in paths:
        try:
            with _scandir(above) as entries:
                paths += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            # It is no directory, or must not be read.
            pass
        if len(paths) > _MOST_MOVED:
            break
    return tuple(touch for each in paths[:_MOST_MOVED] for touch in directory(each, WRITES))


_MOST_MOVED = 100
#: The real function: this module is imported before it is replaced.
_scandir = os.scandir


def is_new(found: os.stat_result | None) -> None:
    """Note that a file has just been created: one that had its inode before was removed out of sight."""
    if found is not None:
        _files.pop(inode_of(found), None)


def has_lost_entry(found: os.stat_result | None) -> None:
    """Note that an entry of a file is about to be removed, or replaced.

    If it is the last one, the number of its inode may be given to another file.
    """
    if found is not None and found.st_nlink == 1 and not stat.S_ISDIR(found.st_mode):
        inode = inode_of(found)
        known = _files.pop(inode, None)
        if known is not None:
            _unlinked[inode] = known
