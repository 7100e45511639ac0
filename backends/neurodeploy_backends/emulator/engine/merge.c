/* Merging of the rows that threads recorded of the ranges of one population. */
#include "kernels.h"

static int before(const int32_t *a, const int32_t *b) { return a[0] < b[0] || (a[0] == b[0] && a[1] <= b[1]); }

/* Merge rows (sample, step, neuron) of two ranges, both ascending by sample and step, and their values, if there are any:
   within a step the neurons of `first` come first. */
EXPORT(int64_t, merge_rows)(const span_i32 *first, const span_i32 *second, const span_i64 *first_values,
                            const span_i64 *second_values, const span_i32 *rows, const span_i64 *values) {
  const int64_t left = first->n / 3, right = second->n / 3;
  for (int64_t k = 0, i = 0, j = 0; k < left + right; k++) {
    const int own = j == right || (i < left && before(VIEW(*first, 3 * i, 3), VIEW(*second, 3 * j, 3)));
    __builtin_memcpy(VIEW(*rows, 3 * k, 3), own ? VIEW(*first, 3 * i, 3) : VIEW(*second, 3 * j, 3), 12);
    if (values->n > 0) AT(*values, k) = own ? AT(*first_values, i) : AT(*second_values, j);
    i += own;
    j += !own;
  }
  return left + right;
}
