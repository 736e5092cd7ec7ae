"""The command line: ``parktwin``. The one room that configures logging; `drills.terminal` draws its tables."""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from drills.terminal import count, print_checks, print_scores, print_shelf, print_tables, progress
from twin.errors import Problem, TwinError

__all__ = ["app", "main"]

DEMO = "chlorine-hose-night"

app = typer.Typer(
    name="parktwin",
    help="Digital twin and emergency simulator for chemical plants and industrial parks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Team(StrEnum):
    """Who plays."""

    PLAN = "plan"
    IDLE = "idle"
    PERFECT = "perfect"


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Random seed; default: the scenario's own.")]
MapFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--map", metavar="FILE", help="Mapping (YAML) from the fields of a layout to kinds and tags; repeatable."
    ),
]


def _words(text: str, name: str = "", *flags: str) -> Any:
    """Option for a quantity in words; with a name it has an assumed value."""
    from drills.dispersal import ASSUMED as OF_AIR
    from drills.sources import ASSUMED

    assumed = f" Assumed: {(ASSUMED | OF_AIR)[name][1]}." if name else ""
    return typer.Option(*flags, metavar="WORD" if name == "ground" else "QUANTITY", help=text + assumed)


def _several(flag: str, metavar: str, examples: str) -> Any:
    """Option that may be repeated."""
    return typer.Option(flag, metavar=metavar, help=f"{examples}; repeatable.")


def _file(flag: str, text: str) -> Any:
    """Option for a file to write."""
    return typer.Option(flag, metavar="FILE", help=text)


# Options of a leak, the same for what comes out and for where it goes.
Layout = Annotated[str, typer.Argument(metavar="LAYOUT", help="Layout file, or the name of a shipped park.")]
Tag = Annotated[str, typer.Argument(metavar="TAG", help="Tag of the asset that leaks.")]
Hole = Annotated[str, typer.Option("--hole", metavar="DIAMETER", help="Diameter of the hole, such as 25mm.")]
IsolateAt = Annotated[str | None, _words("When the valves around it are told to shut: 180s.")]
Failed = Annotated[list[str] | None, _several("--failed", "VALVE", "A valve that does not shut")]
Elevation = Annotated[str | None, _words("Of the jet above the horizontal: 90deg.")]
RainOut = Annotated[str | None, typer.Option(metavar="NAME", help="all_airborne, trajectory or twice_flash.")]
Ground = Annotated[str | None, _words("What a spill lies on.", "ground")]
Sun = Annotated[str | None, _words("Sunlight on a pool.", "sun")]
AirTemperature = Annotated[
    str | None, _words("Temperature of the air.", "air_temperature", "--air-temperature", "--temperature")
]
AirPressure = Annotated[str | None, _words("Pressure of the air.", "air_pressure")]


def main() -> None:
    """Run the command line; what a console script calls."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _stop)
    app()


def _stop(number: int, _: FrameType | None) -> None:
    """End on a termination signal the orderly way, so that nothing half-written stays."""
    raise SystemExit(128 + number)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - the shape typer calls
    if wanted:
        from importlib.metadata import version

        typer.echo(f"parktwin {version('parktwin')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell on stderr what is going on.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Set up what holds for every command."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    logging.captureWarnings(capture=True)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")] = Path("parktwin-demo"),
    seed: Seed = None,
) -> None:
    """Run a chlorine drill on the shipped park: pictures, report and data in one folder."""
    with _errors_told():
        _play(DEMO, (), (), seed=seed, team=Team.PLAN, out=out, as_json=False)


@app.command()
def run(
    *,
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="Name in the library, or a scenario file.")],
    layout: Annotated[
        list[Path] | None,
        typer.Option("--layout", metavar="FILE", help="Layout; repeat to merge several. Default: the scenario's own."),
    ] = None,
    mapping: MapFiles = None,
    seed: Seed = None,
    team: Annotated[Team, typer.Option("--team", help="Who plays.")] = Team.PLAN,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for the results. Default: parktwin-run/<id>.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a drill and write its results."""
    with _errors_told(as_json=as_json):
        _play(scenario, layout or (), mapping or (), seed=seed, team=team, out=out, as_json=as_json)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """Show the scenarios, parks and dispersion models that are installed."""
    with _errors_told(as_json=as_json):
        from drills.shelf import shelf

        found = shelf()
        if as_json:
            _print_json(found)
            return
        print_shelf(found)


@app.command()
def check(
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Layouts and scenarios.")],
    mapping: MapFiles = None,
    as_json: AsJson = False,
) -> None:
    """Look over layouts and scenarios and name every problem at once."""
    with _errors_told(as_json=as_json):
        from drills.shelf import check_files

        problems = check_files(files, mappings=mapping or ())
        errors = sum(problem.severity == "error" for problem in problems)
        if as_json:
            _print_json(
                {
                    "files": [str(file) for file in files],
                    "errors": errors,
                    "warnings": len(problems) - errors,
                    "problems": [asdict(problem) for problem in problems],
                }
            )
        else:
            for problem in problems:
                typer.echo(f"{problem.severity}: {problem}")
            typer.echo(
                f"{count(len(files), 'file')}: {count(errors, 'error')}, {count(len(problems) - errors, 'warning')}"
            )
    if errors:
        raise typer.Exit(2)


@app.command()
def source(
    *,
    layout: Layout,
    tag: Tag,
    hole: Hole,
    isolate_at: IsolateAt = None,
    failed: Failed = None,
    duration: Annotated[str | None, _words("How long to compute, pool included.", "duration")] = None,
    height: Annotated[str | None, _words("Of the hole above ground. Default: release_height of the layout.")] = None,
    length: Annotated[str | None, _words("Of the way out. Default: 0, or half the line when it breaks across.")] = None,
    regime: Annotated[
        str | None, typer.Option(metavar="NAME", help="frozen, relaxation or equilibrium instead of the one chosen.")
    ] = None,
    rain_out: RainOut = None,
    elevation: Elevation = None,
    air_temperature: AirTemperature = None,
    air_pressure: AirPressure = None,
    wind: Annotated[str | None, _words("Wind speed at 10 m.", "wind")] = None,
    ground: Ground = None,
    ground_temperature: Annotated[str | None, _words("Of the ground. Default: that of the air.")] = None,
    sun: Sun = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw the rates into this PNG file.")
    ] = None,
    mapping: MapFiles = None,
    as_json: AsJson = False,
) -> None:
    """Compute what leaks out of an asset: regime, rate over time, flash, rain-out, pool, totals."""
    words = {
        "isolate_at": isolate_at,
        "duration": duration,
        "height": height,
        "length": length,
        "regime": regime,
        "rain_out": rain_out,
        "elevation": elevation,
        "air_temperature": air_temperature,
        "air_pressure": air_pressure,
        "wind": wind,
        "ground": ground,
        "ground_temperature": ground_temperature,
        "sun": sun,
    }
    with _errors_told(as_json=as_json):
        from drills.sources import COLUMNS, png_path, source_facts, source_from_words, source_lines

        place = None if picture is None else png_path(picture)
        found, assumed = source_from_words(
            [layout], tag, hole=hole, words=words, mappings=mapping or (), valves_failed=failed or ()
        )
        if place is not None:
            from drills.view import save_source

            save_source(found, place)
        facts = source_facts(found, assumed)
        if as_json:
            _print_json(facts)
        else:
            head, rows, tail = source_lines(facts)
            print_tables(head, [("", COLUMNS, rows)], tail)


@app.command()
def disperse(
    *,
    layout: Layout,
    tag: Tag,
    hole: Hole,
    wind: Annotated[str, typer.Option("--wind", metavar="QUANTITY", help="Wind speed at 10 m, such as 3m/s.")],
    wind_from: Annotated[str, typer.Option("--from", metavar="ANGLE", help="Where the wind blows from: 270.")],
    stability: Annotated[str | None, typer.Option(metavar="A-F", help="Pasquill class; there is no default.")] = None,
    obukhov: Annotated[str | None, _words("Obukhov length instead of a class: 50m, -20m.")] = None,
    cloud: Annotated[str | None, typer.Option(metavar="EIGHTHS", help="Cloud cover 4/8 and --time instead.")] = None,
    time: Annotated[str | None, typer.Option(metavar="TIME", help="Start, such as 2026-07-01T14:00+08:00.")] = None,
    anchor: Annotated[str | None, typer.Option(metavar="LON,LAT", help="Of x = y = 0, if not in the layout.")] = None,
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="One that parktwin list shows.")] = "auto",
    averaging_time: Annotated[str | None, _words("Averaging time.", "averaging_time")] = None,
    height: Annotated[str | None, _words("Height of the zones.", "height")] = None,
    threshold: Annotated[list[str] | None, _several("--threshold", "NAME", "AEGL-2, LFL/2, 100ppm")] = None,
    at_points: Annotated[list[str] | None, _several("--at-points", "TAG|X,Y", "CR-0, 400m,250m")] = None,
    isolate_at: IsolateAt = None,
    failed: Failed = None,
    duration: Annotated[str | None, _words("How long to compute the leak, pool included.", "duration")] = None,
    elevation: Elevation = None,
    direction: Annotated[str | None, typer.Option(metavar="ANGLE", help="Of a jet; default: with the wind.")] = None,
    rain_out: RainOut = None,
    ground: Ground = None,
    sun: Sun = None,
    roughness: Annotated[str | None, _words("Roughness length of the surroundings.", "roughness")] = None,
    air_temperature: AirTemperature = None,
    air_pressure: AirPressure = None,
    humidity: Annotated[str | None, _words("Relative humidity.", "humidity")] = None,
    picture: Annotated[Path | None, _file("--picture", "Zones over the park, PNG.")] = None,
    section: Annotated[Path | None, _file("--section", "Vertical section along the wind, PNG.")] = None,
    series: Annotated[Path | None, _file("--series", "History at detectors and points, PNG.")] = None,
    gif: Annotated[Path | None, _file("--gif", "Film of the zones over the park.")] = None,
    geojson: Annotated[Path | None, _file("--geojson", "Zones for maps, WGS 84.")] = None,
    kml: Annotated[Path | None, _file("--kml", "Zones for Google Earth; in time with --time.")] = None,
    mapping: MapFiles = None,
    as_json: AsJson = False,
) -> None:
    """Compute where the gas of a leak goes: how far and how long each threshold is reached, with maps."""
    given = dict(locals())
    with _errors_told(as_json=as_json):
        from drills.dispersal import OUTPUTS, check_outputs, dispersal_from_words, write_outputs
        from drills.reaches import dispersal_facts, dispersal_lines

        files = check_outputs({name: given[name] for name in OUTPUTS})
        words = {name: word for name, word in given.items() if isinstance(word, str)}
        found = dispersal_from_words(words, thresholds=threshold, points=at_points, mappings=mapping, failed=failed)
        write_outputs(found, files)
        facts = dispersal_facts(found) | {"files": {name: str(path) for name, path in files.items()}}
        if as_json:
            _print_json(facts)
        else:
            print_tables(*dispersal_lines(facts))


@app.command()
def evacuate(
    *,
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="Name in the library, or a scenario file.")],
    policy: Annotated[
        list[str] | None,
        _several(
            "--policy",
            "NAME",
            "plan (default), nearest, zones, least-dose, shelter, best, or all of these; buses if it has some",
        ),
    ] = None,
    replications: Annotated[int, typer.Option("--replications", min=1, help="Draws of the people.")] = 1,
    seed: Seed = None,
    layout: Annotated[list[Path] | None, _several("--layout", "FILE", "Layout. Default: the scenario's own")] = None,
    mapping: MapFiles = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for data and pictures.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what to tell people: who gets out, when, and what they breathed, under each policy."""
    with _errors_told(as_json=as_json):
        from drills.study.command import run_study, study_lines

        with progress(quiet=as_json) as tell:
            study, place = run_study(
                scenario,
                layouts=layout or (),
                mappings=mapping or (),
                policies=policy,
                replications=replications,
                seed=seed,
                out=out,
                progress=tell,
            )
        facts = study.facts()
        if as_json:
            _print_json({"folder": None if place is None else str(place), **facts})
            return
        print_tables(*study_lines(facts))
        if place is not None:
            typer.echo(str(place))


@app.command()
def schema(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it here instead of printing it.")
    ] = None,
) -> None:
    """Print the JSON schema of scenario files (drill/1), for editors and other tools."""
    with _errors_told():
        from drills.folder import write_whole
        from scenarios.check import json_schema

        text = json.dumps(json_schema(), indent=2, ensure_ascii=False)
        typer.echo(text if out is None else str(write_whole(out, text + "\n")))


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Look over this installation and say how to mend what does not work."""
    with _errors_told(as_json=as_json):
        from drills.doctor import doctor as look

        checks = look()
        fails = sum(c.status == "fail" for c in checks)
        if as_json:
            _print_json({"ok": not fails, "checks": [c.to_dict() for c in checks]})
        else:
            print_checks(checks)
    if fails:
        raise typer.Exit(1)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")],
) -> None:
    """Write report.html of a saved run again, from the data and pictures in its folder."""
    with _errors_told():
        from drills.report import rewrite_report

        typer.echo(str(rewrite_report(folder)))


def _play(
    name: str,
    layouts: Sequence[Path],
    mappings: Sequence[Path],
    *,
    seed: int | None,
    team: Team,
    out: Path | None,
    as_json: bool,
) -> None:
    """Run a drill into a folder and show its scores."""
    from drills.folder import result_folder
    from drills.shelf import open_drill

    with progress(quiet=as_json) as tell:
        tell("layout", 0.0)
        scenario, park = open_drill(name, layouts=layouts, mappings=mappings)
        tell("layout", 1.0)
        place = out if out is not None else Path("parktwin-run") / scenario.id
        with result_folder(place) as folder:
            from drills.report import report_into
            from drills.run import run_drill

            result = run_drill(scenario, park, seed=seed, team=team.value, progress=tell)
            tell("report", 0.0)
            result.save(folder)
            report_into(result, folder)
            tell("report", 1.0)
    summary = result.summary()
    if as_json:
        _print_json({"folder": str(place), **summary})
        return
    print_scores(summary)
    typer.echo(str(place))


# --- telling


@contextmanager
def _errors_told(*, as_json: bool = False) -> Iterator[None]:
    """Turn an expected fault into a message on stderr and exit code 2; an interrupt into 130.

    With `as_json` the fault is also the one object on stdout, so that a program that reads it always finds one.
    """
    try:
        yield
    except TwinError as error:
        _tell_fault(str(error), error.problems, as_json=as_json)
    except BrokenPipeError:
        sys.stderr.close()
        raise typer.Exit(1) from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _tell_fault(f"{place}{error.strerror or error}", (), as_json=as_json)
    except KeyboardInterrupt:
        typer.echo("stopped; nothing was written", err=True)
        raise typer.Exit(130) from None


def _tell_fault(text: str, problems: Sequence[Problem], *, as_json: bool) -> NoReturn:
    typer.echo(f"error: {text}", err=True)
    if as_json:
        _print_json({"error": text, "problems": [asdict(problem) for problem in problems]})
    raise typer.Exit(2) from None


def _print_json(answer: object) -> None:
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    typer.echo(json.dumps(answer, ensure_ascii=not unicode, allow_nan=False))


if __name__ == "__main__":
    main()
