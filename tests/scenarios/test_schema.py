"""The models: SI inside, units at the door, the same drill after a round trip, and the JSON Schema for editors."""

from __future__ import annotations

import json
from math import exp, log
from pathlib import Path

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import scenarios
from scenarios.quantities import Quantity, Seconds
from scenarios.schema import Scenario
from twin.errors import ScenarioError

IN_FILE = {"file": True}


def plain(text: str, tmp_path: Path) -> dict[str, object]:
    """Content of a file as an editor's YAML reader sees it."""
    from ruamel.yaml import YAML

    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text)))


@settings(deadline=None, max_examples=60)
@given(
    number=st.floats(min_value=0.0, max_value=1e6, allow_nan=False),
    unit=st.sampled_from([("s", 1.0), ("ms", 1e-3), ("min", 60.0), ("h", 3600.0), ("day", 86400.0)]),
    gap=st.sampled_from(["", " ", "   "]),
)
def test_duration_text(number, unit, gap):
    name, factor = unit
    read = TypeAdapter(Seconds).validate_python(f"{number!r}{gap}{name}", context=IN_FILE)
    assert read == pytest.approx(number * factor, rel=1e-12)  # one multiplication by pint's factor


@settings(deadline=None, max_examples=80)
@given(text=st.one_of(st.text(max_size=12), st.from_regex(r"\A[0-9]{1,3} ?[smh1/*^().0-9 \[{\\\-'e]{0,8}\Z")))
@example("0(")
@example("0/0")
@example("1 9**9**9**9")
@example("1 " + "(" * 60)
def test_any_text_is_a_duration_or_a_clean_refusal(text):
    adapter, refusal = TypeAdapter(Seconds), None
    try:
        value = adapter.validate_python(text, context=IN_FILE)
    except ValidationError as error:
        refusal = error.errors()[0]["ctx"]["fix"]
    assert refusal if refusal is not None else value >= 0.0


@settings(deadline=None, max_examples=40)
@given(value=st.floats(min_value=0.0, max_value=1e12))
def test_what_is_written_reads_back_to_the_bit(value):
    adapter = TypeAdapter(Seconds)
    written = adapter.dump_python(value, mode="json")
    assert written.endswith(" s")
    assert adapter.validate_python(written, context=IN_FILE) == value


def test_a_bare_number_is_si_in_python_and_refused_in_a_file():
    adapter = TypeAdapter(Seconds)
    assert adapter.validate_python(90.0) == 90.0
    with pytest.raises(ValidationError, match="has no unit"):
        adapter.validate_python(90.0, context=IN_FILE)
    for wrong in (True, None, [1], "", "nan s", "1e400 s"):
        with pytest.raises(ValidationError):
            adapter.validate_python(wrong)


def test_the_field_knows_its_unit():
    from scenarios.conditions import Rate, Wind

    units = {
        name: next(m.unit for m in field.metadata if isinstance(m, Quantity))
        for name, field in Rate.model_fields.items()
        if any(isinstance(m, Quantity) for m in field.metadata)
    }
    assert units["mass_rate"] == "kg/s"
    assert units["start"] == units["duration"] == "s"
    assert next(m.unit for m in Wind.model_fields["from_"].metadata if isinstance(m, Quantity)) == "deg"


@pytest.mark.parametrize("name", scenarios.names())
def test_round_trip_through_json(name, tmp_path):
    drill = scenarios.load(name)
    file = tmp_path / "again.json"
    file.write_text(drill.model_dump_json(by_alias=True, indent=2), encoding="utf-8")
    again = scenarios.load(file)
    assert again == drill
    assert hash(again) == hash(drill)
    assert Scenario.model_validate(drill.model_dump(by_alias=True)) == drill


def test_frozen_and_checked_in_python_too():
    drill = scenarios.load("co-gas-main")
    with pytest.raises(ValidationError):
        drill.id = "other"
    changed = drill.model_dump()
    changed["expectations"][0]["objective"] = "nothing"
    with pytest.raises(ValidationError, match="no objective 'nothing'"):
        Scenario.model_validate(changed)


def test_spreads():
    normal = scenarios.DurationSpread(normal=(60.0, 10.0))
    assert normal.family == "normal"
    assert normal.parameters == (60.0, 10.0)
    assert normal.quantile(0.5) == normal.median == 60.0
    assert normal.quantile(0.975) == pytest.approx(60.0 + 1.959964 * 10.0, abs=1e-4)  # z of 97.5 % in any table
    assert scenarios.DurationSpread(normal=(1.0, 10.0)).quantile(0.01) == 0.0
    uneven = scenarios.DurationSpread(lognormal=(52.0, 0.24))
    assert log(uneven.quantile(0.8413447) / uneven.median) == pytest.approx(0.24, abs=1e-6)  # one sigma
    assert scenarios.DurationSpread(uniform=(10.0, 20.0)).quantile(0.25) == 12.5
    assert scenarios.SpeedSpread(fixed=1.2).quantile(0.9) == 1.2


def test_premovement_level_m1_is_the_published_spread():
    """PD 7974-6, awake and familiar, best management: 30 / 52 / 90 s at 1 / 50 / 99 %."""
    spread = scenarios.load("chlorine-hose-night").population[0].premovement
    for probability, published in ((0.01, 30.0), (0.50, 52.0), (0.99, 90.0)):
        assert spread.quantile(probability) == pytest.approx(published, rel=0.02)  # 0.24 is rounded: exp(2.33 * 0.004)
    assert log(90.0 / 30.0) / 2 / 2.326348 == pytest.approx(0.24, abs=0.005)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("count: 5, indoors: 0, age: [20, 65]", "neither premovement nor premovement_level is given"),
        ("count: 5, indoors: 0, premovement_level: A/M1/B1", "neither speed nor age is given"),
        (
            "count: 5, indoors: 0, premovement_level: A/M1/B1, age: [60, 30]",
            "the youngest are 60 years old, the oldest 30",
        ),
        ("count: 5, indoors: 0, premovement_level: A/M1/B1, age: [12, 30]", "20"),
        ("count: 5, indoors: 0, premovement_level: C/M1/B1, age: [20, 30]", "A/M1/B1"),
    ],
)
def test_people_by_level_and_age_are_told_in_one_way(tmp_path, small, given, told):
    old = "count: 5, indoors: 80 %, premovement: {fixed: 30 s}, speed: {fixed: 1.2 m/s}"
    assert old in small
    path = tmp_path / "drill.yaml"
    path.write_text(small.replace(old, given), encoding="utf-8")
    with pytest.raises(ScenarioError, match=told):
        scenarios.load(path)
    path.write_text(
        small.replace(old, "count: 5, indoors: 0, premovement_level: A/M1/B1, age: [20, 65]"), encoding="utf-8"
    )
    crew = scenarios.load(path).population[0]
    assert (crew.premovement_level, crew.age) == ("A/M1/B1", (20.0, 65.0))


def test_weather_becomes_the_series_the_models_take():
    series = scenarios.load("chlorine-hose-night").weather.series()
    assert series.times == (0.0, 900.0, 1800.0, 3600.0)
    assert series.states[0].wind_from == 203.0
    assert series.states[0].temperature == pytest.approx(275.15)
    constant = scenarios.load("ammonia-puff").weather.series()
    assert len(constant.states) == 1
    assert constant.states[0].wind_height == 10.0
    assert constant.states[0].pressure == 101325.0  # silent in the file: the default of Weather


def test_measured_turbulence_reaches_the_models():
    from scenarios.conditions import WeatherPaper

    text = {
        "wind": {"speed": "3 m/s", "from": "250 deg", "height": "10 m"},
        "obukhov_length": "-40 m",
        "roughness_length": "3 cm",
        "temperature": "20 degC",
        "friction_velocity": "30 cm/s",
        "sigma_theta": "0.2 rad",
        "sigma_theta_time": "15 min",
    }
    state = TypeAdapter(WeatherPaper).validate_python(text, context=IN_FILE).series().states[0]
    assert state.friction_velocity == pytest.approx(0.3)
    assert state.sigma_theta == pytest.approx(11.459, rel=1e-4)  # 0.2 * 180/pi
    assert state.sigma_theta_time == 900.0
    silent = {name: value for name, value in text.items() if "theta" not in name and name != "friction_velocity"}
    state = TypeAdapter(WeatherPaper).validate_python(silent, context=IN_FILE).series().states[0]
    assert (state.friction_velocity, state.sigma_theta, state.sigma_theta_time) == (None, None, 600.0)


def test_settings_of_the_model_are_si():
    from scenarios.schema import ModelChoice

    drill = scenarios.load("ammonia-puff")
    assert drill.model.settings == {"averaging_time": 600.0}
    given_settings = {
        "averaging_time": "10 min",
        "sigmas": "briggs_rural",
        "node_spacing": 0.5,
        "transport_height": "3 m",
    }
    read = ModelChoice(name="gaussian_puff", settings=given_settings).settings
    assert read == {"averaging_time": 600.0, "sigmas": "briggs_rural", "node_spacing": 0.5, "transport_height": 3.0}
    with pytest.raises(ValidationError, match="neither a word"):
        ModelChoice(settings={"averaging_time": "10 minuets"})


def test_wall_time():
    drill = scenarios.load("chlorine-hose-night")
    assert drill.wall_time(600.0).isoformat() == "2026-01-12T02:20:00+08:00"


def test_text_speaks_both_languages():
    title = scenarios.load("chlorine-hose-night").title
    assert title.say("zh") == "夜间液氯卸车软管破裂"
    assert str(title) == title.say() == "Chlorine unloading hose failure at night"


# -- JSON Schema ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def validator():
    schema = scenarios.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", scenarios.names())
def test_json_schema_accepts_the_library(name, validator, tmp_path):
    text = (scenarios.library_path() / f"{name}.yaml").read_text(encoding="utf-8")
    assert list(validator.iter_errors(plain(text, tmp_path))) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("mass_rate: 0.5", "mas_rate: 0.5"),
        ("start: 1 min", "start: 60"),
        ("start: 1 min", 'start: "60"'),
        ("start: 1 min", 'start: "6e1"'),
        ("kind: rate", "kind: rates"),
        ("do: close_valve", "do: close_valves"),
        ("count: 5", "count: 5.5"),
        ("{fixed: 30 s}", "{fixed: 30 s, uniform: [1 s, 2 s]}"),
        ("id: crew", "id: 12"),
        ("target: [XV-12]", "target: XV-12"),
        ("title: {zh: 切断, en: Isolate}", "title: Isolate"),
        ("objective: isolate\n", 'objective: isolate\n    required: "yes"\n'),
        ("schema: drill/1", "schema: drill/2"),
    ],
)
def test_json_schema_refuses_what_the_loader_refuses(right, wrong, validator, small, tmp_path):
    assert validator.is_valid(plain(small, tmp_path))
    text = small.replace(right, wrong, 1)
    assert not validator.is_valid(plain(text, tmp_path))
    file = tmp_path / "drill.yaml"
    file.write_text(text, encoding="utf-8")
    assert scenarios.check(file)


def test_json_schema_shows_units_and_plan_references(validator, small, tmp_path):
    rate = validator.schema["$defs"]["Rate"]["properties"]["mass_rate"]
    assert rate["x-unit"] == "kg/s"
    assert rate["examples"]
    content = plain(small, tmp_path)
    content["plan"] = {"ref": "plans/p.yaml"}
    assert validator.is_valid(content)
    jsonschema.Draft202012Validator.check_schema(scenarios.plan_json_schema())


def test_quantile_of_a_lognormal_by_hand():
    assert scenarios.DurationSpread(lognormal=(60.0, 0.4)).quantile(0.9) == pytest.approx(60.0 * exp(0.4 * 1.2815516))
