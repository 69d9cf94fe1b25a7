"""What the catalogue gives: typed frames that keep their table and their sources."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import catalog
from analysis.publishing import edition


def test_an_unknown_table_lists_the_known_ones() -> None:
    with pytest.raises(
        catalog.CatalogError, match=r"'training_run' is not known; known: .*training_runs"
    ):
        catalog.load("training_run")


def test_numbers_are_floats_years_are_whole_and_blank_text_is_empty() -> None:
    runs = catalog.load("training_runs")
    assert runs["training_flop"].dtype == np.float64
    assert runs["training_flop"].isna().any()
    assert catalog.load("lab_returns")["year"].dtype == np.int64
    assert not runs["training_hardware"].isna().any()
    assert (runs["training_hardware"] == "").any()


def test_a_number_is_read_to_the_last_bit() -> None:
    points = catalog.load("compute_optimal_points")
    assert 5.76e23 in points["compute_flop"].to_list()
    assert 1e21 in points["compute_flop"].to_list()


def test_a_frame_remembers_its_table_through_filtering_and_selection() -> None:
    fits = catalog.load("scaling_law_fits")
    high = fits[fits["confidence"] == "high"].loc[:, ["law_id", "source_id"]].reset_index(drop=True)
    assert high.attrs["tables"] == ("scaling_law_fits",)
    assert catalog.tables_of(high, catalog.load("lab_returns"), fits) == (
        "scaling_law_fits",
        "lab_returns",
    )


def test_a_frame_built_anew_does_not_pass_for_a_table() -> None:
    with pytest.raises(catalog.CatalogError, match="does not say which tables it is from"):
        catalog.tables_of(pd.DataFrame({"x": [1]}))


def test_sources_come_once_in_the_order_of_first_citation() -> None:
    fits = catalog.load("scaling_law_fits")
    chosen = fits.set_index("law_id").loc[["besiroglu2024", "kaplan2020_LN", "kaplan2020_LD"]]
    cited = catalog.sources_of(chosen, "hoffmann2022", ["kaplan2020", "ho2024"])
    assert cited["source_id"].to_list() == ["besiroglu2024", "kaplan2020", "hoffmann2022", "ho2024"]
    assert cited["short"].iloc[1] == "Kaplan et al. 2020"


def test_an_unknown_source_is_refused_with_the_remedy() -> None:
    with pytest.raises(catalog.CatalogError, match=r"'kaplan2021' is not known.*data/sources.csv"):
        catalog.sources_of("kaplan2021")


def test_a_frame_that_lost_its_sources_is_refused() -> None:
    with pytest.raises(catalog.CatalogError, match="has no column source_id"):
        catalog.sources_of(catalog.load("training_runs")[["model"]])


def test_a_sealed_table_loads_fast_and_without_the_validator() -> None:
    code = (
        "import sys, analysis.catalog as c; [c.load(t) for t in c.tables()];"
        "sys.exit('frictionless' in sys.modules)"
    )
    root = Path(catalog.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
    catalog.load("training_runs")
    began = time.perf_counter()
    for _ in range(5):
        catalog.load("training_runs")
    assert (time.perf_counter() - began) / 5 < 0.1


def test_the_date_of_evidence_is_a_month() -> None:
    assert catalog.as_of() == "2026-10"
    assert catalog.package()["version"] == edition.current().version


def test_the_command_line_checks_and_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert catalog.main(["check"]) == 0
    assert "tables valid and sealed" in capsys.readouterr().out
    assert catalog.main([]) == 2
    assert "check | seal" in capsys.readouterr().err


def test_truth_values_are_truth_values() -> None:
    designs = catalog.load("design_coverage")
    assert designs["identified"].dtype == bool
    assert set(designs.loc[~designs["identified"], "design"]) == {"ray"}
