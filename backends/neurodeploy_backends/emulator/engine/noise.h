/* Noise of neurons: given draws, or those of a counter-based generator, so that no draw depends on another. */
#ifndef ND_NOISE_H
#define ND_NOISE_H
#include "words.h"
#include "arithmetic.h"

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
  return noise_from(x, pop->noise_offset, pop->noise_exponent);
}

#endif
