"""Functions of series. Sources: the public documentation of each function; what it leaves open is said where it is
decided.

A function with several results gives them as a tuple, in the order of the bound type's columns.
"""

from __future__ import annotations

from lockgate.kql.functions import Compute, Maker, plain
from lockgate.kql.functions.series import decompose, elements, fills, filters, fits, outliers, periods, statistics

_COMPUTED: dict[str, Compute] = {
    **elements.BINARY,
    **elements.UNARY,
    "series_fill_backward": fills.backward,
    "series_fill_forward": fills.forward,
    "series_fill_const": fills.constant,
    "series_fill_linear": fills.linear,
    "series_fir": filters.fir,
    "series_iir": filters.iir,
    "series_fft": filters.fft,
    "series_ifft": filters.ifft,
    "series_stats": statistics.stats,
    "series_stats_dynamic": statistics.stats_dynamic,
    "series_sum": statistics.total,
    "array_sum": statistics.total,
    "series_product": statistics.product,
    "series_magnitude": statistics.magnitude,
    "series_dot_product": statistics.dot_product,
    "series_cosine_similarity": statistics.cosine_similarity,
    "series_pearson_correlation": statistics.pearson_correlation,
    "series_fit_line": fits.line,
    "series_fit_line_dynamic": fits.line_dynamic,
    "series_fit_2lines": fits.two_lines,
    "series_fit_2lines_dynamic": fits.two_lines_dynamic,
    "series_fit_poly": fits.polynomial,
    "series_outliers": outliers.outliers,
    "series_periods_detect": periods.detect,
    "series_periods_validate": periods.validate,
    "series_seasonal": decompose.seasonal,
    "series_decompose": decompose.decompose,
    "series_decompose_forecast": decompose.forecast,
    "series_decompose_anomalies": decompose.anomalies,
}
FUNCTIONS: dict[str, Maker] = {name: plain(compute) for name, compute in _COMPUTED.items()}
