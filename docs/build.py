"""What the site has from the code: a page for each command and module, pictures, equations.

It is an extension of Sphinx (`setup`), and `write_pages` writes sources before Sphinx looks for them.
"""

import argparse
import inspect
import pkgutil
import re
import shutil
from collections import namedtuple
from html import escape
from pathlib import Path

import sidr.likelihoods
import ziamath
from docutils.nodes import SkipNode
from drawings import likelihood_call, packages

import sidr
from sidr import cli

#: Type of a field of a NamedTuple
FIELD = type(inspect.getattr_static(namedtuple("Example", "field"), "field"))

# Paths in each equation, rather than symbols whose names would be those of another's
ziamath.config.svg2 = False

ROOT = Path(__file__).resolve().parents[1]

#: Folders of the API reference, in the order of a reader; what is not here follows
ORDER = [f"sidr.{name}" for name in (
    "classy", "neutrinos", "theory", "likelihoods", "samplers", "thermal", "neff", "oscillations",
    "emulator", "precision", "runs", "grids", "modes", "plots", "figures", "report", "reweight")]


def setup(app):
    """Register the renderer of equations, and what mends docstrings and links."""
    app.add_html_math_renderer("svg", inline_renderers=(inline_math, None),
                               block_renderers=(block_math, None))
    app.connect("autodoc-process-docstring", mend)
    app.connect("autodoc-skip-member", skip)
    app.connect("source-read", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(folder):
    """Write the pages of commands and modules, and the pictures, into a folder that is emptied first."""
    modules = module_names()
    pages = {
        "packages.svg": packages(),
        "call.svg": likelihood_call(),
        "results.md": results_page(),
        "commands/index.md": index_page(
            "Commands", "Pictures, tables and reports from the shell; `sidr COMMAND --help` says the same. "
            "Chains come from `cobaya-run`.", [action.dest for action in commands()._choices_actions]),
        "api/index.md": index_page("API", "Made from the docstrings.",
                                   [name for name in modules if name.count(".") == 1]),
    }
    for action in commands()._choices_actions:
        pages[f"commands/{action.dest}.md"] = command_page(action, commands().choices[action.dest])
    for name in modules:
        pages[f"api/{name}.rst"] = module_page(name, modules)
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def index_page(title, text, names):
    """A page with a list of pages."""
    names = "\n".join(names)
    return f"# {title}\n\n{text}\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"


def results_page():
    """The page of chains/results, its links as they are from the page of the site."""
    text = (ROOT / "chains" / "results" / "README.md").read_text().replace("../../docs/", "../")
    text = re.sub(r"\[[^]]*\]\(([\w.]*\.(?!png|md)\w+)\)", r"`chains/results/\1`", text)
    return re.sub(r"\]\(([\w.]*\.png)\)", r"](../../chains/results/\1)", text)


def commands():
    """The subparsers of `sidr`."""
    return next(action for action in cli.parser()._actions
                if isinstance(action, argparse._SubParsersAction))


def command_page(command, parser, level="#"):
    """The page of a command, from its parser, with a section for each of its steps."""
    usage = re.sub(r"\s+", " ", parser.format_usage().removeprefix("usage: ")).strip()
    lines = [f"{level} {parser.prog}\n", f"{command.help[0].upper()}{command.help[1:]}.\n",
             f"```text\n{usage}\n```\n"]
    for argument in parser._actions:
        if argument.dest == "help":
            continue
        if isinstance(argument, argparse._SubParsersAction):
            lines += [command_page(step, argument.choices[step.dest], f"{level}#")
                      for step in argument._choices_actions]
            continue
        value = argument.metavar or ("{" + ",".join(argument.choices) + "}" if argument.choices else "")
        names = f"{', '.join(argument.option_strings)} {value}".strip()
        text = (argument.help or "") % {**vars(argument), "prog": parser.prog}
        lines.append(f"`{names}`\n: {text}\n")
    return "\n".join(lines)


def module_names():
    """All public modules of sidr, packages before what is in them."""
    # sidr.likelihoods is in a folder of its own
    found = {"sidr.likelihoods"} | {
        module.name for package in (sidr, sidr.likelihoods)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not any(part.startswith("_") for part in module.name.split("."))}

    def order(name):
        package = ".".join(name.split(".")[:2])
        return (ORDER.index(package) if package in ORDER else len(ORDER), name)

    return sorted(found, key=order)


def module_page(name, modules):
    """The page of a module: its docstring, what is public in it, and the modules of a package."""
    title = name.removeprefix("sidr.") if name.count(".") > 1 else name
    text = f"{title}\n{'=' * len(title)}\n\n.. automodule:: {name}\n   :members:\n   :ignore-module-all:\n"
    inside = [m for m in modules if m.startswith(f"{name}.") and m.count(".") == name.count(".") + 1]
    if inside:
        text += "\n.. toctree::\n   :maxdepth: 1\n\n" + "".join(f"   {m}\n" for m in inside)
    return text


def mend(app, what, name, obj, options, lines):
    """Make a docstring strict reStructuredText; in a terminal it reads better without."""
    lines[:] = [re.sub(r"\s*\\cite\{[^}]*\}", "", line) for line in lines]     # keys of BibTeX, for Cobaya
    if what == "class" and hasattr(obj, "_fields"):
        lines += ["", *fields(obj)]
    mended, block = [], None        # block: indentation of what a `::` has begun
    for line in lines:
        indent = len(line) - len(line.lstrip())
        last = next((before for before in reversed(mended) if before.strip()), "")
        if line.strip() and block is not None and indent <= block:
            block = None
        if block is None and what == "module" and indent > 3 and mended and not mended[-1].strip() \
                and indent > len(last) - len(last.lstrip()):
            mended += ["::", ""]    # in the docstring of a module what is indented is code
            block = len(last) - len(last.lstrip())
        if block is None:           # |x| is a modulus
            line = re.sub(r"`[^`]*`|\|", lambda match: match[0] if len(match[0]) > 1 else r"\|", line)
            if line.rstrip().endswith("::") or line.lstrip().startswith(".. "):
                block = indent
        mended.append(line)
    lines[:] = mended


def fields(named_tuple):
    """The fields of a NamedTuple, as a list; what they are is in the comments beside them."""
    source = inspect.getsource(named_tuple)
    for name in named_tuple._fields:
        found = re.search(rf"^    {name}: ([^#=\n]+?)\s*(?:=[^#\n]*)?(?:#\s*(.*))?$", source, re.MULTILINE)
        kind, comment = found.groups(default="") if found else ("", "")
        yield f"- **{name}** : {kind}" + (f" – {comment}" if comment else "")


def skip(app, what, name, obj, skipped, options):
    """Leave out the fields of a NamedTuple, which are in its list."""
    return True if isinstance(obj, FIELD) else None


def link(app, docname, source):
    """Point to pages of the site where the text, read in the repository, points out of docs/."""
    source[0] = source[0].replace("(../chains/results/README.md)", "(_generated/results.md)")


def inline_math(writer, node):
    """An equation within a line, on its baseline."""
    equation = ziamath.Latex(node.astext(), size=16, color="currentColor", inline=True)
    svg = equation.svg().replace("<svg ", f'<svg style="vertical-align: {equation.getyofst():.2f}px" ', 1)
    writer.body.append(f'<span role="img" aria-label="{escape(node.astext())}">{svg}</span>')
    raise SkipNode


def block_math(writer, node):
    """An equation of its own."""
    equation = ziamath.Latex(node.astext(), size=17, color="currentColor")
    writer.body.append(f'<div class="equation" role="img" aria-label="{escape(node.astext())}">'
                       f"{equation.svg()}</div>\n")
    raise SkipNode
