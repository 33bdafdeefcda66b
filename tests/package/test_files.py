"""Files after kills at random moments, errors, and with a bit that has flipped."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sidr.files import Damaged, Rows, read_npz, replacing, seal, unseal

#: Grows a table, a sealed file and an npz file to `N` results, from whatever is there, and says each
GROW = """
import sys
from pathlib import Path
import numpy as np
from sidr.files import Rows, read_npz, replacing, seal, unseal

folder, N = Path(sys.argv[1]), int(sys.argv[2])
table = Rows(folder / "table.txt", "# i, square")
sealed, arrays = folder / "sealed", folder / "arrays.npz"
begun = [len(table.begin()), len(unseal(sealed)) // 4096 if sealed.exists() else 0,
         len(read_npz(arrays)["x"]) if arrays.exists() else 0]
print("begun", flush=True)
for i in range(1, N + 1):
    if i > begun[0]:
        table.append([i, i * i])
    if i > begun[1]:
        with replacing(sealed) as new:
            Path(new).write_bytes(seal(bytes(range(256)) * 16 * i))
    if i > begun[2]:
        with replacing(arrays) as new, open(new, "wb") as file:
            np.savez(file, x=np.arange(i * 1000.).reshape(i, 1000))
    print(i, flush=True)
"""


def grow(folder, n, kill_after=None):
    """How many results the process has told, until it was killed or to the end."""
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen([sys.executable, "-c", GROW, str(folder), str(n)], stdout=subprocess.PIPE,
                               text=True)
    assert process.stdout.readline() == "begun\n"
    if kill_after is not None:
        time.sleep(kill_after)
        process.send_signal(signal.SIGKILL)
    told = process.communicate()[0].split()
    assert process.returncode == (0 if kill_after is None else -signal.SIGKILL) or len(told) == n
    return int(told[-1]) if told else 0


def test_after_kills_at_random_moments_all_that_was_told_is_there_and_the_end_is_the_same(tmp_path):
    n, killed, whole = 60, tmp_path / "killed", tmp_path / "whole"
    begin = time.monotonic()
    assert grow(whole, n) == n
    length, chance, had = time.monotonic() - begin, random.Random(1), []
    for _ in range(15):
        told = grow(killed, n, kill_after=chance.uniform(0, length / 20))
        table = Rows(killed / "table.txt", "# i, square").read()
        assert table == [[str(i), str(i * i)] for i in range(1, len(table) + 1)] and len(table) >= told
        if told:
            assert len(unseal(killed / "sealed")) >= 4096 * told
            x = read_npz(killed / "arrays.npz")["x"]
            assert np.array_equal(x.ravel(), np.arange(x.size)) and len(x) >= told
        had.append(len(table))
    assert had == sorted(had) and len(set(had)) > 5     # it was killed while it was at work
    assert grow(killed, n) == n
    for name in ("table.txt", "sealed", "arrays.npz"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    left = {path.name for path in killed.iterdir()} - {path.name for path in whole.iterdir()}
    assert all(name.endswith(".new") for name in left)


def test_an_error_leaves_the_old_version_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as new:
        Path(new).write_text("half of a new one")
        raise ZeroDivisionError
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["file.txt"]


def test_a_file_appears_with_all_of_its_content(tmp_path):
    path = tmp_path / "file.txt"
    with replacing(path) as new:
        Path(new).write_text("new")
        assert not path.exists()
    assert path.read_text() == "new" and os.listdir(tmp_path) == ["file.txt"]


def flips(path, n):
    """Let one bit of a file be another, at n random places, one after the other."""
    content, chance = path.read_bytes(), random.Random(2)
    for _ in range(n):
        changed = bytearray(content)
        changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.unlink()   # a file that is made shorter is slow on some file systems
        path.write_bytes(changed)
        yield
    for _ in range(n):
        path.unlink()
        path.write_bytes(content[:chance.randrange(len(content))])
        yield


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damage_of_an_npz_is_named_or_harmless(tmp_path, save):
    path, arrays = tmp_path / "x.npz", {"a": np.arange(30.), "b": np.array("text")}
    save(path, **arrays)
    named = 0
    for _ in flips(path, 300):
        try:
            found = read_npz(path, ("a", "b"))
        except Damaged as error:
            assert str(path) in str(error) and "remove it" in str(error)
            named += 1
        else:
            assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
    assert named > 400     # the rest is in dates and other unused fields of the zip format


def test_damage_of_a_sealed_file_is_named(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(seal(b"\0some content\n" * 30))
    for _ in flips(path, 300):
        with pytest.raises(Damaged, match=f"{path} is damaged"):
            unseal(path)


def test_damage_of_a_table_is_named_or_costs_the_last_row(tmp_path):
    path = tmp_path / "x.txt"
    table = Rows(path, "# n, root")
    assert table.begin() == []
    for i in range(30):
        table.append([i, i**0.5])
    whole = table.read()
    for _ in flips(path, 300):
        try:
            found = table.read()
        except ValueError as error:
            assert str(path) in str(error) and ("line" in str(error) or "begins with" in str(error))
        else:
            assert found == whole[:len(found)]


def test_a_table_that_is_something_else_stays_as_it_is(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("my notes")     # without an end of the line
    with pytest.raises(ValueError, match="begins with `my notes`, not with `# n, root`"):
        Rows(path, "# n, root").begin()
    assert path.read_text() == "my notes"
