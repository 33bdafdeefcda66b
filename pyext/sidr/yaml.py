"""YAML that is read and never executed.

Cobaya's own loader constructs what the tags of a file name, `!!python/object/apply:os.system` too: good
enough for the input that a user runs, not for the files of a run that somebody else has made. This one has
Cobaya's numbers (1e-5 is a float) and refuses a key that is there twice, as Cobaya does.
"""

from pathlib import Path

import yaml
from cobaya.yaml import ScientificLoader

#: What these tags hold is plain: a list, and a list of pairs. Cobaya writes them for an info of Python's.
TUPLE = "tag:yaml.org,2002:python/tuple"
ORDERED = "tag:yaml.org,2002:python/object/apply:collections.OrderedDict"


class Opaque(str):
    """In place of a value that only code could construct: its tag."""


class Reader(yaml.SafeLoader):
    """Of files of runs: an unknown tag is an `Opaque`."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.startswith("!")]
        for first, resolvers in ScientificLoader.yaml_implicit_resolvers.items()}

    def __init__(self, stream):
        super().__init__(stream)
        self.deep_construct = True      # a value that contains itself is an error

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if doubled := [key for i, key in enumerate(keys) if key in keys[:i]]:
            raise yaml.constructor.ConstructorError(None, None, f"the key {doubled[0]} is there twice",
                                                    node.start_mark)
        return super().construct_mapping(node, deep)


class InputReader(Reader):
    """Of input: `!defaults [FILE, ...]` as Cobaya has it, and no other tags."""

    files = ()      # that are being read: this one, and before it those that have it among their defaults


def opaque(_, node):
    return Opaque(node.tag.replace("tag:yaml.org,2002:", "!!"))


def refuse(_, node):
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    raise yaml.constructor.ConstructorError(None, None, f"there is no tag {tag}", node.start_mark)


def ordered(loader, node):
    return dict(*loader.construct_sequence(node, deep=True))


def defaults(loader, node):
    """The contents of other files, later ones on top."""
    names = ([loader.construct_scalar(node)] if isinstance(node, yaml.ScalarNode)
             else loader.construct_sequence(node))
    merged = {}
    for name in names:
        path = loader.files[0].parent / str(name)
        path = next(filter(Path.is_file, (path, Path(f"{path}.yaml"), Path(f"{path}.yml"))), path)
        if path.resolve() in map(Path.resolve, loader.files):
            raise yaml.constructor.ConstructorError(None, None, f"{path} has itself among its defaults",
                                                    node.start_mark)
        merged = update(merged, load_input(path, loader.files))
    return merged


def update(base, new):
    """A dictionary with the entries of another one, at each level."""
    return base | {key: update(base[key], value) if isinstance(value, dict)
                   and isinstance(base.get(key), dict) else value for key, value in new.items()}


Reader.add_constructor(TUPLE, yaml.SafeLoader.construct_yaml_seq)
Reader.add_constructor(ORDERED, ordered)
Reader.add_constructor(None, opaque)
InputReader.add_constructor(None, refuse)
InputReader.add_constructor("!defaults", defaults)


def load(text, name="text", loader=Reader):
    """The content of a text.

    Parameters
    ----------
    text : str
    name : str or Path
        What errors call it.
    loader : type

    Returns
    -------
    dict, list, str, float, int, bool, datetime or None
        With `Opaque` where only code could construct a value.

    Raises
    ------
    ValueError
        If it is not YAML.
    """
    try:
        return yaml.load(text, loader)
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark, error.problem or error.context
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"{name} cannot be read: {where}{problem}.") from error
    except RecursionError as error:
        raise ValueError(f"{name} cannot be read: it is nested too deeply.") from error
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        problem = " ".join(str(error).split())      # a date such as 2026-13-01, a character of no text
        raise ValueError(f"{name} cannot be read: {problem}.") from error


def load_file(path):
    """The content of a file of a run.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is not YAML.
    """
    return load(text_of(path), path)


def load_input(path, inside=()):
    """The blocks of an input file of a user.

    Parameters
    ----------
    path : path-like
    inside : tuple of Path
        Files that have this one among their defaults.

    Returns
    -------
    dict

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it has no blocks, or a tag other than `!defaults`.
    """
    blocks = load(text_of(path), path, type("FileReader", (InputReader,), {"files": (Path(path), *inside)}))
    if not isinstance(blocks, dict):
        raise ValueError(f"{path} has no blocks such as `theory:` or `likelihood:`.")
    return blocks


def text_of(path):
    """A file as text; UTF-8, with or without a byte order mark."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} cannot be read: it is no text ({error}).") from error


def dump(content):
    """Text that each loader reads alike: no tags, of an `Opaque` its name.

    Parameters
    ----------
    content : dict
        From `load`.

    Returns
    -------
    str
    """
    return yaml.dump(content, Dumper=Writer, sort_keys=False, allow_unicode=True)


class Writer(yaml.SafeDumper):
    """Of plain values."""


Writer.add_representer(Opaque, lambda writer, value: writer.represent_str(str(value)))
