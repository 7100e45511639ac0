/* Noise of neurons: given draws, or those of a counter-based generator, so that no draw depends on another. */
#ifndef ND_NOISE_H
#define ND_NOISE_H
#include "words.h"

/* x * keep / 2**bits, rounded toward zero. */
INLINE int64_t decayed64(int64_t x, int64_t keep, int64_t bits) {
  const int64_t product = x * keep;
  return (product + ((product >> 63) & (((int64_t)1 << bits) - 1))) >> bits;
}

/* The finalizer of splitmix64 (Steele et al. 2014): each of the 64 bits depends on all bits of x. */
INLINE uint64_t mixed_bits(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
  return x ^ (x >> 31);
}

/* -127..127, from seed, sample, step and the neuron's number in the program alone; see `simulate.noise`. */
INLINE int64_t draw(int64_t seed, int64_t sample, int64_t step, int64_t neuron) {
  uint64_t x = mixed_bits((uint64_t)seed + UINT64_C(0x9E3779B97F4A7C15) * ((uint64_t)sample + 1));
  x = mixed_bits(x ^ ((uint64_t)step << 32) ^ (uint64_t)neuron);
  return (int64_t)(((x >> 32) * 255) >> 32) - 127;
}

/* Noise of row i in this step, in units of the accumulator. */
INLINE int64_t noise_of(const Call *call, const Population *pop, int64_t i) {
  const Stimuli *stimuli = call->stimuli;
  int64_t x;
  if (pop->noise_column >= 0) {
    const int64_t sample = call->sample % stimuli->noise_samples;
    const int64_t row = (sample * stimuli->noise_steps + call->step - 1) * stimuli->noise_columns;
    x = AT(stimuli->noise, row + pop->noise_column + i - pop->start);
  } else {
    x = draw(call->control->seed, call->sample + stimuli->number, call->step, AT(call->layout->global_neuron, i));
  }
  x += 64 * pop->noise_offset;
  return pop->noise_exponent >= 7 ? up64(x, pop->noise_exponent - 7) : decayed64(x, 1, 7 - pop->noise_exponent);
}

#endif
