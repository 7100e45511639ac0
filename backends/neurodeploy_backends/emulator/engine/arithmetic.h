/* Arithmetic of the wide rules: decays, registers that overflow, draws of noise, sums that are shifted. Plain C99, so that an
   exported program contains this file as it is. */
#ifndef ND_ARITHMETIC_H
#define ND_ARITHMETIC_H
#include "integers.h"
#include "mixed.h"

/* x * keep / 2**bits, rounded toward zero. */
INLINE int64_t decayed64(int64_t x, int64_t keep, int64_t bits) {
  const int64_t product = times64(x, keep);
  return plus64(product, (product >> 63) & (up64(1, bits) - 1)) >> bits;
}

INLINE int64_t wrapped64(int64_t x, int64_t bits) {
  const int64_t half = up64(1, bits);
  return (plus64(x, half) & (2 * half - 1)) - half;
}

/* What a register of `bits` and a sign holds of x; `how` is KEEP, WRAP or FOLD. */
INLINE int64_t overflowed(int64_t x, int64_t bits, int64_t how) {
  const int64_t top = up64(1, bits);
  if (how == WRAP) return wrapped64(x, bits);
  if (how == FOLD && x > top) return x - 2 * top;
  if (how == FOLD && x <= -top) return x + 2 * top;
  return x;
}

/* -127..127, from seed, sample, step and the neuron's number in the program alone; see `simulate.noise`. */
INLINE int64_t draw(int64_t seed, int64_t sample, int64_t step, int64_t neuron) {
  uint64_t x = mixed_bits((uint64_t)seed + UINT64_C(0x9E3779B97F4A7C15) * ((uint64_t)sample + 1));
  x = mixed_bits(x ^ ((uint64_t)step << 32) ^ (uint64_t)neuron);
  return (int64_t)(((x >> 32) * 255) >> 32) - 127;
}

/* What a draw adds, in units of the accumulator. */
INLINE int64_t noise_from(int64_t drawn, int64_t offset, int64_t exponent) {
  const int64_t x = drawn + 64 * offset;
  return exponent >= 7 ? up64(x, exponent - 7) : decayed64(x, 1, 7 - exponent);
}

/* Sums of weights that a dialect shifts when they arrive, in units of the accumulator. */
INLINE int64_t shifted_sum(int64_t sum, int64_t down, int64_t up) { return up64(sum >> down, up); }

/* What a weight adds that a value multiplies: the nearest integer, ties to even. */
INLINE int64_t valued_weight(int32_t weight, int32_t shift, double value) {
  return whole(rounded((double)up64(weight, shift) * value));
}

#endif
