"""The table of expected values and the cases belong together."""

from __future__ import annotations


def test_every_case_has_a_row(cases):
    assert not {name for name, _ in cases.CASES} - set(cases.rows())


def test_every_row_with_a_criterion_has_a_case(cases):
    tried = {name for name, _ in cases.CASES}
    assert not [name for name, row in cases.rows().items() if row["low"] and name not in tried]


def test_every_row_tells_its_source_and_a_band_or_none(cases):
    for name, row in cases.rows().items():
        assert row["source"], name
        assert bool(row["low"]) == bool(row["high"]) == bool(row["tolerance"]), name
        assert not row["low"] or float(row["low"]) <= float(row["high"]), name


def test_ids_are_given_once(cases):
    lines = [line for line in cases.TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert len(cases.rows()) == len(lines) - 1
