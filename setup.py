"""Build the patched CLASS (class_patch/) and the extension modules of sidr.classy.

All work is done when extensions are built, none at import. Variables: SIDR_CLASS_SOURCE (see
class_patch/prepare.py); SIDR_JOBS, the number of parallel compilations (default: all cores); CC, CXX, AR,
CFLAGS, CXXFLAGS and CPPFLAGS, compilers and flags of CLASS and of the extensions alike.
"""

import filecmp
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import ExecError

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "class_patch"))
import inputs  # noqa: E402
from prepare import PatchError, fingerprint, load_upstream, prepare  # noqa: E402

# What CLASS reads at run time, relative to its folder: tables, and a script that distortions.c runs
TABLES = ("external/*/*.dat", "external/distortions/generate_PCA_files.py")

# -O1 and -g0: the wrappers only copy numbers, and compile four times faster than with -O3 -g.
FLAGS = {"language": "c++", "libraries": ["m"], "extra_link_args": ["-pthread"],
         "extra_compile_args": ["-std=c++11", "-pthread", "-O1", "-g0"]}


class BuildPatchedClass(build_ext):
    """Compile libclass.a from the patched tree, link the extensions with it, copy its tables."""

    def run(self):
        self.need_scripts()
        self.need_tools()
        # Not in build_temp, which is a temporary folder in an editable install; and relative, since Cython
        # takes * and [ in a path for a pattern.
        tree = Path("build", f"class-{load_upstream()['version']}")
        self.update_tree(tree)
        self.make_library(tree)
        self.complete_extensions(tree)
        super().run()
        self.copy_tables(tree)

    def need_scripts(self):
        """Raise ExecError if no script that pip installs could start in this environment."""
        # A script begins with #! and the path of python; if that has a space or is too long for the kernel,
        # with a line for sh that has the path between double quotes.
        path = os.fsencode(sys.executable)
        for_sh = b" " in path or len(path) > 124
        if set(b"\t\n") & set(path) or for_sh and set(b'"$`\\') & set(path):
            raise ExecError(
                f"Scripts such as cobaya-run cannot start in {sys.prefix!r}: the shell reads \" $ ` \\ "
                "otherwise in a path that has a space or is as long as this; a tab or a line break stops "
                "them always. Make the virtual environment in another folder.")

    def need_tools(self):
        """Raise ExecError if a program of the build is missing."""
        compilers = [next(word for word in shlex.split(command) if "=" not in word)
                     for command in (environment("CC", "gcc"), environment("CXX", "g++"))]
        for tool in (*compilers, "make", "patch"):
            if shutil.which(tool) is None:
                raise ExecError(f"The program `{tool}` is missing; on Debian and Ubuntu: `apt-get install "
                                "build-essential patch`. Other compilers are named by CC and CXX.")

    def update_tree(self, tree):
        """Write the patched tree; in one of an earlier build, replace the files that differ."""
        with tempfile.TemporaryDirectory() as fresh:
            try:
                prepare(fresh)
            except PatchError as error:
                raise ExecError(str(error)) from None
            files = [str(p.relative_to(fresh)) for p in Path(fresh).rglob("*") if p.is_file()]
            _, differing, missing = filecmp.cmpfiles(fresh, tree, files, shallow=False)
            # make compiles again after a change of sources, not of its own rules.
            if missing or any(name.endswith(("Makefile", ".mk")) for name in differing):
                shutil.rmtree(tree, ignore_errors=True)
                shutil.copytree(fresh, tree)
            for name in differing:
                shutil.copyfile(Path(fresh, name), tree / name)  # with a new date, for make

    def make_library(self, tree):
        """Run CLASS's Makefile; ExecError with the end of its output if it fails."""
        variables = make_variables()
        # make does not see that a compiler or a flag has changed
        used = tree / "variables.txt"
        if not used.is_file() or used.read_text() != "\n".join(variables):
            shutil.rmtree(tree / "build", ignore_errors=True)
            used.write_text("\n".join(variables))
        command = ["make", f"-j{environment('SIDR_JOBS', cores())}", "libclass.a", *variables]
        result = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace")
        if result.returncode != 0:
            raise ExecError(f"`{shlex.join(command)}` failed in {tree.resolve()}:\n{result.stdout[-3000:]}")

    def complete_extensions(self, tree):
        """Fill in what the extensions take from the tree."""
        import numpy

        external = {str(header.parent) for header in tree.glob("external/*/*.h")}
        for extension in self.extensions:
            extension.include_dirs = [numpy.get_include(), str(tree / "include"), *external]
            extension.extra_objects = extension.depends = [str(tree / "libclass.a")]
            extension.cython_directives = {"language_level": "3"}
            if extension.name == "sidr.classy._classy":
                extension.sources = [str(tree / "python" / "classy.pyx")]
        self.cython_c_in_temp = True

    def copy_tables(self, tree):
        """Copy the tables beside the extensions, where module-name.patch looks; list CLASS's inputs."""
        # get_ext_fullpath() would name a temporary folder in an editable install.
        if self.inplace:
            package = self.get_finalized_command("build_py").get_package_dir("sidr.classy")
        else:
            package = Path(self.build_lib, "sidr", "classy")
        for table in (path for pattern in TABLES for path in tree.glob(pattern)):
            target = Path(package) / table.relative_to(tree)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(table, target)
        inputs.write(tree, Path(package) / "inputs.json")
        Path(package, "fingerprint.txt").write_text(f"{fingerprint(tree)}\n")


def environment(name, default=""):
    """A variable of the environment, `default` if it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def cores():
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def make_variables():
    """CLASS's Makefile with the compilers and flags of the environment, in make's form NAME=VALUE."""
    # CLASSDIR is the fallback for base_path, which classy.pyx always sets: "." keeps the path
    # of the build, gone after it, out of the library. The rest is as in the Makefile, with more at its end.
    return [
        "CLASSDIR=.",
        f"CC={environment('CC', 'gcc')}",
        f"CPP={environment('CXX', 'g++')} --std=c++11 -fpermissive -Wno-write-strings "
        f"{environment('CXXFLAGS')}",
        f"AR={environment('AR', 'ar')} rv",
        f"OPTFLAG=-O3 {environment('CPPFLAGS')} {environment('CFLAGS')}",
    ]


setup(
    packages=["sidr", "sidr.classy", "sidr.theory", "sidr.samplers", "sidr.thermal", "sidr.neff",
              "sidr.emulator", "sidr.figures", "sidr.grids", "sidr.runs", "sidr.reweight", "sidr.report",
              "sidr.commands", "sidr.likelihoods"],
    package_dir={"": "pyext", "sidr.likelihoods": "likelihoods"},
    package_data={
        "": ["*.yaml", "*.bibtex"],
        "sidr.classy": ["calibrations/*.txt", "inputs.json", "fingerprint.txt"],
        "sidr.neff": ["table.txt"],
        "sidr.emulator": ["designs/*.yaml", "emulators/*.npz"],
        "sidr.report": ["page.html", "page.css"],
        "sidr.likelihoods": ["PlanckCompressed.npz"],
    },
    ext_modules=[
        Extension("sidr.classy._classy", [], **FLAGS),  # classy.pyx is in the patched tree
        Extension("sidr.classy._levels", ["pyext/sidr/classy/_levels.pyx"], **FLAGS),
        Extension("sidr.classy._sidr", ["pyext/sidr/classy/_sidr.pyx"], **FLAGS),
        Extension("sidr.neff._kernels", ["pyext/sidr/neff/_kernels.pyx"],
                  **FLAGS | {"extra_compile_args": ["-std=c++11", "-O3", "-g0"]}),
    ],
    cmdclass={"build_ext": BuildPatchedClass},
    include_package_data=False,
)
