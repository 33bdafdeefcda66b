"""The figures of the thermal history, and the planes that they keep."""


import numpy as np
import pytest
from numpy.testing import assert_allclose

from sidr.cli import main
from sidr.files import Rows
from sidr.thermal import evolve
from sidr.thermal.plane import plane
from sidr.thermal.sterile import sigma_phi, sterile_rates


@pytest.fixture(autouse=True)
def no_display(monkeypatch):
    import matplotlib
    matplotlib.use("Agg")
    yield
    import matplotlib.pyplot as plt
    plt.close("all")


def test_command_draws_figures_into_a_folder(tmp_path, capsys):
    assert main(["figures", "figS1", "figS2", "figS6", "-o", str(tmp_path / "new")]) == 0
    assert {p.name for p in (tmp_path / "new").iterdir()} == {"figS1.png", "figS2.png", "figS6.png"}
    assert "figS6.png" in capsys.readouterr().out


@pytest.mark.parametrize("arguments, says", [(["fig9"], "fig9: no such figure; there are fig1, fig2"),
                                             (["figS1", "-s", "5"], "--size has no effect on figS1")])
def test_command_says_what_is_wrong(arguments, says, tmp_path, capsys):
    assert main(["figures", *arguments, "-o", str(tmp_path)]) == 1
    assert says in capsys.readouterr().err


def test_every_figure_has_what_the_paper_describes():
    from sidr.figures import thermal as figures
    assert list(figures.FIGURES) == ["fig1", "fig2"] + [f"figS{i}" for i in range(1, 8)]
    temperatures = figures.fig1().axes[1]
    assert "2.284" in temperatures.texts[0].get_text()      # N_nu = 2.28, N_tot = 3.04
    mi, si = (ax.lines[0].get_ydata()[-1] for ax in figures.figS7().axes)
    assert_allclose([mi, si], (4 / 11)**(1 / 3) * (3.06 / 43)**0.25, rtol=0.01)  # 43 flavours share


@pytest.mark.parametrize("left", [1, 20, -1])  # of the last line
def test_plane_is_resumed_after_a_kill_and_refuses_another_grid(tmp_path, monkeypatch, left):
    from sidr.thermal import plane as module

    file, row = tmp_path / "plane.txt", module._row
    first = plane(1, 100, size=3, file=file, jobs=1)
    history = evolve(3e-3, 0.003, 100, first.m_nu_sum[1], 1)
    assert_allclose(first.N_eff_nu[0, 1], history.N_eff_nu, atol=1e-5)
    head, *rows = file.read_text().splitlines()
    assert len(rows) == 3
    solved = []
    monkeypatch.setattr(module, "_row", lambda i, *args: (solved.append(i), row(i, *args))[1])
    monkeypatch.setattr(module, "compute", lambda function, items, jobs: (      # in this process
        (item, function(*item)) for item in items))
    file.write_text("\n".join([head, *rows[:2], rows[2][:left]]))
    again = plane(1, 100, size=3, file=file, jobs=1)
    assert solved == [int(rows[2].split()[0])]      # no row that is there
    assert np.array_equal(again.N_eff, first.N_eff) and np.array_equal(again.N_eff_nu, first.N_eff_nu)
    assert file.read_text().splitlines() == [head, *rows]
    with pytest.raises(ValueError, match="begins with `# n_chi 1, .* 3 x 3; .*, not with .*4 x 4; "):
        plane(1, 100, size=4, file=file, jobs=1)


@pytest.mark.parametrize("damage, words", [
    (lambda row: row.replace(" 3.", " 4.", 1), "is damaged .line 3.: remove this line"),
    (lambda row: "1 nonsense", "is damaged .line 3."),
    (lambda row: Rows._line(["1", *6 * ["nan"]]).strip(), "line 3 is no row of 3 x 3"),
    (lambda row: Rows._line(["7", *6 * ["3.0"]]).strip(), "line 3 is no row of 3 x 3"),
    (lambda row: Rows._line(["1", "3.0"]).strip(), "line 3 is no row of 3 x 3"),
    (lambda row: Rows._line(["1", *6 * ["many"]]).strip(), "line 3 is no row of 3 x 3")])
def test_plane_with_a_bad_line_is_named(tmp_path, damage, words):
    file = tmp_path / "plane.txt"
    plane(1, 100, size=3, file=file, jobs=1)
    head, *rows = file.read_text().splitlines()
    file.write_text("\n".join([head, rows[0], damage(rows[1]), rows[2], ""]))
    with pytest.raises(ValueError, match=f"{file} {words}" if words.startswith("is") else words):
        plane(1, 100, size=3, file=file, jobs=1)


def test_posterior_is_drawn_when_its_file_is_there(tmp_path):
    from sidr.figures import thermal as figures
    limits = tmp_path / "limits.yaml"
    limits.write_text("""
1: {limit: [[-5, 0.1], [-3, 0.11], [-1, 0.14]], modes: {SI: [-2, -1], MI: [-5, -3.3]}}
2: {limit: [[-5, 0.12], [-1, 0.15]], modes: {}}
""")
    fig = figures.fig2(tmp_path, size=3, jobs=1, limits=limits)
    line = next(x for x in fig.axes[0].lines if x.get_color() == "magenta")
    m_phi, m_nu_sum = line.get_ydata(), line.get_xdata()
    assert_allclose(m_phi[[0, -1]], 0.003 * 10**np.array([2.5, 0.5]))    # (6)
    assert_allclose(np.interp(-0.003 * 10**1.5, -m_phi, m_nu_sum), 0.11, rtol=1e-3)
    assert "no posterior" not in fig.get_suptitle()
    assert "no posterior for" in figures.fig2(tmp_path, size=3, jobs=1).get_suptitle()


@pytest.mark.parametrize("text, says", [
    (None, "limits.yaml"), ("", "n_chi = 1, 2"), ("3: {}", "n_chi = 1, 2"), ("1: {limit: []}", "n_chi = 1"),
    ("1: {limit: [[-5, 1]], modes: {}}", "two or more pairs"),
    ("1: {limit: [[0, 1], [-1, 1]], modes: {}}", "rising"),
    ("1: {limit: [[-5, .nan], [1, 1]], modes: {}}", "finite"),
    ("1: {limit: [[0, 1], [1, a]], modes: {}}", "wrong"),
    ("1: {limit: [[0, 1], [1, 1]], modes: {SI: [1]}}", "wrong"), ("1: [", "line 1"),
    ("1: !!python/object/apply:os.getcwd []", "n_chi = 1")])
def test_limits_that_are_wrong_are_one_error(tmp_path, monkeypatch, text, says):
    from sidr.figures import thermal as figures
    monkeypatch.chdir(tmp_path)
    limits = tmp_path / "limits.yaml"
    if text is not None:
        limits.write_text(text)
    with pytest.raises((OSError, ValueError), match=says) as error:
        figures.fig2(tmp_path, limits=limits)
    assert "limits.yaml" in str(error.value)


def test_sterile_neutrinos_are_made_as_figure_S2_says():
    T = np.array([3.0, 10.0, 1000.0, 3000.0])
    rates = sterile_rates(T, 0.065 / 3, 10.0, 0.1)
    theta2 = 0.065e-6 / 3 / 10
    assert_allclose(rates.e_nu_to_e_N[2:] / rates.e_nu_to_e_nu[2:], theta2, rtol=1e-3)   # high T: m_nu/M_N
    assert rates.e_nu_to_e_N[0] < 0.9 * theta2 * rates.e_nu_to_e_nu[0]                  # the threshold
    assert_allclose(rates.e_nu_to_e_nu[3] / rates.e_nu_to_e_nu[2], 27, rtol=1e-3)       # T^3
    assert np.all(rates.nu_nu_to_N_N < 1e-3)
    assert 300 < np.interp(1, rates.e_nu_to_e_N[2:], T[2:]) < 3000                      # T_rh <~ 1 GeV
    # phi exchange falls as 1/s: s sigma is constant but for logarithms
    s = np.array([1e6, 4e6])
    assert_allclose(sigma_phi(s, 0.02, 10.0, 0.1)[0] / sigma_phi(s, 0.02, 10.0, 0.1)[1], 4, rtol=0.3)
