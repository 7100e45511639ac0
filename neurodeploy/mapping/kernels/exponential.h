/* exp(x) for x <= 0, the same bits on every machine. See exponential.py. */
#ifndef ND_EXPONENTIAL_H
#define ND_EXPONENTIAL_H
#include "kernels.h"

INLINE double exponential(double x) {
  static const double one_over_factorial[] = {
      1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
      1.0 / 720,        1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1.0,         1.0};
  if (x < -700.0) return 0.0;
  const int64_t power = (int64_t)(x * 1.4426950408889634 - 0.5);
  const double rest = (x - (double)power * 0.6931471806019545) - (double)power * -4.2009150726810846e-11;
  double sum = one_over_factorial[0];
  for (int term = 1; term < 14; term++) sum = sum * rest + one_over_factorial[term];
  const uint64_t bits = (uint64_t)(power + 1023) << 52;
  double scale;
  __builtin_memcpy(&scale, &bits, sizeof scale);
  return sum * scale;
}

#endif
