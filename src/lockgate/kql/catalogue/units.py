"""Conversions of units. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
convert_angle(value: real, from: string, to: string) -> real
convert_energy(value: real, from: string, to: string) -> real
convert_force(value: real, from: string, to: string) -> real
convert_length(value: real, from: string, to: string) -> real
convert_mass(value: real, from: string, to: string) -> real
convert_speed(value: real, from: string, to: string) -> real
convert_temperature(value: real, from: string, to: string) -> real
convert_volume(value: real, from: string, to: string) -> real
"""
