/* The penalty of a core's loads: zero up to SOFT of a limit, quadratic above, linear and steep above the limit.

   Penalties are in pairs: the cost of one (source, core) pair of weight 1. Loads other than axons are scaled so that a full
   core costs the same in every resource. */
#ifndef ND_PENALTIES_H
#define ND_PENALTIES_H
#include "lists.h"

/* Share of a limit at which penalties begin. */
static const double SOFT = 0.94;
/* Slope of the penalty just below a limit, in pairs per axon. */
static const double CROWDED = 1.5;

/* Penalty of one unit more of a load far above its limit, relative to that of an axon. */
INLINE double unit_of(const CoreLimits *limits, double most) {
  return (double)min64(AT(limits->limit, INPUTS), AT(limits->limit, OUTPUTS)) / most;
}

/* Penalty of a load of `value`, in pairs. */
INLINE double load_penalty(const CoreLimits *limits, const CoreState *state, int64_t resource, int64_t value) {
  const int64_t limit = AT(limits->limit, resource);
  const double most = (double)limit, soft = SOFT * most;
  if ((double)value <= soft) return 0.0;
  const double span = most - soft + 1e-9, over = (double)max64(0, value - limit);
  const double inside = (double)min64(value, limit) - soft;
  return unit_of(limits, most) * (CROWDED * 0.5 * inside * inside / span + AT(state->cost, STEEPNESS) * over);
}

/* Penalty of one unit more of a load, in pairs. */
INLINE double marginal_penalty(const CoreLimits *limits, const CoreState *state, int64_t resource, int64_t core) {
  const double limit = (double)AT(limits->limit, resource), value = (double)*load_of(state, resource, core);
  const double soft = SOFT * limit;
  if (value <= soft) return 0.0;
  const double slope = value >= limit ? AT(state->cost, STEEPNESS) : CROWDED * (value - soft) / (limit - soft + 1e-9);
  return unit_of(limits, limit) * slope;
}

/* Penalty of a load of a core. */
INLINE double *penalty_of(const CoreState *state, int64_t resource, int64_t core) {
  return VIEW(state->penalty, resource * n_cores(state) + core, 1);
}

/* Recompute the penalty of one load of a core. */
INLINE void update_penalty(const CoreLimits *limits, CoreState *state, int64_t resource, int64_t core) {
  const double now = load_penalty(limits, state, resource, *load_of(state, resource, core));
  double *before = penalty_of(state, resource, core);
  AT(state->cost, PENALTIES) += now - *before;
  *before = now;
}

/* Whether a load of a core is above its limit. */
INLINE int is_overfull(const CoreLimits *limits, const CoreState *state, int64_t core) {
  for (int64_t resource = 0; resource < 4; resource++)
    if (*load_of(state, resource, core) > AT(limits->limit, resource)) return 1;
  return 0;
}

#endif
