"""What gas does to people while they act: fit, impaired, incapacitated, dead, rescued, whatever they are doing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacuation.exposure import Exposure
from evacuation.population import Population
from evacuation.walking import Air
from plant_models.harm import Threshold
from twin.errors import ModelError

if TYPE_CHECKING:
    from evacuation.routes import WalkGraph

__all__ = ["Condition", "Limits", "Tolerance", "irritant_slowing"]

_IMPAIRING = "AEGL-2"


class Condition(IntEnum):
    """How somebody is, independent of what the person is doing."""

    FIT = 0
    IMPAIRED = 1  # over the load of AEGL-2: effects that impair the ability to escape
    INCAPACITATED = 2  # does not move any more without help
    DEAD = 3
    RESCUED = 4  # was incapacitated and carried out alive


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """Loads gathered by a person at which the condition changes, each of shape (n,).

    Parameters
    ----------
    impaired, incapacitated, dead
        Loads. [unit of the probit]
    share
        Load a person gathers over that of the air: the ratio of concentrations to the load exponent. [1]
    incapacitating_share
        Load that incapacitates over the load that kills.
    """

    impaired: NDArray[np.float64]
    incapacitated: NDArray[np.float64]
    dead: NDArray[np.float64]
    share: NDArray[np.float64]
    incapacitating_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """When gas impairs, fells and kills a person.

    A person of tolerance u dies at the load that kills the part u of people by the probit of the substance, and falls
    at `incapacitating_share` of that load: with a steady concentration, after that share of the time to death.

    Parameters
    ----------
    incapacitating_share
        Load that incapacitates over the load that kills. Exposure doses that incapacitate by irritant and asphyxiant
        gases are about a third to a half of the lethal ones; a third is the careful end. The figure was recalled, not
        checked against the source; vary it.
    slowing
        Factor on the walking speed at concentrations [kg m⁻³], asked for at every place and time anew, so that it does
        not outlast the gas; None: nobody is slowed.

    Raises
    ------
    ModelError
        A share outside 0 to 1.

    References
    ----------
    Purser D.A., McAllister J.L. (2016), Assessment of hazards to occupants from smoke, toxic gases, and heat, SFPE
    Handbook of Fire Protection Engineering, 5th ed., chapter 63. NRC (2001), Standing Operating Procedures for
    Developing Acute Exposure Guideline Levels: AEGL-2 as the level of an impaired ability to escape.
    """

    incapacitating_share: float = 1.0 / 3.0
    slowing: Callable[[NDArray[np.float64]], ArrayLike] | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.incapacitating_share <= 1.0:
            raise ModelError(
                f"incapacitating_share is {self.incapacitating_share!r}",
                where="Tolerance.incapacitating_share",
                fix="give a share above 0, at most 1",
            )

    def limits(self, table: Exposure, people: Population) -> Limits:
        """Loads at which each person is impaired, falls and dies.

        Parameters
        ----------
        table
            Air with its substance and probit.
        people
            The people, with their tolerance and what of the air they inhale.
        """
        probit = table.probit
        share = people.inhaled**probit.n
        dead = probit.load(people.tolerance) if len(people) else np.empty(0)
        return Limits(
            impaired=np.full(len(people), impairing_load(table)),
            incapacitated=self.incapacitating_share * dead,
            dead=dead,
            share=share,
            incapacitating_share=self.incapacitating_share,
        )


def impairing_load(table: Exposure) -> float:
    """Load of AEGL-2 held for 10 min; inf where the substance has none. [unit of the probit]"""
    try:
        threshold: Threshold = table.substance.threshold(_IMPAIRING, duration=600.0)
    except ModelError:
        return float("inf")
    settings = table.settings
    air = float(settings["temperature"]), float(settings["pressure"])  # type: ignore[arg-type]
    return float(table.load_of(threshold.concentration(*air), 600.0))


def irritant_slowing(
    *, noticed: float, stopped: float, least: float = 0.2
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Factor on the walking speed in irritating gas: 1 up to one concentration, falling linearly to `least` at another.

    The linear form is a choice of this model; which concentrations irritate is up to the caller.

    Parameters
    ----------
    noticed, stopped
        Concentrations at which it begins and is complete. [kg m⁻³]
    least
        Factor from there on. [1]

    Raises
    ------
    ModelError
        Concentrations out of order, or a factor outside 0 to 1.
    """
    if not (0.0 <= noticed < stopped < np.inf and 0.0 <= least <= 1.0):
        raise ModelError(
            f"noticed {noticed:g}, stopped {stopped:g} kg/m³, least {least:g}",
            where="irritant_slowing",
            fix="give 0 <= noticed < stopped and a factor from 0 to 1",
        )

    def factor(concentration: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.interp(concentration, (noticed, stopped), (1.0, least)))

    return factor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Suffering:
    """What the gas did to people until the horizon, each of shape (n,); times are inf where it did not come to that.

    Parameters
    ----------
    load
        Load of each person, inhaled. [unit of the probit]
    impaired, incapacitated, died, rescued
        When. [s]
    """

    load: NDArray[np.float64]
    impaired: NDArray[np.float64]
    incapacitated: NDArray[np.float64]
    died: NDArray[np.float64]
    rescued: NDArray[np.float64]

    @property
    def condition(self) -> NDArray[np.int8]:
        """:class:`Condition` of everybody at the horizon."""
        out = np.where(np.isfinite(self.impaired), int(Condition.IMPAIRED), int(Condition.FIT))
        out[np.isfinite(self.incapacitated)] = int(Condition.INCAPACITATED)
        out[np.isfinite(self.rescued)] = int(Condition.RESCUED)
        out[np.isfinite(self.died)] = int(Condition.DEAD)
        return out.astype(np.int8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Harm:
    """Everything the moving crowd needs to breathe.

    Parameters
    ----------
    table
        Air of the places.
    air
        Air of the ways in use.
    limits
        What people bear.
    exit_row
        Row of the air at the exit of each person's place, shape (n,); -1 without one.
    """

    table: Exposure
    air: Air
    limits: Limits
    exit_row: NDArray[np.int64]

    @classmethod
    def of(
        cls, table: Exposure, people: Population, graph: WalkGraph, tolerance: Tolerance, ways: NDArray[np.bool_]
    ) -> Harm:
        """Sample the air of the ways in use and of the exits of the places."""
        leaf = np.array([graph.places.get(tag, (-1, -1))[0] for tag in people.places] or [-1], np.int64)
        row = np.full(leaf.size, -1, np.int64)
        row[leaf >= 0] = table.rows(leaf[leaf >= 0])
        return cls(
            table=table,
            air=table.tables(ways, tolerance.slowing),
            limits=tolerance.limits(table, people),
            exit_row=row[people.place] if len(people) else np.empty(0, np.int64),
        )
