/* Small symmetric matrices, always in the same order. See symmetric.py. */
#include "kernels.h"

enum { SWEEPS = 50 };
static const double LEAST = 1e-300, NEGLIGIBLE = 0x1p-60;

INLINE double root(double x) { return __builtin_sqrt(x); }
INLINE double size_of(double x) { return __builtin_fabs(x); }

EXPORT(int64_t, invert_factor)(span_f64 *matrix, int64_t size, span_f64 *result) {
  double *factor = VIEW(*matrix, 0, size * size), *found = VIEW(*result, 0, size * size);
  for (int64_t j = 0; j < size; j++)
    for (int64_t i = j; i < size; i++) {
      double total = factor[i * size + j];
      for (int64_t k = 0; k < j; k++) total -= factor[i * size + k] * factor[j * size + k];
      factor[i * size + j] = i > j ? total / factor[j * size + j] : root(LEAST > total ? LEAST : total);
    }
  for (int64_t j = 0; j < size; j++)
    for (int64_t i = j; i >= 0; i--) {
      double total = i == j ? 1.0 : 0.0;
      for (int64_t k = i + 1; k <= j; k++) total -= factor[k * size + i] * found[k * size + j];
      found[i * size + j] = total / factor[i * size + i];
    }
  return 0;
}

static void rotate(double *a, double *v, int64_t size, int64_t p, int64_t q) {
  const double ratio = (a[q * size + q] - a[p * size + p]) / (2.0 * a[p * size + q]);
  double tangent = 1.0 / (size_of(ratio) + root(ratio * ratio + 1.0));
  tangent = ratio < 0.0 ? -tangent : tangent;
  const double cosine = 1.0 / root(tangent * tangent + 1.0);
  const double sine = tangent * cosine, taken = tangent * a[p * size + q];
  a[p * size + p] -= taken, a[q * size + q] += taken;
  a[p * size + q] = a[q * size + p] = 0.0;
  for (int64_t k = 0; k < size; k++) {
    double *row = a + k * size;
    if (k == p || k == q) continue;
    const double one = row[p], other = row[q];
    row[p] = a[p * size + k] = cosine * one - sine * other;
    row[q] = a[q * size + k] = sine * one + cosine * other;
  }
  for (int64_t k = 0; k < size; k++) {
    double *row = v + k * size;
    const double one = row[p], other = row[q];
    row[p] = cosine * one - sine * other, row[q] = sine * one + cosine * other;
  }
}

EXPORT(int64_t, diagonalize)(span_f64 *matrix, int64_t size, span_f64 *vectors) {
  double *a = VIEW(*matrix, 0, size * size), *v = VIEW(*vectors, 0, size * size);
  for (int sweep = 0, turned = 1; turned && sweep < SWEEPS; sweep++) {
    turned = 0;
    for (int64_t p = 0; p < size - 1; p++)
      for (int64_t q = p + 1; q < size; q++) {
        const double limit = NEGLIGIBLE * (size_of(a[p * size + p]) + size_of(a[q * size + q]));
        if (size_of(a[p * size + q]) <= limit) continue;
        rotate(a, v, size, p, q);
        turned = 1;
      }
  }
  return 0;
}
