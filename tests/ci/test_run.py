"""`.ci/run` leaves no interpreter out, and says what has failed. Run with interpreters that only take notes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CI = Path(__file__).parents[2] / ".ci"

#: All that the scripts need, besides interpreters.
TOOLS = "awk bash cp dirname env grep mkdir paste sleep sort timeout tr".split()

pytestmark = pytest.mark.skipif(
    not CI.is_dir() or any(shutil.which(tool) is None for tool in TOOLS), reason="the scripts cannot be run here"
)

#: Says which version it is, makes environments with one of its kind in them, and notes everything else.
INTERPRETER = """\
#!/usr/bin/env bash
case "$*" in
    -c*) echo "{version}" ;;
    "-m venv"*) mkdir -p "${{@: -1}}/bin"; cp "$0" "${{@: -1}}/bin/python"; cp "$0" "${{@: -1}}/bin/pip" ;;
    *) echo "{version} ${{0##*/}} $*" >> "$NOTES"; [ "{version} $*" != "$FAILING" ] ;;
esac
"""

README = """\
## Two commands

```bash
echo the quickstart
```

```bash
python3 -m venv .venv-tests && .venv-tests/bin/python -m pytest -n 2
```
"""


class Tree:
    """A repository with nothing in it but the script, and a PATH with interpreters."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "path"
        self.notes = root / "notes"
        self.path.mkdir()
        for tool in TOOLS:
            # Not the folders that they are in: there are interpreters, too.
            (self.path / tool).symlink_to(str(shutil.which(tool)))
        (root / "README.md").write_text(README)
        shutil.copytree(CI, root / ".ci")
        self.add("3.11", "python3")

    def add(self, version: str, name: str) -> None:
        self.write(name, INTERPRETER.format(version=version))

    def write(self, name: str, text: str) -> None:
        script = self.path / name
        script.write_text(text)
        script.chmod(0o755)

    def run(self, script: str = "run", failing: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.path), "NOTES": str(self.notes), "FAILING": failing}
        return subprocess.run(
            [self.path / "bash", self.root / ".ci" / script],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def suites(self) -> list[str]:
        """The interpreters that ran the suite."""
        notes = self.notes.read_text().splitlines()
        return [note.split()[0] for note in notes if note.endswith(" -m pytest -n 2")]

    @property
    def long_suites(self) -> list[str]:
        """Those that ran all long tests."""
        notes = self.notes.read_text().splitlines()
        return [note.split()[0] for note in notes if note.endswith(" -m pytest -n 2 --thorough=only")]

    @property
    def long_suites_of_verdicts(self) -> list[str]:
        """Those that ran the long tests of verdicts only."""
        notes = self.notes.read_text().splitlines()
        return [note.split()[0] for note in notes if note.endswith(" --thorough=only tests/quality")]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.fixture
def pyenv(tree: Tree) -> Callable[..., None]:
    """`pyenv("3.8.1", "3.12.1")`: it has these, and the first is selected."""

    def install(*versions: str) -> None:
        listed = "\\n".join(versions)
        tree.write(
            "pyenv",
            f"""#!/usr/bin/env bash
            case "$1" in
                versions) printf '{listed}\\n' ;;
                version-name) echo "${{PYENV_VERSION-{versions[0]}}}" ;;
            esac
        """,
        )

    return install


def test_the_suite_runs_on_every_interpreter(tree: Tree) -> None:
    for version in ("3.11", "3.12", "3.13", "3.14", "3.13t"):
        tree.add(version, f"python{version}")
    done = tree.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert tree.suites == ["3.11", "3.12", "3.13", "3.14", "3.13t"]
    assert (tree.long_suites_of_verdicts, tree.long_suites) == (["3.11"], ["3.13t"])
    assert "there is no python3.14t here" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("on 3.11 3.12 3.13 3.14 3.13t")


def test_an_interpreter_of_another_version_than_its_name_is_none(tree: Tree) -> None:
    tree.add("3.13t", "python3.13")
    tree.write("python3.12", "#!/usr/bin/env bash\necho 'pyenv: python3.12: command not found' >&2; exit 127\n")
    done = tree.run()
    assert done.returncode == 0
    assert tree.suites == tree.long_suites == ["3.11"]
    for version in ("3.12", "3.13"):
        assert f"there is no python{version} here" in done.stdout


@pytest.mark.parametrize(
    ("failing", "step"),
    [
        ("3.11 -m pytest -n 2", "README, command 2"),
        ("3.11 -m mypy", "mypy"),
        ("3.12 -m pytest -n 2", "tests on 3.12"),
        ("3.13 install --quiet . --group test", "install what the tests on 3.13 need"),
    ],
)
def test_the_step_that_fails_is_named(tree: Tree, failing: str, step: str) -> None:
    tree.add("3.12", "python3.12")
    tree.add("3.13", "python3.13")
    done = tree.run(failing=failing)
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1]
    assert last.startswith("--- FAILED")
    assert last.endswith(f": {step} (exit status 1)")


def test_no_time_is_a_failure(tree: Tree) -> None:
    script = tree.root / ".ci" / "run"
    text = script.read_text()
    assert text.count("limit=3500\n") == 1
    script.write_text(text.replace("limit=3500\n", "limit=0\n"))
    done = tree.run()
    assert done.returncode == 124
    assert "FAILED" in done.stdout
    assert "README, command 1 (no time is left of 0 s)" in done.stdout


def test_a_step_that_takes_too_long_is_stopped(tree: Tree) -> None:
    script = tree.root / ".ci" / "run"
    text = script.read_text()
    assert text.count("limit_of_tests=720\n") == 1
    script.write_text(text.replace("limit_of_tests=720\n", "limit_of_tests=1\n"))
    (tree.root / "README.md").write_text(README.replace("echo the quickstart", "sleep 600"))
    done = tree.run()
    assert done.returncode == 124
    assert "README, command 1 (stopped after 1 s)" in done.stdout


def test_pythons_of_pyenv_have_their_names(tree: Tree, pyenv: Callable[..., None]) -> None:
    pyenv(*"3.11.7 2.7.18 3.8.19 3.12.1 3.12.10 3.12.9 3.13.0 3.13.0t 3.12.1/envs/x mine 3.14.0".split())
    # As pyenv's own do: they find an executable in those of PYENV_VERSION only.
    for name, version in (("python3.12", "3.12.10"), ("python3.13", "3.13.0"), ("python3.13t", "3.13.0t")):
        plain = INTERPRETER.format(version=name.removeprefix("python"))
        shim = f'case ":$PYENV_VERSION:" in *:{version}:*) ;; *) exit 127 ;; esac'
        tree.write(name, plain.replace("#!/usr/bin/env bash\n", f"#!/usr/bin/env bash\n{shim}\n"))
    printed = tree.run("pyenv_version").stdout.strip()
    assert printed == "3.11.7:3.14.0:3.13.0:3.12.10:3.12.9:3.12.1:3.13.0t"
    done = tree.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert tree.suites == ["3.11", "3.12", "3.13", "3.13t"]


def test_what_is_selected_stays_first(tree: Tree, pyenv: Callable[..., None]) -> None:
    pyenv("3.8.1", "3.12.1")
    assert tree.run("pyenv_version").stdout.strip() == "3.8.1:3.12.1"
    pyenv("system")
    assert tree.run("pyenv_version").stdout.strip() == "system"


def test_without_pyenv_there_is_nothing_to_select(tree: Tree) -> None:
    done = tree.run("pyenv_version")
    assert (done.returncode, done.stdout) == (0, "")
