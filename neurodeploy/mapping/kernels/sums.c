/* Sums over synapses and over traffic, always in the same order. See sums.py. */
#include "kernels.h"

/* Columns of an embedding while it is computed; a constant, so that the loops over them become vector instructions. */
enum { WIDTH = 12 };

EXPORT(int64_t, list_by_target)(const span_i64 *out_ptr, const span_i32 *out_target, const span_u8 *delay, span_i64 *next,
                                span_i32 *row, span_u8 *level) {
  for (int64_t number = 0; number < out_ptr->n - 1; number++) {
    const int64_t first = AT(*out_ptr, number), last = AT(*out_ptr, number + 1);
    for (int64_t place = first; place < last; place++) {
      const int64_t at = AT(*next, AT(*out_target, place))++;
      AT(*row, at) = (int32_t)number;
      if (delay->n) AT(*level, at) = AT(*delay, place);
    }
  }
  return 0;
}

EXPORT(int64_t, average)(const span_i64 *ptr, const span_i32 *index, const span_f32 *values, const span_f32 *scale,
                         span_f32 *result) {
  for (int64_t i = 0; i < ptr->n - 1; i++) {
    const int64_t first = AT(*ptr, i), last = AT(*ptr, i + 1);
    float total[WIDTH] = {0.0f};
    for (int64_t place = first; place < last; place++) {
      const float *added = VIEW(*values, (int64_t)AT(*index, place) * WIDTH, WIDTH);
      for (int k = 0; k < WIDTH; k++) total[k] += added[k];
    }
    float *mean = VIEW(*result, i * WIDTH, WIDTH);
    for (int k = 0; k < WIDTH; k++) mean[k] = total[k] * AT(*scale, i);
  }
  return 0;
}

EXPORT(int64_t, add_products)(const span_f64 *left, const span_f64 *right, int64_t columns, span_f64 *total) {
  const int64_t n = left->n / columns;
  double *sums = VIEW(*total, 0, columns * columns);
  for (int64_t i = 0; i < n; i++) {
    const double *a = VIEW(*left, i * columns, columns), *b = VIEW(*right, i * columns, columns);
    for (int64_t j = 0; j < columns; j++)
      for (int64_t k = 0; k < columns; k++) sums[j * columns + k] += a[j] * b[k];
  }
  return 0;
}

EXPORT(int64_t, add_combined)(const span_f64 *values, const span_f64 *matrix, int64_t columns, span_f64 *result) {
  const int64_t n = values->n / columns, width = matrix->n / columns;
  for (int64_t i = 0; i < n; i++) {
    const double *row = VIEW(*values, i * columns, columns);
    double *RESTRICT sums = VIEW(*result, i * width, width);
    for (int64_t j = 0; j < columns; j++) {
      const double *RESTRICT factors = VIEW(*matrix, j * width, width);
      for (int64_t k = 0; k < width; k++) sums[k] += row[j] * factors[k];
    }
  }
  return 0;
}

EXPORT(int64_t, add_spread)(const span_i64 *ptr, const span_i64 *to, const span_f64 *traffic, const span_f64 *scale,
                            const span_f64 *values, span_f64 *result) {
  const int64_t n = scale->n, width = n ? values->n / n : 0;
  for (int64_t core = 0; core < n; core++) {
    const int64_t first = AT(*ptr, core), last = AT(*ptr, core + 1);
    double *RESTRICT sums = VIEW(*result, core * width, width);
    for (int64_t at = first; at < last; at++) {
      const int64_t other = AT(*to, at);
      const double weight = AT(*traffic, at) * AT(*scale, core) * AT(*scale, other);
      const double *RESTRICT from = VIEW(*values, other * width, width);
      for (int64_t k = 0; k < width; k++) sums[k] += weight * from[k];
    }
  }
  return 0;
}
