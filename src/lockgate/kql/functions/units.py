"""``convert_...``: sizes of the units in one of their kind, by the international definitions (NIST SP 811, BIPM)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from lockgate.kql.functions import Maker, plain

_FOOT, _POUND, _GRAVITY = 0.3048, 0.45359237, 9.80665
_SURVEY_FOOT = 1200 / 3937
_LIGHT_YEAR, _PARSEC = 9.46073047258e15, 3.08567758128e16
_BTU, _ELECTRON_VOLT = 1055.05585262, 1.602176565e-19
_US_GALLON, _IMPERIAL_GALLON = 0.003785411784, 0.00454609
_PREFIXES = {
    "": 1.0, "Nano": 1e-9, "Micro": 1e-6, "Milli": 1e-3, "Centi": 1e-2, "Deci": 0.1, "Deca": 10.0, "Hecto": 100.0,
    "Kilo": 1e3, "Mega": 1e6, "Giga": 1e9, "Tera": 1e12,
}  # fmt: skip


def _of(unit: str, size: float, *prefixes: str) -> dict[str, float]:
    """The unit itself and its multiples: ``Kilo`` and ``Gram`` are ``Kilogram``."""
    lower = unit[0].lower() + unit[1:]
    return {unit: size, **{one + lower: size * _PREFIXES[one] for one in prefixes}}


def _angle() -> dict[str, float]:
    degree = math.pi / 180
    return {
        **_of("Radian", 1.0, "Nano", "Micro", "Milli", "Centi", "Deci"),
        **_of("Degree", degree, "Nano", "Micro", "Milli"),
        "Arcminute": degree / 60, "Arcsecond": degree / 3600, "Gradian": math.pi / 200, "NatoMil": math.pi / 3200,
        "Revolution": 2 * math.pi,
    }  # fmt: skip


def _energy() -> dict[str, float]:
    return {
        **_of("Joule", 1.0, "Milli", "Kilo", "Mega", "Giga"), **_of("Calorie", 4.184, "Kilo", "Mega"),
        **_of("BritishThermalUnit", _BTU, "Kilo", "Mega", "Giga"),
        **_of("ElectronVolt", _ELECTRON_VOLT, "Kilo", "Mega", "Giga", "Tera"),
        **_of("WattHour", 3600.0, "Kilo", "Mega", "Giga", "Tera"),
        **_of("WattDay", 86_400.0, "Kilo", "Mega", "Giga", "Tera"), "Erg": 1e-7, "FootPound": 1.355817948,
        "HorsepowerHour": 2.6845195376961729e6,
        "ThermEc": 1.05505585262e8, "DecathermEc": 1.05505585262e9, "ThermImperial": 1.05505585257348e8,
        "DecathermImperial": 1.05505585257348e9, "ThermUs": 1.054804e8, "DecathermUs": 1.054804e9,
    }  # fmt: skip


def _force() -> dict[str, float]:
    pound = _POUND * _GRAVITY
    return {
        **_of("Newton", 1.0, "Micro", "Milli", "Deca", "Kilo", "Mega"), "Dyn": 1e-5, "KilogramForce": _GRAVITY,
        "KiloPond": _GRAVITY, "PoundForce": pound, "KilopoundForce": 1000 * pound, "OunceForce": pound / 16,
        "Poundal": 0.138254954376, "ShortTonForce": 2000 * pound, "TonneForce": 1000 * _GRAVITY,
    }  # fmt: skip


def _length() -> dict[str, float]:
    return {
        **_of("Meter", 1.0, "Nano", "Micro", "Milli", "Centi", "Deci", "Deca", "Hecto", "Kilo"),
        **_of("LightYear", _LIGHT_YEAR, "Kilo", "Mega"), **_of("Parsec", _PARSEC, "Kilo", "Mega"),
        "Angstrom": 1e-10, "AstronomicalUnit": 1.4959787070e11, "Chain": 20.1168, "DataMile": 1828.8, "Inch": 0.0254,
        "DtpPica": 0.0254 / 6, "DtpPoint": 0.0254 / 72, "Fathom": 1.8288, "Foot": _FOOT, "Hand": 0.1016,
        "Microinch": 2.54e-8, "Mil": 2.54e-5, "Mile": 1609.344, "NauticalMile": 1852.0,
        "PrinterPica": 0.0254 * 12 / 72.27, "PrinterPoint": 0.0254 / 72.27, "Shackle": 27.432, "SolarRadius": 6.95510e8,
        "Twip": 0.0254 / 1440, "UsSurveyFoot": _SURVEY_FOOT, "Yard": 0.9144,
    }  # fmt: skip


def _mass() -> dict[str, float]:
    return {
        **_of("Gram", 1e-3, "Nano", "Micro", "Milli", "Centi", "Deci", "Deca", "Hecto", "Kilo"),
        **_of("Pound", _POUND, "Kilo", "Mega"), **_of("Tonne", 1000.0, "Kilo", "Mega"), "EarthMass": 5.9722e24,
        "Grain": 6.479891e-5, "LongHundredweight": 50.80234544, "LongTon": 1016.0469088, "Ounce": _POUND / 16,
        "ShortHundredweight": 45.359237, "ShortTon": 907.18474, "Slug": 14.593902937, "SolarMass": 1.98947e30,
        "Stone": 6.35029318,
    }  # fmt: skip


def _speed() -> dict[str, float]:
    lengths = {
        "Nanometer": 1e-9, "Micrometer": 1e-6, "Millimeter": 1e-3, "Centimeter": 1e-2, "Decimeter": 0.1, "Meter": 1.0,
        "Kilometer": 1e3, "Foot": _FOOT, "Inch": 0.0254, "Yard": 0.9144, "UsSurveyFoot": _SURVEY_FOOT, "Mile": 1609.344,
    }  # fmt: skip
    times = {"Second": 1.0, "Minute": 60.0, "Hour": 3600.0}
    found = {f"{name}Per{time}": size / span for name, size in lengths.items() for time, span in times.items()}
    return {**found, "Knot": 1852 / 3600}


def _volume() -> dict[str, float]:
    ounce, cubic_foot = _US_GALLON / 128, _FOOT**3
    return {
        **_of("Liter", 1e-3, "Micro", "Milli", "Centi", "Deci", "Deca", "Hecto", "Kilo", "Mega"),
        **_of("CubicMeter", 1.0, "Hecto", "Kilo"), **_of("CubicFoot", cubic_foot, "Hecto", "Kilo", "Mega"),
        **_of("UsGallon", _US_GALLON, "Deci", "Deca", "Hecto", "Kilo", "Mega"),
        **_of("ImperialGallon", _IMPERIAL_GALLON, "Kilo", "Mega"), "AcreFoot": 1 / 0.000810714, "AuTablespoon": 2e-5,
        "BoardFoot": cubic_foot / 12, "CubicCentimeter": 1e-6, "CubicDecimeter": 1e-3, "CubicHectometer": 1e6,
        "CubicInch": 0.0254**3, "CubicKilometer": 1e9, "CubicMicrometer": 1e-18, "CubicMile": 1609.344**3,
        "CubicMillimeter": 1e-9, "CubicYard": 0.9144**3, "ImperialBeerBarrel": 36 * _IMPERIAL_GALLON,
        "ImperialOunce": _IMPERIAL_GALLON / 160, "ImperialPint": _IMPERIAL_GALLON / 8, "MetricCup": 2.5e-4,
        "MetricTeaspoon": 5e-6, "OilBarrel": 42 * _US_GALLON, "UkTablespoon": 1.5e-5, "UsBeerBarrel": 31 * _US_GALLON,
        "UsCustomaryCup": 8 * ounce, "UsLegalCup": 2.4e-4, "UsOunce": ounce, "UsPint": 16 * ounce,
        "UsQuart": 32 * ounce, "UsTablespoon": ounce / 2, "UsTeaspoon": ounce / 6,
    }  # fmt: skip


_TEMPERATURES: dict[str, tuple[float, float]] = {
    "Kelvin": (1.0, 0.0), "DegreeCelsius": (1.0, 273.15), "MillidegreeCelsius": (1e-3, 273.15),
    "DegreeFahrenheit": (5 / 9, 459.67 * 5 / 9), "DegreeRankine": (5 / 9, 0.0), "DegreeDelisle": (-2 / 3, 373.15),
    "DegreeNewton": (100 / 33, 273.15), "DegreeReaumur": (1.25, 273.15),
    "DegreeRoemer": (40 / 21, 273.15 - 7.5 * 40 / 21), "SolarTemperature": (5778.0, 0.0),
}  # fmt: skip
"""One degree in kelvin, and where the scale begins."""


def _by_size(table: Callable[[], dict[str, float]]) -> Maker:
    known = cache(table)

    def run(value: Any, source: str, target: str) -> float | None:
        sizes = known()
        if value is None or source not in sizes or target not in sizes:
            return None
        return float(value) * sizes[source] / sizes[target]

    return plain(run)


def _temperature(value: Any, source: str, target: str) -> float | None:
    if value is None or source not in _TEMPERATURES or target not in _TEMPERATURES:
        return None
    (scale, zero), (other_scale, other_zero) = _TEMPERATURES[source], _TEMPERATURES[target]
    return (float(value) * scale + zero - other_zero) / other_scale


FUNCTIONS: dict[str, Maker] = {
    "convert_angle": _by_size(_angle),
    "convert_energy": _by_size(_energy),
    "convert_force": _by_size(_force),
    "convert_length": _by_size(_length),
    "convert_mass": _by_size(_mass),
    "convert_speed": _by_size(_speed),
    "convert_temperature": plain(_temperature),
    "convert_volume": _by_size(_volume),
}
