"""Data of other authors: installed with Cobaya's data, or as a Python package of theirs; and their programs."""

from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from cobaya.component import ComponentNotInstalledError
from cobaya.likelihoods.base_classes import InstallableLikelihood
from cobaya.log import LoggedError

from .sky import OnSky


class Installed(OnSky, InstallableLikelihood):
    """A likelihood that reads a repository of data.

    `cobaya-install` copies a repository into data/`data_path` of the packages path; a subclass says in
    `install_options` from where. A Python package that the authors made of the same repository serves as well.

    Attributes
    ----------
    _data_file : str
        The file that is read, with as much of its path as makes it unique in the repository.
    _data_package : str
        The authors' Python package, or nothing.
    """

    _is_abstract = True

    _data_file = ""
    _data_package = ""

    @classmethod
    def is_installed(cls, **kwargs):
        """Whether the data are there."""
        return not kwargs.get("data", True) or cls.find(kwargs.get("path")) is not None

    @classmethod
    def find(cls, packages_path):
        """The data file as a Path, or None."""
        folders = [Path(cls.get_path(str(packages_path)))] if packages_path else []
        spec = find_spec(cls._data_package) if cls._data_package else None
        folders += map(Path, spec.submodule_search_locations) if spec else []
        return next((path for folder in folders for path in sorted(folder.rglob(cls._data_file))), None)

    def found(self):
        """The data file.

        Raises
        ------
        LoggedError
            If it is not there.
        """
        if not (path := self.find(self.packages_path)):
            package = f", or the Python package {self._data_package}" if self._data_package else ""
            raise ComponentNotInstalledError(
                self.log, "no %s in data/%s of packages_path = %r: install it with `cobaya-install %s -p "
                "PACKAGES_PATH`%s.", self._data_file, Path(self.get_path("")).name, self.packages_path,
                self.get_qualified_class_name(), package)
        return path


def program(name, log):
    """A Python module of the extra `cmb`; without what it prints.

    Raises
    ------
    LoggedError
        If it is not installed.
    """
    try:
        with redirect_stdout(StringIO()):
            return import_module(name)
    except ImportError as error:
        raise LoggedError(log, "%s: it comes with `pip install \".[cmb]\"` in the folder of sidr.",
                          error) from error
