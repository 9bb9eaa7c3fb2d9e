"""Arrays of numbers that are series. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
series_fir(series: array, filter: array, normalize: bool?, center: bool?) -> array<real> named $0
series_stats(series: array, ignore_nonfinite: const bool?) -> custom
series_stats_dynamic(series: array, ignore_nonfinite: const bool?) -> custom
series_fft(series: array, series_imaginary: array?) -> custom
series_ifft(series: array, series_imaginary: array?) -> custom
series_fit_line(series: array) -> custom
series_fit_line_dynamic(series: array) -> custom
series_fit_2lines(array: array) -> custom
series_fit_2lines_dynamic(series: array) -> custom
series_outliers(series: array, kind: string?, ignore_val: number?) -> $0 named $0
series_outliers(series: array, kind: string, ignore_val: real, min_percentile: real, max_percentile: real?,
    test_points: integer?) -> $0 named $0
series_iir(series: array, numerators: array, denominators: array) -> array<real> named $0
series_periods_detect(series: array, min_period: number, max_period: number, num_periods: long) -> custom
series_periods_validate(series: array, period: number{1,16}) -> custom
series_fill_backward(series: array, missing_value_placeholder: number?) -> $0 named $0
series_fill_forward(series: array, missing_value_placeholder: number?) -> $0 named $0
series_fill_const(series: array, constant_value: number?, missing_value_placeholder: number?) -> $0 named $0
series_fill_linear(series: array, missing_value_placeholder: number?, fill_edges: bool?, constant_value: number?) ->
    $0 named $0
series_fit_poly(y_series: array, x_series: array?, degree: integer?) -> custom
series_add(series1: array, series2: array) -> array
series_add(series1: array, series2: number) -> array
series_add(series1: number, series2: array) -> array
series_subtract(series1: array, series2: array) -> array
series_subtract(series1: array, series2: number) -> array
series_subtract(series1: number, series2: array) -> array
series_multiply(series1: array, series2: array) -> array
series_multiply(series1: array, series2: number) -> array
series_multiply(series1: number, series2: array) -> array
series_divide(series1: array, series2: array) -> array<real>
series_divide(series1: array, series2: number) -> array<real>
series_divide(series1: number, series2: array) -> array<real>
series_pow(series1: array, series2: array) -> array<real>
series_pow(series1: array, series2: number) -> array<real>
series_pow(series1: number, series2: array) -> array<real>
series_greater(series1: array, series2: array) -> array<bool>
series_greater(series1: array, series2: number) -> array<bool>
series_greater(series1: number, series2: array) -> array<bool>
series_greater_equals(series1: array, series2: array) -> array<bool>
series_greater_equals(series1: array, series2: number) -> array<bool>
series_greater_equals(series1: number, series2: array) -> array<bool>
series_less(series1: array, series2: array) -> array<bool>
series_less(series1: array, series2: number) -> array<bool>
series_less(series1: number, series2: array) -> array<bool>
series_less_equals(series1: array, series2: array) -> array<bool>
series_less_equals(series1: array, series2: number) -> array<bool>
series_less_equals(series1: number, series2: array) -> array<bool>
series_equals(series1: array, series2: array) -> array<bool>
series_equals(series1: array, series2: number) -> array<bool>
series_equals(series1: number, series2: array) -> array<bool>
series_not_equals(series1: array, series2: array) -> array<bool>
series_not_equals(series1: array, series2: number) -> array<bool>
series_not_equals(series1: number, series2: array) -> array<bool>
series_exp(series: array) -> array<real>
series_sign(series: array) -> array<long>
series_abs(series: array) -> $0
series_sin(series: array) -> array<real>
series_asin(series: array) -> array<real>
series_cos(series: array) -> array<real>
series_acos(series: array) -> array<real>
series_tan(series: array) -> array<real>
series_atan(series: array) -> array<real>
series_magnitude(series: array) -> real
series_sum(series: array) -> real
series_product(series: array) -> real
series_log(series: array) -> array<real>
series_floor(series: array) -> array
series_ceiling(series: array) -> $0
array_sum(array: array) -> real
series_seasonal(series: array) -> array<real>
series_seasonal(series: array, period: integer) -> array<real>
series_seasonal(series: array, period: integer, test_points: integer) -> array<real>
series_decompose(series: array, period: integer?, trend: string?, test_points: integer?, seasonality_threshold:
    number?) -> custom
series_decompose_forecast(series: array, test_points: integer, period: integer?, trend: string?,
    seasonality_threshold: number?) -> custom
series_decompose_anomalies(series: array, threshold: number?, period: integer?, trend: string?, test_points:
    integer?, method: string?, seasonality_threshold: number?) -> custom
series_pearson_correlation(series1: array, series2: array) -> real
series_dot_product(series1: array, series2: array) -> real
series_dot_product(series1: array, series2: number) -> real
series_dot_product(series1: number, series2: array) -> real
series_cosine_similarity(series1: array, series2: array, series1_magnitude: real?, series2_magnitude: real?) -> real
"""
