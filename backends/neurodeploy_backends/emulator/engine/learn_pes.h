/* The learning of PES projections, which is the same for every layout: compiled once, in learn_pes.c. */
#ifndef ND_LEARN_PES_H
#define ND_LEARN_PES_H
#include "learn.h"

/* Update traces and weights of a projection, before the spikes of a step meet them. */
void ND_JOIN(learn_pes, ND_LEVEL)(const Plasticity *all, int64_t number, int64_t step);

/* Keep what is sent in a step for the next one: by the source, and by what gives the error, of some lines. */
void ND_JOIN(keep_pes, ND_LEVEL)(const Plasticity *all, int64_t number, Sent source, Sent error, int64_t lines);

#endif
