/* Passes over spike rows (sample, step, index), which are as long as what a run shows and records. */
#include "kernels.h"

/* Least and greatest value of each column into `ends` (2, 3), 0 for no rows; return whether the rows strictly ascend. */
EXPORT(int64_t, survey_rows)(const span_i32 *rows, const span_i32 *ends) {
  const int64_t n = rows->n / 3;
  const int32_t *row = VIEW(*rows, 0, 3 * n);
  int32_t *low = VIEW(*ends, 0, 3), *high = VIEW(*ends, 3, 3), wrong = 0;
  if (n == 0) return 1;
  int32_t least[3] = {row[0], row[1], row[2]}, most[3] = {row[0], row[1], row[2]};
  for (int64_t k = 0; k < n; k++)
    for (int column = 0; column < 3; column++) {
      const int32_t value = row[3 * k + column];
      least[column] = value < least[column] ? value : least[column];
      most[column] = value > most[column] ? value : most[column];
    }
  for (int64_t k = 3; k < 3 * n; k += 3) {
    const int32_t later = row[k + 1] > row[k - 2], same = row[k + 1] == row[k - 2], next = row[k + 2] > row[k - 1];
    wrong |= 1 ^ ((row[k] > row[k - 3]) | ((row[k] == row[k - 3]) & (later | (same & next))));
  }
  for (int column = 0; column < 3; column++) {
    low[column] = least[column];
    high[column] = most[column];
  }
  return !wrong;
}

/* Add the number of rows of each index to `counts`; indices lie inside it. */
EXPORT(int64_t, count_rows)(const span_i32 *rows, const span_i64 *counts) {
  for (int64_t k = 2; k < rows->n; k += 3) AT(*counts, AT(*rows, k))++;
  return rows->n / 3;
}
