"""Data of other authors, installed with Cobaya's or as a Python package of theirs; and their programs."""

from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from cobaya.component import ComponentNotInstalledError
from cobaya.likelihoods.base_classes import InstallableLikelihood
from cobaya.log import LoggedError, get_logger

from .sky import OnSky


class Installed(OnSky, InstallableLikelihood):
    """A likelihood that reads a repository of data.

    `cobaya-install` copies a repository into data/`data_path` of the packages path; a subclass says in
    `install_options` from where. A Python package that the authors made of the same repository serves as
    well.

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
        """Whether the data are there; if not, the log says which."""
        path = kwargs.get("path")
        if not kwargs.get("data", True) or cls.find(path):
            return True
        log = get_logger(cls.get_qualified_class_name())
        (log.error if kwargs.get("show_error") is not False else log.info)(cls.missing(path))
        return False

    @classmethod
    def find(cls, packages_path):
        """The data file as a Path, or None."""
        folders = [Path(cls.get_path(str(packages_path)))] if packages_path else []
        spec = find_spec(cls._data_package) if cls._data_package else None
        folders += map(Path, spec.submodule_search_locations or ()) if spec else []
        return next((path for folder in folders for path in sorted(folder.rglob(cls._data_file))), None)

    @classmethod
    def missing(cls, packages_path):
        """What to say if there is no data file."""
        package = f", and no Python package {cls._data_package} with it" if cls._data_package else ""
        return (f"No {cls._data_file} in data/{cls.install_options['data_path']} of packages_path = "
                f"{packages_path!r}{package}: `cobaya-install {cls.get_qualified_class_name()}`.")

    def found(self):
        """The data file as a Path.

        Raises
        ------
        ComponentNotInstalledError
            If it is not there.
        """
        if not (path := self.find(self.packages_path)):
            raise ComponentNotInstalledError(self.log, self.missing(self.packages_path))
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
        raise LoggedError(log, "%s: it comes with the extra cmb of sidr, `pip install \".[cmb]\"` in its "
                          "folder.", error) from error
