"""The series of patches: its files, the upstream it is made for, and the two programs that use it.

The reference is the unmodified source that the pinned `classy` installs.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib

import pytest
from conftest import ROOT

import prepare
import refresh

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@pytest.fixture
def upstream():
    """Folder of the pinned upstream source; do not modify."""
    try:
        return prepare.find_source()
    except prepare.PatchError as error:
        pytest.skip(str(error))


@pytest.fixture
def source(upstream, tmp_path, monkeypatch):
    """A copy of the upstream source that SIDR_CLASS_SOURCE names, free to modify."""
    prepare.copy_tree(upstream, tmp_path / "source")
    monkeypatch.setenv("SIDR_CLASS_SOURCE", str(tmp_path / "source"))
    return tmp_path / "source"


def hunks(name):
    """Removed and added lines of each hunk of a patch."""
    _, diff = refresh.split_patch((prepare.PATCHES / name).read_text())
    for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE)[1:]:
        lines = re.split(r"^--- ", hunk, flags=re.MULTILINE)[0].splitlines()
        yield [x[1:] for x in lines if x[0] == "-"], [x[1:] for x in lines if x[0] == "+"]


def is_insertion(old, new):
    """Whether `new` is `old` with a piece about sidr inserted at one place."""
    extra = len(new) - len(old)
    return any(new[:i] == old[:i] and new[i + extra:] == old[i:] and "sidr" in new[i:i + extra]
               for i in range(len(old) + 1))


def test_series_lists_every_patch_file_once():
    assert sorted(prepare.series()) == sorted(p.name for p in prepare.PATCHES.glob("*.patch"))


@pytest.mark.parametrize("name", prepare.series())
def test_patch_says_what_it_is_for(name):
    header, diff = refresh.split_patch((prepare.PATCHES / name).read_text())
    fields = re.findall(r"^(\S+):", header, flags=re.MULTILINE)
    assert fields == ["Description", "Forwarded", "Last-Update"]
    assert diff.startswith("--- a/")


CHANGES_UPSTREAM = {"module-name.patch", "paths.patch", "text-length.patch", "free-on-failure.patch",
                    "speed.patch"}


@pytest.mark.parametrize("name", sorted({*prepare.series()} - CHANGES_UPSTREAM))
def test_patch_only_inserts(name):
    for removed, added in hunks(name):
        for old in removed:
            assert any(is_insertion(old, new) for new in added), old


def test_touched_files_are_the_pinned_ones():
    touched = {file for name in prepare.series() for file in re.findall(
        r"^--- a/(.*)", (prepare.PATCHES / name).read_text(), flags=re.MULTILINE)}
    assert set(prepare.load_upstream()["sha256"]) == touched


def test_build_and_tests_require_the_pinned_release():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert prepare.release() in project["build-system"]["requires"]
    assert prepare.release() in (ROOT / "tests" / "requirements.txt").read_text().splitlines()


def test_patches_apply_to_the_pinned_release_without_fuzz_or_offset(upstream, tmp_path):
    prepare.copy_tree(upstream, tmp_path)
    for name in prepare.series():
        output = prepare.apply_patch(name, tmp_path)
        assert "fuzz" not in output and "offset" not in output


def test_prepared_tree_has_sources_tables_and_our_files_but_nothing_compiled(source, tmp_path):
    for compiled in ("source/input.o", "python/classy.cpp", "build/.base", "external/x.so"):
        (source / compiled).parent.mkdir(exist_ok=True)
        (source / compiled).touch()
    prepare.prepare(tmp_path / "tree")
    files = {str(p.relative_to(tmp_path / "tree")) for p in (tmp_path / "tree").rglob("*")}
    assert {"Makefile", "main/class.c", "python/classy.pyx", "external/sidr/sidr.h",
            "external/bbn/sBBN_2025.dat", "external/HyRec2020/Alpha_inf.dat"} <= files
    assert not any(re.search(r"\.(o|so|cpp|rej|orig)$|^build", name) for name in files)


def test_tarball_gives_the_same_tree_as_the_folder(source, tmp_path, monkeypatch):
    prepare.prepare(tmp_path / "from_folder")
    with tarfile.open(tmp_path / "classy.tar.gz", "w:gz", compresslevel=1) as tarball:
        tarball.add(source, "classy-3.4.1.0")
    monkeypatch.setenv("SIDR_CLASS_SOURCE", str(tmp_path / "classy.tar.gz"))
    prepare.prepare(tmp_path / "from_tarball")
    assert contents(tmp_path / "from_tarball") == contents(tmp_path / "from_folder")


def test_modified_upstream_is_refused_with_both_hashes(source, tmp_path):
    pinned = (source / "source" / "input.c").read_bytes()
    (source / "source" / "input.c").write_bytes(pinned + b"\n")
    with pytest.raises(prepare.PatchError) as caught:
        prepare.prepare(tmp_path / "tree")
    for part in ("source/input.c", hashlib.sha256(pinned).hexdigest(),
                 hashlib.sha256(pinned + b"\n").hexdigest(), "SIDR_CLASS_SOURCE"):
        assert part in str(caught.value)
    assert not (tmp_path / "tree").exists()


def test_missing_upstream_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.delenv("SIDR_CLASS_SOURCE", raising=False)
    monkeypatch.setattr(prepare.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(prepare.PatchError, match=f"pip install {prepare.release()}"):
        prepare.prepare(tmp_path)


def test_source_that_is_not_class_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("SIDR_CLASS_SOURCE", str(tmp_path / "nowhere"))
    with pytest.raises(prepare.PatchError, match="nowhere is not the source of CLASS.*Makefile"):
        prepare.prepare(tmp_path / "tree")


def test_folder_in_use_is_refused(source, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "notes").touch()
    with pytest.raises(prepare.PatchError, match="tree is not empty"):
        prepare.prepare(tmp_path / "tree")


def test_missing_patch_program_is_named(source, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(prepare.PatchError, match="apt-get install patch"):
        prepare.prepare(tmp_path / "tree")


def test_patch_that_does_not_apply_is_named_with_the_output_of_patch(source, tmp_path, monkeypatch):
    shutil.copytree(prepare.PATCHES, tmp_path / "patches")
    build = tmp_path / "patches" / "build.patch"
    build.write_text(build.read_text().replace(" HEADERFILES += ", " OTHERFILES += "))
    monkeypatch.setattr(prepare, "PATCHES", tmp_path / "patches")
    with pytest.raises(prepare.PatchError, match=r"build\.patch does not apply(.|\n)*FAILED at"):
        prepare.prepare(tmp_path / "tree")


def test_command_reports_an_error_without_a_traceback(tmp_path):
    (tmp_path / "notes").touch()
    result = subprocess.run([sys.executable, prepare.HERE / "prepare.py", tmp_path],
                            capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("prepare.py: ") and result.stderr.count("\n") == 1


@needs_git
def test_edit_and_export_leave_the_series_unchanged(upstream, tmp_path):
    copy = tmp_path / "class_patch"
    shutil.copytree(prepare.HERE, copy)
    for action in ("edit", "export"):
        subprocess.run([sys.executable, copy / "refresh.py", action, tmp_path / "tree"], check=True)
    assert contents(copy) == contents(prepare.HERE)


@needs_git
def test_export_refuses_a_commit_that_is_not_a_patch_and_writes_nothing(source, tmp_path):
    before = contents(prepare.HERE)
    refresh.edit(tmp_path / "tree")
    (tmp_path / "tree" / "Makefile").write_text("all:\n")
    with pytest.raises(prepare.PatchError, match="uncommitted changes"):
        refresh.export(tmp_path / "tree")
    refresh.commit(tmp_path / "tree", "fixup! build.patch")
    with pytest.raises(prepare.PatchError, match="'fixup! build.patch', is not the name"):
        refresh.export(tmp_path / "tree")
    assert contents(prepare.HERE) == before


@needs_git
def test_edit_continues_after_a_patch_was_mended_by_hand(source, tmp_path):
    makefile = source / "Makefile"
    makefile.write_text(makefile.read_text().replace("HEADERFILES += ", "OTHERFILES += "))
    with pytest.raises(prepare.PatchError, match="build.patch"):
        refresh.edit(tmp_path / "tree")
    with open(tmp_path / "tree" / "Makefile", "a") as mended:
        mended.write("-include external/sidr/sidr.mk\n")
    refresh.edit(tmp_path / "tree")
    subjects = refresh.git(tmp_path / "tree", "log", "--reverse", "--format=%s").split()
    assert subjects == ["upstream", *prepare.series()]


def test_check_tells_success_from_failure(upstream, source, capsys, monkeypatch):
    monkeypatch.setenv("SIDR_CLASS_SOURCE", str(upstream))  # what it is compared with
    assert refresh.main(["check", str(source)]) == 0
    assert "apply without fuzz, 0 hunks moved" in capsys.readouterr().out
    (source / "Makefile").write_text("all:\n")
    assert refresh.main(["check", str(source)]) == 1
    assert "FAILS\npaths.patch" in capsys.readouterr().out


def test_series_fits_each_release_of_the_list_without_fuzz(capsys):
    """And every hook lands in the same C function; the releases come with pip."""
    try:
        failures = refresh.check([])
    except prepare.PatchError as error:
        if "pip could not download" not in str(error):
            raise
        pytest.skip(str(error))
    printed = capsys.readouterr().out
    assert failures == 0, printed
    assert all(release in printed for release in prepare.load_upstream()["check"])


def contents(folder):
    """Bytes of every file in a folder, by relative path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*")
            if p.is_file() and p.suffix != ".pyc"}
