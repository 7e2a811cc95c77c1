"""Runs the tests beside this file with plain pytest, shows what it prints, and checks that it found what is
there.

Exits with 0 exactly when both mistakes of the bank were found, and nothing in what is right. Further
arguments go to pytest.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

#: Test, outcome and kind of finding.
EXPECTED = {
    ("test_bank.py::test_deposit", "failed", "test failure"),
    ("test_bank.py::test_deposit_locked", "passed", None),
    ("test_bank.py::test_transfer", "failed", "deadlock"),
    ("test_bank.py::test_transfer_one_by_one", "passed", None),
}


def main() -> int:
    folder = Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "report.json")
        command = [sys.executable, "-m", "pytest", f"--interleave-json={report}", *sys.argv[1:]]
        status = subprocess.run(command, cwd=folder, check=False).returncode
        tests = json.loads(report.read_text(encoding="utf-8"))["tests"] if report.exists() else []
    found = {(test["nodeid"], test["outcome"], (test["finding"] or {"kind": None})["kind"]) for test in tests}
    if found == EXPECTED and status == 1:
        print("\nAs expected: a lost update and a deadlock were found, and nothing where nothing is wrong.")
        return 0
    print(f"\nNot as expected: pytest exited with {status}")
    for test, outcome, kind in sorted(EXPECTED ^ found, key=str):
        where = "expected" if (test, outcome, kind) in EXPECTED else "found"
        print(f"  {where}: {test} {outcome}, finding: {kind or 'none'}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
