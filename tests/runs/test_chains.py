"""Reading chains that a run is writing, or that are broken, or whose parameters have no labels."""

import shutil

import numpy as np
import pytest
from cobaya.run import run
from numpy.testing import assert_allclose, assert_array_equal

from sidr import runs
from sidr.cli import main
from sidr.runs import chains


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """A short chain of parameters without labels, as cobaya writes it."""
    root = tmp_path_factory.mktemp("chains") / "short"
    run({"likelihood": {"normal": "lambda m_nu_sum, a_b_c: -(m_nu_sum/0.05)**2/2 - a_b_c**2/2"},
         "params": {"m_nu_sum": {"prior": [0, 1.5], "ref": 0.02, "proposal": 0.05},
                    "a_b_c": {"prior": [-5, 5], "ref": 0, "proposal": 1}},
         "sampler": {"mcmc": {"max_samples": 400, "seed": 1}}, "output": str(root)})
    return root


@pytest.fixture
def copy(chain, tmp_path):
    """The root of a copy of the chain, and the lines of its samples."""
    for path in chain.parent.iterdir():
        shutil.copyfile(path, tmp_path / path.name)
    return tmp_path / chain.name, (tmp_path / "short.1.txt").read_text().splitlines()


def write(root, lines):
    root.with_name("short.1.txt").write_text("\n".join(lines) + "\n")


def test_names_that_are_no_latex_are_drawn(chain, tmp_path):
    assert main(["plot", str(chain), "-o", str(tmp_path / "triangle.png")]) == 0
    assert (tmp_path / "triangle.png").stat().st_size > 1000


@pytest.mark.parametrize("label, name, drawn", [
    (r"\sum m_\nu", "m_nu_sum", r"\sum m_\nu"),
    ("n_s", "n_s", "n_s"),
    ("m_nu", "m_nu", r"\mathrm{m\_nu}"),
    ("a_b_c", "a_b_c", r"\mathrm{a\_b\_c}"),
    (r"\unknown{x}", "m_nu_sum", r"\mathrm{m\_nu\_sum}"),
])
def test_label(label, name, drawn):
    assert chains.drawable(label, name) == drawn


def test_whole_chain_has_nothing_to_complain_about(chain):
    read = chains.read(chain)
    table = np.loadtxt(f"{chain}.1.txt")
    assert not read.complaints
    assert (read.rows, read.weight) == (len(table), table[:, 0].sum())
    assert_array_equal(read.samples.samples[:, 0], table[-read.samples.numrows:, 2])


def test_bad_rows_are_named_and_the_good_ones_kept(copy):
    root, lines = copy
    good = runs.load_samples(root, 0).samples
    broken = lines[:50] + ["\x00\x00\x00"] + lines[50:90] + [lines[90][:40] + lines[91]]
    broken += ["1 x" + lines[92][20:], lines[93].replace("1", "nan", 1), *lines[94:]]
    write(root, broken)
    read = chains.read(root, 0)
    complaint, = read.complaints
    assert complaint.startswith(f"{root}.1.txt: 4 of 400 rows cannot be read")
    assert "line 51 has 1 columns of 8" in complaint
    assert read.rows == 396
    kept = [i for i in range(len(good)) if i + 1 not in (90, 91, 92, 93)]
    assert_allclose(read.samples.samples, good[kept], rtol=1e-12)


@pytest.mark.parametrize("cut", [1, 5, 100])
def test_a_row_that_is_being_written_is_left_out(copy, cut):
    root, lines = copy
    path = root.with_name("short.1.txt")
    path.write_text(path.read_text()[:-cut])
    read = chains.read(root)
    assert read.rows == len(lines) - 2
    assert "is incomplete (the run may be writing it)" in read.complaints[0]


def test_header_and_yaml_can_each_be_missing(copy):
    root, lines = copy
    whole = chains.read(root).samples
    write(root, lines[1:])
    assert_array_equal(chains.read(root).samples.samples, whole.samples)
    write(root, lines)
    updated = root.with_name("short.updated.yaml")
    for text in (updated.read_text()[:200] + "\n\t]", "", None):
        updated.unlink()
        if text is not None:
            updated.write_text(text)
        read = chains.read(root)
        complaint, = read.complaints
        assert "short.updated.yaml" in complaint and "header" in complaint
        assert read.samples.getParamNames().list()[:2] == ["m_nu_sum", "a_b_c"]
        assert_array_equal(read.samples["m_nu_sum"], whole["m_nu_sum"])
        updated.touch()


def test_a_column_that_is_not_finite_is_left_out_and_its_rows_kept(copy):
    root, lines = copy
    whole = chains.read(root).samples
    broken = [*lines[:300], lines[300].rsplit(maxsplit=1)[0] + " nan", *lines[301:]]
    write(root, broken)
    read = chains.read(root)
    assert read.complaints == [f"{root}: chi2__normal is not finite in 1 of 400 rows; it is left out."]
    assert read.samples.getParamNames().list() == whole.getParamNames().list()[:-1]
    assert_array_equal(read.samples["m_nu_sum"], whole["m_nu_sum"])


def test_several_chains_are_read_without_those_of_other_columns(copy):
    root, lines = copy
    root.with_name("short.2.txt").write_text("\n".join(lines) + "\n")
    root.with_name("short.3.txt").write_text("# weight minuslogpost x\n1 2 3\n")
    root.with_name("short_other.1.txt").write_text("not ours\n")
    read = chains.read(root)
    assert read.rows == 800 and len(read.complaints) == 1 and "short.3.txt" in read.complaints[0]
    assert len(read.samples.getSeparateChains()) == 2


def test_nothing_that_can_be_read(copy):
    root, lines = copy
    write(root, lines[:1] + ["\x00" * 100])
    read = chains.read(root)
    assert read.samples is None and read.rows == 0 and len(read.complaints) == 1
    assert main(["plot", str(root)]) == 1
