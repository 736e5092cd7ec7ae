"""More cases of the network and of the people drawn; `cases.py`, whose helpers it uses, merges it."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import stats

import twin
from evacuation import LOVREGLIO, Distribution, Group, Order, evacuate, populate, premovement

_spec = importlib.util.spec_from_file_location("evacuation_helpers", Path(__file__).with_name("cases.py"))
assert _spec is not None
assert _spec.loader is not None
_spec.loader.exec_module(base := importlib.util.module_from_spec(_spec))

Case = Callable[[], float]
park, fixed = base.park, base.fixed


def triangular(mode: float) -> float:
    """Clearance of a door of 1 m by 100 people with triangular delays, over the least that is possible.

    Whoever has the i-th shortest delay passes before the 99 - i others, a headway apart: max_i(delay_i + (99 - i) / C)
    with C = 1.33 x 0.7, and the way of 3 m (1 m from the place, 1 m to the door, 1 m to the muster point) at 1.3 m/s.
    """
    wait = Distribution.triangular(0.0, mode, 2.0 * mode)
    crowd, told = base.link(1.0, 50.0, 100, 1.3, gate=1.0, wait=wait, law=base.FASTER)
    delays = np.sort(crowd.premovement)
    least = np.max(delays + np.arange(99, -1, -1) / (1.33 * 0.7))
    return float(told.arrival_time.max() - 3.0 / 1.3 - least)


def lovreglio_mean(form: str) -> float:
    """Mean by the middle of 200 000 equal parts of the people."""
    return float(LOVREGLIO[form].quantile((np.arange(200_000) + 0.5) / 200_000).mean())


def response(alarm: float, median: float, sigma: float) -> float:
    """Kolmogorov-Smirnov distance of when 20 000 people set out, who hear at `alarm`, from a cut lognormal law."""
    plan = park(("WAY", "walkway", [[0, 0], [9, 0]], {"width": "2 m"}), ("MP", "muster_point", [0, 0], {}))
    wait = Distribution.lognormal(median, sigma, low=0.0, high=300.0)
    crowd = populate(plan, [Group(name=f"told-{alarm:g}", place="MP", count=20_000, premovement=wait)], twin.Streams(3))
    run = evacuate(plan, crowd, orders=[Order(time=alarm, action="evacuate", muster="MP")], horizon=900.0)
    after = np.sort(run.start_time) - alarm
    law = stats.lognorm(sigma, scale=median)
    return float(stats.kstest(after, lambda x: law.cdf(x) / law.cdf(300.0)).statistic)


CASES: dict[tuple[str, str], Case] = {
    **{
        (name, "population"): lambda name=name: float(
            premovement(*name.split("-")[1:]).quantile(int(name[3:5]) / 100.0)
        )
        for name in base.rows()
        if name.startswith(("PRE01-", "PRE99-"))
    },
    **{(f"PRE-TRI-{mode}", "network"): lambda mode=mode: triangular(mode) for mode in (15, 30, 60)},
    ("PRE-LOV-gamma", "population"): lambda: lovreglio_mean("gamma"),
    ("PRE-LOV-lognormal", "population"): lambda: float(LOVREGLIO["lognormal"].quantile(0.5)),
    ("PRE-LOV-weibull", "population"): lambda: float(LOVREGLIO["weibull"].quantile(0.5)),
    ("IMO-RT-day", "network"): lambda: response(0.0, math.exp(3.44), 0.94),
    ("IMO-RT-night", "network"): lambda: response(400.0, math.exp(3.95), 0.84),
}
