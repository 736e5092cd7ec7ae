"""The tables of substances, limits, probits and mixtures, and the settings of detectors made from them."""

from __future__ import annotations

import csv
import re
from importlib.resources import files
from math import log10
from pathlib import Path

import pytest

from plant_models.detectors import detector_settings
from plant_models.equipment import KINDS
from plant_models.harm import concentration_to_ppm
from plant_models.substances import known_mixtures, known_substances, mixture, substance
from twin.errors import ModelError

VALIDATION = Path(__file__).resolve().parents[1] / "validation"
ATOMS = {  # g/mol, standard atomic weights (CIAAW 2021, abridged)
    "H": 1.008, "He": 4.0026, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998, "P": 30.974, "S": 32.06,
    "Cl": 35.45, "Ar": 39.95, "As": 74.922, "Br": 79.904,
}  # fmt: skip


def rows(path) -> list[dict[str, str]]:
    text = path.read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def table(name: str) -> list[dict[str, str]]:
    return rows(files("plant_models") / "data" / f"{name}.csv")


SUBSTANCES, THRESHOLDS, PROBITS, LOADS, MIXTURES = (
    table(name) for name in ("substances", "thresholds", "probits", "loads", "mixtures")
)
CAS = {row["cas"]: row for row in SUBSTANCES}


def words_of(row: dict[str, str]) -> list[str]:
    found = [row["name"], row["name_zh"], *row["aliases"].split(";"), row.get("formula", ""), row.get("cas", "")]
    return [re.sub(r"[\s_]+", " ", word).strip().casefold() for word in found if word.strip()]


def mass_of(formula: str) -> float:
    """Molar mass of a formula such as "(CH3)2NH" or "n-C4H10" [g mol⁻¹]."""
    plain = re.sub(r"^[a-z]-", "", formula)
    while group := re.search(r"\(([A-Za-z0-9]+)\)(\d*)", plain):
        plain = plain[: group.start()] + group[1] * int(group[2] or 1) + plain[group.end() :]
    return sum(ATOMS[atom] * int(count or 1) for atom, count in re.findall(r"([A-Z][a-z]?)(\d*)", plain))


def test_no_word_means_two_substances():
    words = [word for row in SUBSTANCES for word in words_of(row)]
    assert len(SUBSTANCES) >= 60
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize("row", SUBSTANCES, ids=lambda r: r["name"])
def test_constants_are_possible(row):
    # 0.1 %: atomic weights of five figures, chlorine and bromine with intervals
    assert float(row["molar_mass"]) * 1e3 == pytest.approx(mass_of(row["formula"]), rel=1e-3)
    head, check = row["cas"].rsplit("-", 1)
    digits = [int(d) for d in head.replace("-", "")][::-1]
    assert sum(k * d for k, d in enumerate(digits, 1)) % 10 == int(check)  # check digit of a CAS number
    freezing, boiling, critical = (
        float(row[name]) for name in ("freezing_point", "boiling_point", "critical_temperature")
    )
    sublimes = "Sublimes" in row["notes"]
    assert (boiling < freezing) == sublimes
    # Guldberg's rule: the boiling point is about two thirds of the critical temperature; helium is at 0.81.
    assert 0.55 < boiling / critical < (0.82 if row["name"] == "helium" else 0.70)
    # Edmister 1958: ω = 3/7 lg(pc / 1 atm) / (Tc/Tb - 1) - 1 ties the four constants together. 0.04: an estimate from a
    # straight vapour-pressure line. Sulfur trioxide (a trimer in the liquid) and ozone stand
    # farther off, 0.09 and 0.06; a slip of a digit would show as 0.2 and more.
    if not sublimes:
        edmister = 3.0 / 7.0 * log10(float(row["critical_pressure"]) / 101325.0) / (critical / boiling - 1.0) - 1.0
        far = row["name"] in {"sulfur trioxide", "ozone"}
        assert float(row["acentric_factor"]) == pytest.approx(edmister, abs=0.10 if far else 0.04)
    if row["lfl"]:
        assert 0.0 < float(row["lfl"]) < float(row["ufl"]) <= 1.0
    assert row["constants_source"]
    assert row["flammability_source"]
    assert bool(row["load_exponent"]) == bool(row["load_exponent_source"])


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("氯气", "chlorine"), ("液氨", "ammonia"), ("EO", "ethylene oxide"), ("环氧乙烷", "ethylene oxide"),
        ("VCM", "vinyl chloride"), ("氯乙烯", "vinyl chloride"), ("MIC", "methyl isocyanate"), ("光气", "phosgene"),
        ("N2O4", "nitrogen dioxide"), ("二甲苯", "m-xylene"), ("UN1017", "chlorine"), ("un 1005", "ammonia"),
        ("unobtainium 9", ""), ("LOX", "oxygen"),
    ],
)  # fmt: skip
def test_words_of_the_works(word, name):
    if name:
        assert substance(word).name == name
    else:
        with pytest.raises(ModelError, match="there is no substance"):
            substance(word)


def test_thresholds_name_their_source_and_status():
    seen = set()
    for row in THRESHOLDS:
        key = (row["cas"], row["name"], row["minutes"])
        assert key not in seen
        seen.add(key)
        assert row["substance"] == CAS[row["cas"]]["name"]
        assert row["status"] in {"verified", "unverified", "refused"}
        assert (bool(row["ppm"]) + bool(row["mg_per_m3"])) == (row["status"] != "refused")
        assert row["source"]
        doubt = "not checked" in row["source"] or "was not read" in row["source"]
        assert not (doubt and row["status"] == "verified"), row


def test_every_row_of_the_tables_is_built():
    by_name = {s.name: s for s in known_substances()}
    for row in THRESHOLDS:
        harm = by_name[row["substance"]].harm
        if row["status"] == "refused":
            assert row["name"] in harm.refused
            continue
        duration = float(row["minutes"]) * 60.0 if row["minutes"] else None
        found = [t for t in harm.thresholds if t.name == row["name"] and t.duration == duration]
        assert [t.status for t in found] == [row["status"]]
        if row["mg_per_m3"]:
            assert found[0].concentration(300.0, 9e4) == pytest.approx(float(row["mg_per_m3"]) * 1e-6, rel=1e-12)
        else:
            assert found[0].ppm == float(row["ppm"])
        assert ("(unverified)" in repr(found[0])) == (row["status"] == "unverified")
    for row in PROBITS:
        assert by_name[row["substance"]].harm.probits[row["set"]].status == row["status"]
    for row in LOADS:
        assert by_name[row["substance"]].harm.dangerous_load(row["name"]).value == float(row["load"])


def test_occupational_limits_are_in_order():
    for known in known_substances():
        limits = {t.name: t for t in known.harm.thresholds}
        if "PC-TWA" in limits and "PC-STEL" in limits:
            assert limits["PC-TWA"].ppm < limits["PC-STEL"].ppm
        for name in ("MAC", "PC-STEL", "PC-TWA"):
            if name in limits and "IDLH" in limits:
                assert limits[name].ppm < limits["IDLH"].ppm
        if "IDLH" in limits and "LFL" in limits:  # the IDLH is at most a tenth of the lower limit (NIOSH 1994), rounded
            assert limits["IDLH"].ppm <= 0.15 * limits["LFL"].ppm


def aegl_rows() -> list[dict[str, str]]:
    return rows(VALIDATION / "thresholds_aegl_hcn_hcl.csv")


@pytest.mark.validation
@pytest.mark.parametrize("row", aegl_rows(), ids=lambda r: f"{r['substance']}-{r['level']}-{r['minutes']}min")
def test_aegls_against_an_independent_print(row):
    gas = substance(row["substance"])
    shown = gas.threshold(row["level"], duration=float(row["minutes"]) * 60.0)
    value = float(row["value"])
    if row["unit"] == "mg/m3":
        value = float(
            concentration_to_ppm(value * 1e-6, molar_mass=gas.molar_mass, temperature=298.15, pressure=101325.0)
        )
    # 0.5 %: AEGLs have two figures and the masses of the print were worked out from them
    assert shown.ppm == pytest.approx(value, rel=0.005)
    assert shown.status == "verified"


def gbt_rows() -> list[dict[str, str]]:
    return rows(VALIDATION / "thresholds_gbt_50493.csv")


@pytest.mark.validation
@pytest.mark.parametrize("row", [r for r in gbt_rows() if r["follows"] == "yes"], ids=lambda r: r["substance"])
def test_alarms_printed_with_the_standard(row):
    settings = detector_settings(row["substance"], kind="toxic")
    # alarms and limits are printed in full: equal up to rounding of binary fractions
    assert settings.alarm_1 * 1e6 == pytest.approx(float(row["alarm_1"]), rel=1e-9)
    assert settings.alarm_2 * 1e6 == pytest.approx(float(row["alarm_2"]), rel=1e-9)
    assert settings.range_high == pytest.approx(3.0 * settings.alarm_1, rel=1e-12)
    assert settings.status == "verified"


def test_what_the_print_has_wrong_is_not_taken_over():
    for row in gbt_rows():
        if row["follows"] == "no":
            settings = detector_settings(row["substance"], kind="toxic")
            assert settings.status == "unverified"
            assert settings.alarm_1 * 1e6 != pytest.approx(float(row["alarm_1"]), rel=1e-3)
            assert "(unverified)" in repr(settings)


def test_settings_of_a_combustible_gas():
    settings = detector_settings("methane")
    # Hand: 5 vol % of 16.04246 g/mol in 24.0552 l/mol (20 °C, 1 atm) is 33.345 g/m3.
    assert settings.range_high == pytest.approx(0.033345, rel=1e-4)
    assert settings.alarm_1 == pytest.approx(0.25 * settings.range_high, rel=1e-12)
    assert settings.alarm_2 == pytest.approx(0.50 * settings.range_high, rel=1e-12)
    assert settings.shown == (25.0, 50.0, 100.0)
    assert (settings.kind, settings.unit) == ("combustible", "%LEL")
    assert "clause" not in settings.basis
    assert "5.5.2" in settings.basis


def test_settings_on_the_fall_back():
    # Hand: IDLH of hydrogen sulfide 100 ppm; 5, 10 and 30 % of it.
    settings = detector_settings("H2S", basis="IDLH")
    assert settings.shown == pytest.approx((5.0, 10.0, 30.0), rel=1e-12)
    assert settings.limit.name == "IDLH"
    assert detector_settings("H2S").limit.name == "MAC"
    assert detector_settings("propane").kind == "combustible"  # no occupational limit, though there is an IDLH
    assert detector_settings("propane", kind="toxic").limit.name == "IDLH"
    assert detector_settings("ammonia", kind="combustible").limit.name == "LFL"


def test_a_gas_that_burns_before_it_poisons_is_watched_for_fire():
    # 0.4 % carbon dioxide, PC-TWA 9000 mg/m3 = 4919 ppm: reached in 1.23 times pure natural gas, which is nowhere.
    assert detector_settings("natural gas").kind == "combustible"
    # 3 %: reached in 0.164 of the mixture, and methane in air burns from 0.05/0.97 = 0.0515 on.
    sour = mixture({"methane": 0.97, "carbon dioxide": 0.03}, name="damp gas")
    assert sour.threshold("PC-TWA").ppm == pytest.approx(0.164e6, rel=1e-2)
    assert detector_settings(sour).kind == "combustible"
    assert detector_settings("coke-oven gas").kind == "toxic"  # carbon monoxide, PC-TWA 17 ppm/0.0594 = 289 ppm


def test_no_limit_of_a_mixture_is_above_the_pure_mixture():
    for known in known_mixtures():
        assert all(t.ppm <= 1e6 for t in known.harm.thresholds)
    with pytest.raises(ModelError, match="not even in the pure mixture"):
        substance("natural gas").threshold("IDLH")  # 40 000 ppm of carbon dioxide/0.004


def test_idlh_of_boron_trifluoride():
    assert substance("boron trifluoride").threshold("IDLH").ppm == 25.0  # NIOSH 1994; its AEGLs are in mg/m3


def test_settings_fit_the_attributes_of_a_detector():
    detector = next(kind for kind in KINDS if "alarm_1" in kind.attributes)
    for known in known_substances():
        for kind in ("toxic", "combustible"):
            try:
                settings = detector_settings(known, kind=kind)
            except ModelError:
                continue
            assert 0.0 < settings.alarm_1 < settings.alarm_2 < settings.range_high
            for name in ("alarm_1", "alarm_2", "range_high"):
                attribute = detector.attributes[name]
                assert attribute.low <= getattr(settings, name) <= attribute.high


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"substance": "nitrogen"}, "no flammable or toxic limit is known for nitrogen"),
        ({"substance": "nitrogen", "kind": "toxic"}, "no toxic limit is known for nitrogen"),
        ({"substance": "chlorine", "kind": "combustible"}, "there is no LFL for chlorine"),
        ({"substance": "methane", "basis": "OEL"}, "there is no OEL for methane"),
        ({"substance": "chlorine", "kind": "toxi"}, "did you mean 'toxic'"),
        ({"substance": "chlorine", "basis": "idlh"}, "basis is 'idlh'"),
        ({"substance": "ammonia", "kind": "toxic", "basis": "LFL"}, "not for a toxic gas"),
        ({"substance": "ammonia", "temperature": float("nan")}, "temperature"),
        ({"substance": "ammonia", "pressure": 101.3}, "pressure"),
        ({"substance": "amonia"}, "did you mean 'ammonia'"),
    ],
)
def test_settings_that_cannot_be_had(given, match):
    with pytest.raises(ModelError, match=match):
        detector_settings(given.pop("substance"), **given)


@pytest.mark.parametrize("row", MIXTURES, ids=lambda r: r["name"])
def test_mixtures_add_up_and_know_their_parts(row):
    parts = [part.split() for part in row["components"].split(";")]
    assert sum(float(share) for _, share in parts) == pytest.approx(1.0, abs=1e-9)
    assert all(cas in CAS and 0.0 < float(share) < 1.0 for cas, share in parts)
    assert len({cas for cas, _ in parts}) == len(parts)
    assert row["phase"] in {"gas", "liquid"}
    assert row["source"].startswith("typical, ")
    assert row["status"] in {"verified", "unverified"}
    assert ("not checked" in row["source"]) == (row["status"] == "unverified")


def test_no_word_means_two_mixtures():
    words = [word for row in MIXTURES for word in words_of(row)]
    assert sorted(words) == sorted(set(words))
    # Methane and propane stand for them until a mixture is asked for by name.
    taken = {"natural gas", "天然气", "lng", "液化天然气", "lpg", "液化石油气"}
    assert {word for row in SUBSTANCES for word in words_of(row)} & set(words) <= taken
