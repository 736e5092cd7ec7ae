from __future__ import annotations

from pathlib import Path

import pytest

import twin
from plant_models.parks import park_path


@pytest.fixture(scope="session")
def park():
    return twin.load_layout(park_path("lantern-bay"))


@pytest.fixture(scope="session")
def jurong_tanks() -> Path:
    """The real tank farm, which is not shipped."""
    name = "osm_tanks_jurong_island_sg.min.geojson"
    path = Path(__file__).parents[2].parent / "shared" / "validation" / "layouts" / name
    if not path.is_file():
        pytest.skip(f"{name} is not here")
    return path


@pytest.fixture
def small() -> str:
    """The smallest complete scenario file."""
    return SMALL


SMALL = """\
schema: drill/1
id: small
title: {zh: 小演练, en: Small drill}
summary: {zh: 一句话。, en: One sentence.}
meta: {pack: chemical}
layout: {park: lantern-bay}
time: {start: "2026-01-12T02:10:00+08:00", horizon: 30 min}
weather:
  wind: {speed: 2 m/s, from: 200 deg, height: 10 m}
  stability: F
  roughness_length: 0.1 m
  temperature: 10 degC
releases:
  - id: R1
    kind: rate
    substance: chlorine
    at: LB-101
    start: 1 min
    mass_rate: 0.5 kg/s
    duration: 20 min
    isolated_by: [XV-12]
population:
  - {id: crew, at: BD-CELL, count: 5, indoors: 80 %, premovement: {fixed: 30 s}, speed: {fixed: 1.2 m/s}}
plan:
  id: plan
  roles:
    operator: {title: {zh: 操作员, en: Operator}, level: enterprise}
  steps:
    - id: S1
      role: operator
      do: close_valve
      target: [XV-12]
      when: detection.first
      duration: {uniform: [20 s, 40 s]}
objectives:
  - {id: isolate, title: {zh: 切断, en: Isolate}}
expectations:
  - id: E1
    objective: isolate
    rule: {kind: timeliness, event: "valve.closed:XV-12", anchor: detection.first, target: 1 min, limit: 5 min}
alternatives:
  - {id: A1, isolate: 1 min}
seeds: {root: 1}
"""
