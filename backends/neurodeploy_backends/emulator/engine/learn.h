/* The learning of plastic projections, which is the same for every layout: compiled once, in learn.c. */
#ifndef ND_LEARN_H
#define ND_LEARN_H
#include "plastic_tables.h"

/* What a population or an input sends in a step: the neurons, and the value of each by its number; NULL where all are 1. */
typedef struct {
  const int32_t *neuron;
  int64_t n;
  const double *value;
  int real; /* whether values need not be integers */
} Sent;

/* What a neuron sends: 1, the value of an input, or the value of a spike within its limits. */
INLINE double sent_value(Sent sent, int64_t k) {
  const double value = sent.value ? sent.value[sent.neuron[k]] : 1;
  return sent.real ? value : (double)whole(value);
}

/* Learn what a projection learns in a step: `source` and `target` are what its source and its target send. */
void ND_JOIN(learn, ND_LEVEL)(const Plasticity *all, int64_t number, Sent source, Sent target, int64_t step);

#endif
