"""List the inputs of a CLASS tree: name, kind of value, and the function that reads it.

The names are in the source only: in calls of CLASS's parser in input.c and in our input_sidr.c, and in the
tables of precision parameters.
"""

import json
import re
from pathlib import Path

#: Files of a tree that read inputs, and its tables of precision parameters
READERS = ("source/input.c", "external/sidr/input_sidr.c")
PRECISIONS = ("include/precisions.h", "external/sidr/precisions_sidr.h")

FUNCTION = re.compile(r"^int (input_\w+)\(", re.MULTILINE)
#: What CLASS finds by shooting, listed in an array
TARGETS = re.compile(r"target_namestrings\[\] = \{([^}]*)\}")
CALL = re.compile(r'\b(class_read|parser_read)_(\w+)\s*\(\s*(?:pfc\s*,\s*)?((?:"[^"]*"\s*,\s*)+)')
PARAMETER = re.compile(r"^\s*class_(?:precision|type)_parameter\(\s*(\w+)\s*,\s*(\w+)", re.MULTILINE)
FILE = re.compile(r'^\s*class_string_parameter\(\s*\w+\s*,\s*"[^"]*"\s*,\s*"([^"]*)"', re.MULTILINE)


def list_inputs(tree):
    """The inputs of the CLASS in a folder.

    Returns
    -------
    dict of list of str
        By the name of the input its kind and where it is read. Kinds are "number", "integer", "numbers" and
        "integers" (lists), "text", and "number or text". Precision parameters are read in "precision".
    """
    inputs = {}
    for path in READERS:
        code = Path(tree, path).read_text()
        starts = [(match.start(), match[1]) for match in FUNCTION.finditer(code)]
        for call in CALL.finditer(code):
            where = [name for start, name in starts if start < call.start()][-1:]
            for name in re.findall('"([^"]*)"', call[3]):
                inputs[name] = [both(kind(call[2]), inputs.get(name)), *where]
        for targets in TARGETS.findall(code):
            inputs |= {name: ["number", "input_shooting"] for name in re.findall('"([^"]*)"', targets)}
    for path in PRECISIONS:
        code = Path(tree, path).read_text()
        inputs |= {name: [{"int": "integer", "double": "number"}[type_], "precision"]
                   for name, type_ in PARAMETER.findall(code)}
        inputs |= {name: ["text", "precision"] for name in FILE.findall(code)}
    return inputs


def kind(reader):
    """What the end of the name of a function of CLASS's parser says of the value."""
    if reader.startswith("list_of"):
        return {"doubles": "numbers", "integers": "integers"}.get(reader.split("_")[2], "text")
    return {"double": "number", "int": "integer"}.get(reader.split("_")[0], "text")


def both(kind, before):
    """The kind of an input that is read twice."""
    kinds = {kind, *(before or [])[:1]}
    return "number or text" if kinds >= {"number", "text"} or "number or text" in kinds else kind


def write(tree, path):
    """Write the list as JSON, one input a line."""
    rows = (f"{json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(list_inputs(tree).items()))
    Path(path).write_text("{" + ",\n ".join(rows) + "}\n")
