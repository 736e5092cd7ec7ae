"""Dispersion models by name: the door through which built-in and third-party models come in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from twin.errors import ModelError, Problem, near

if TYPE_CHECKING:
    from dispersion.cloud import Cloud
    from plant_models.releases import Release
    from twin.weather import Weather, WeatherSeries

__all__ = ["Model", "model", "models"]

_GROUP = "parktwin.dispersion"


@runtime_checkable
class Model(Protocol):
    """What a dispersion model can do.

    A plug-in registers a callable under the entry-point group ``parktwin.dispersion`` that takes its settings as
    keyword arguments and returns such an object.
    """

    def disperse(self, release: Release | Sequence[Release], weather: Weather | WeatherSeries) -> Cloud:
        """Carry the released gas with the wind.

        Parameters
        ----------
        release
            One release, or several of one substance whose concentrations add.
        weather
            Constant or changing weather.
        """
        ...


@lru_cache(maxsize=1)
def _registered() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=_GROUP)}


def models() -> tuple[str, ...]:
    """Names of the models that are installed, sorted."""
    return tuple(sorted(_registered()))


def model(name: str, **settings: object) -> Model:
    """Return the dispersion model called `name`.

    Parameters
    ----------
    name
        One of :func:`models`, such as "gaussian_puff".
    **settings
        Settings of that model; what is not given keeps its documented value.

    Raises
    ------
    ModelError
        Unknown model or setting (the error names near matches), or a setting outside its range.

    Examples
    --------
    >>> model("gaussian_puff", averaging_time=300.0).averaging_time
    300.0
    """
    points = _registered()
    if name not in points:
        raise ModelError(f"no dispersion model is called {name!r}", where="model", fix=near(str(name), points))
    build: Callable[..., Model] = points[name].load()
    _check_names(name, build, settings)
    return build(**settings)


def _check_names(name: str, build: Callable[..., Model], settings: dict[str, object]) -> None:
    accepted = inspect.signature(build).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in accepted.values()):
        return
    unknown = [key for key in settings if key not in accepted]
    if unknown:
        raise ModelError.of(
            [
                Problem(f"{name} has no setting {key!r}", where=f"{name}.{key}", fix=near(key, accepted))
                for key in unknown
            ]
        )
