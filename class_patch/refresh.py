"""Edit the series of patches as git commits, and try it on other releases of CLASS.

    python class_patch/refresh.py edit DIR            # upstream, then one commit per patch
    python class_patch/refresh.py export DIR          # commits -> patches/, series, upstream.toml
    python class_patch/refresh.py check [SOURCE ...]  # apply the series to folders or tarballs

The subject of a commit is the name of its patch, the body is the patch's header. In DIR,
`external/sidr` links to class_patch/src, so that the tree can be compiled as it is edited.
To port the series, point SIDR_CLASS_SOURCE to the new release before `edit`; where a patch does
not apply, mend DIR by hand, delete the *.rej files and repeat the same command.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import prepare
from prepare import PatchError

DOWNLOADS = prepare.HERE.parent / "build" / "upstream"
NOT_SOURCE = "/external/sidr\n/build/\n/class\n*.a\n*.so\n*.rej\n*.orig\npython/classy.c*\n"


def edit(directory):
    """Make `directory` a git repository of the series, or continue one that stopped."""
    directory = Path(directory)
    if not (directory / ".git").exists():
        with prepare.upstream_tree(prepare.find_source()) as upstream:
            if differing := [name for name, _, _ in prepare.differing_files(upstream)]:
                print(f"Warning: not {prepare.release()}, {', '.join(differing)} differ")
            prepare.copy_tree(upstream, directory)
        (directory / "external" / "sidr").symlink_to(prepare.SRC)
        git(directory, "init", "--quiet")
        (directory / ".git" / "info" / "exclude").write_text(NOT_SOURCE)
        commit(directory, "upstream")
    done = git(directory, "log", "--format=%s").split()
    mended = git(directory, "status", "--porcelain") != ""
    for name in prepare.series():
        if name in done:
            continue
        if not mended:
            prepare.apply_patch(name, directory)
        mended = False
        commit(directory, f"{name}\n\n{split_patch((prepare.PATCHES / name).read_text())[0]}")


def export(directory):
    """Write each commit back to its patch, and the series and the sha256 table with them."""
    if git(directory, "status", "--porcelain") or not git(directory, "branch", "--show-current"):
        raise PatchError(f"{directory} has uncommitted changes or an unfinished rebase.")
    root, *commits = git(directory, "log", "--reverse", "--format=%H").split()
    patches, touched = {}, set()
    for this in commits:
        name, _, header = git(directory, "log", "-1", "--format=%B", this).partition("\n\n")
        if not re.fullmatch(r"[\w-]+\.patch", name) or name in patches:
            raise PatchError(f"The subject of commit {this[:8]} in {directory}, {name!r}, is not "
                             "the name of a new patch: squash the commit or rename it.")
        diff = git(directory, "diff", "--no-color", "--no-ext-diff", "--no-renames", "-U2",
                   "--src-prefix=a/", "--dst-prefix=b/", f"{this}^", this)
        # Without the lines that carry hashes, a second export changes nothing.
        diff = re.sub(r"^(diff --git|index|new file mode) .*\n", "", diff, flags=re.MULTILINE)
        patches[name] = f"{header.strip()}\n---\n{diff}"
        touched.update(re.findall(r"^--- a/(.*)", diff, flags=re.MULTILINE))

    for dropped in set(prepare.series()) - set(patches):
        (prepare.PATCHES / dropped).unlink()
    for name, text in patches.items():
        (prepare.PATCHES / name).write_text(text)
    (prepare.PATCHES / "series").write_text("".join(f"{name}\n" for name in patches))

    table = [f'"{name}" = "{prepare.sha256(git(directory, "show", f"{root}:{name}").encode())}"\n'
             for name in sorted(touched)]
    fixed = prepare.UPSTREAM.read_text().partition("[sha256]\n")[0]
    prepare.UPSTREAM.write_text(fixed + "[sha256]\n" + "".join(table))


def check(sources):
    """Apply the series to each source, print one line for each; return the number of failures."""
    names, failures = prepare.series(), 0
    with tempfile.TemporaryDirectory() as pinned:
        prepare.prepare(pinned)
        expected = hooks(pinned)
    for source in sources or map(download, prepare.load_upstream()["check"]):
        with prepare.upstream_tree(source) as upstream, tempfile.TemporaryDirectory() as directory:
            differing = [name for name, _, _ in prepare.differing_files(upstream)]
            prepare.copy_tree(upstream, directory)
            try:
                output = "".join(prepare.apply_patch(name, directory) for name in names)
            except PatchError as error:
                failures += 1
                print(f"{source}: FAILS\n{error}")
                continue
            if strayed := hooks(directory) ^ expected:
                failures += 1
                print(f"{source}: FAILS\nHooks in other functions than in {prepare.release()}: "
                      + "; ".join(f"{line} in {function}" for function, line in sorted(strayed)))
                continue
        offsets = [abs(int(n)) for n in re.findall(r"\(offset (-?\d+) lines?\)", output)]
        print(f"{source}: {len(names)} patches apply without fuzz, {len(offsets)} hunks moved, "
              f"by at most {max(offsets, default=0)} lines"
              + (f"; not the pinned release: {', '.join(differing)}" if differing else ""))
    return failures


def hooks(directory):
    """Pairs (C function, line of it that mentions sidr): a patch with offsets might land elsewhere."""
    found = set()
    for path in Path(directory, "source").glob("*.c"):
        function = path.name
        for line in path.read_text(errors="replace").splitlines():
            if start := re.match(r"(?:int|double|short|void) (\w+) ?\(", line):
                function = start[1]
            elif "sidr" in line:
                found.add((function, line.strip()))
    return found


def download(version):
    """Path of the sdist of a release of CLASS, fetched by pip into the cache folder."""
    package = prepare.load_upstream()["package"]
    sdist = DOWNLOADS / f"{package}-{version}.tar.gz"
    if not sdist.exists():
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", package,
                   "--no-build-isolation", "--dest", str(DOWNLOADS), f"{package}=={version}"]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            raise PatchError(f"pip could not download {package}=={version}; for the metadata of "
                             "its sdist pip needs Cython, numpy and setuptools in this "
                             f"environment.\n{result.stderr}")
    return sdist


def split_patch(text):
    """Header and diff of a patch; a line of three dashes separates them."""
    header, _, diff = text.partition("\n---\n")
    return header, diff


def commit(directory, message):
    """Commit everything; the identity is fixed because that of the user may be unset."""
    git(directory, "add", "--all")
    git(directory, "-c", "user.name=sidr", "-c", "user.email=sidr@localhost", "commit", "--quiet",
        "--cleanup=verbatim", "--no-verify", "--message", message)


def git(directory, *arguments):
    """Standard output of a git command in `directory`, with only the repository's settings."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    result = subprocess.run(["git", *arguments], cwd=directory, capture_output=True,
                            env=os.environ | settings)
    if result.returncode != 0:
        raise PatchError(f"git {' '.join(arguments)} failed in {directory}:\n"
                         + result.stderr.decode())
    return result.stdout.decode()


def main(arguments):
    """Run one of the three commands; return the exit status."""
    match arguments:
        case ["edit", directory]:
            edit(directory)
        case ["export", directory]:
            export(directory)
        case ["check", *sources]:
            return 1 if check(sources) else 0
        case _:
            return __doc__
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except PatchError as error:
        sys.exit(f"refresh.py: {error}")
