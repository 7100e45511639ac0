/* Updates of the neuron kinds that are no compartments: they send values, resonate or adapt (`neurodeploy.network.graded`).
   p: the parameters of a neuron, in the order of `lowering.models`. Each returns the value that the neuron sends. */
#ifndef ND_UPDATE_KINDS_H
#define ND_UPDATE_KINDS_H
#include "noise.h"

/* States of one neuron. */
typedef struct {
  int64_t *u, *v, *first, *second;
} Neuron;

/* Sigma: send the sum. */
INLINE int64_t sigma(int64_t a, Neuron x) { return *x.u += a; }

/* Send changes of `act` since the last value sent once they reach the threshold; keep the remainder. With `cumulative` the
   sum of all changes since then is compared; the value sent is still the change. */
INLINE int64_t change_of(const double *p, int64_t act, int cumulative, Neuron x) {
  const int64_t change = act - *x.v + *x.first;
  if (cumulative) *x.second += change;
  const int64_t compared = cumulative ? *x.second : change;
  const int64_t size = compared < 0 ? -compared : compared;
  const int64_t sent = (double)size >= p[0] ? change : 0;
  if (sent != 0) *x.second = 0;
  *x.v = act;
  *x.first = change - sent;
  return sent >> (int64_t)p[2];
}

INLINE int64_t delta(const double *p, int64_t a, Neuron x) { return change_of(p, up64(a, (int64_t)p[1]), 0, x); }

INLINE int64_t sigma_delta(const double *p, int64_t a, Neuron x) {
  *x.u += a;
  const int64_t act = *x.u + (int64_t)p[1];
  return change_of(p, p[3] == 0 ? max64(act, 0) : act, p[4] != 0, x);
}

INLINE int64_t relu(const double *p, int64_t a) {
  const double x = (double)a;
  return x > p[0] || (p[1] == 0 && x < -p[0]) ? a : 0;
}

INLINE int64_t product(const double *p, int64_t a, int64_t b) {
  const int64_t value = (a * b) >> (int64_t)p[1], size = value < 0 ? -value : value;
  return (double)size > p[0] ? value : 0;
}

/* A decaying rotation of (re, im) = (u, v); p: sin, cos, decay bits, threshold, state exponent, reset. */
INLINE int64_t resonate_fire(const double *p, int64_t a, int64_t b, int64_t limit, Neuron n) {
  const int64_t s = (int64_t)p[0], c = (int64_t)p[1], bits = (int64_t)p[2], up = (int64_t)p[4], re = *n.u, im = *n.v;
  int64_t x = decayed64(re, c, bits) - decayed64(im, s, bits) + up64(a, up);
  int64_t y = decayed64(re, s, bits) + decayed64(im, c, bits) + up64(b, up);
  x = min64(max64(x, -limit), limit);
  y = min64(max64(y, -limit), limit);
  const int izhikevich = p[5] != 0;
  const int sent = izhikevich ? (double)y >= p[3] : (double)x >= p[3] && y >= 0 && im < 0;
  *n.u = sent && izhikevich ? 0 : x;
  *n.v = sent && izhikevich ? (int64_t)p[3] - 1 : y;
  return sent;
}

INLINE int64_t resonate_zero(const double *p, int64_t a, int64_t b, Neuron n) {
  const int64_t s = (int64_t)p[0], c = (int64_t)p[1], re = *n.u, im = *n.v;
  const int64_t x = ((c * re) >> 15) - ((s * im) >> 15) + a, y = ((s * re) >> 15) + ((c * im) >> 15) + b;
  *n.u = x;
  *n.v = y;
  return (double)x > p[2] && y >= 0 && im < 0 ? x : 0;
}

/* Adaptive leaky integrate and fire; p: factors of current, v, theta and r, theta_0, theta_step. */
INLINE int64_t adaptive_lif(const double *p, int64_t a, int64_t bits, Neuron x) {
  const int64_t half = ((int64_t)1 << bits) - 1, base = (int64_t)p[4];
  int64_t current = whole((double)*x.u * p[0]);
  current = ((current + ((current >> 63) & half)) >> bits) + a;
  const int64_t v = decayed64(*x.v, (int64_t)p[1], bits) + current;
  const int64_t theta = decayed64(*x.first - base, (int64_t)p[2], bits) + base;
  const int64_t r = decayed64(*x.second, (int64_t)p[3], bits);
  const int sent = v - r >= theta;
  *x.u = current;
  *x.v = v;
  *x.first = theta + (sent ? (int64_t)p[5] : 0);
  *x.second = r + (sent ? 2 * theta : 0);
  return sent;
}

INLINE int64_t updated_kind(const Layout *layout, int64_t model, const double *p, int64_t total, int64_t b, Neuron x) {
  const int64_t a = total >> layout->switches.weight_shift, bits = layout->switches.decay_bits;
  switch (model) {
    case SIGMA: return sigma(a, x);
    case DELTA: return delta(p, a, x);
    case SIGMA_DELTA: return sigma_delta(p, a, x);
    case RELU: return relu(p, a);
    case PRODUCT: return product(p, a, b);
    case RESONATE: return resonate_fire(p, a, b, ((int64_t)1 << layout->switches.state_bits) - 1, x);
    case RESONATE_ZERO: return resonate_zero(p, a, b, x);
    default: return adaptive_lif(p, total, bits, x);
  }
}

/* One step of a population of another kind; state.values holds what it sends, 1 for a plain spike. */
static void update_kind(const Call *call, const Population *pop, int64_t slot) {
  const Layout *layout = call->layout;
  State *state = call->state;
  const int64_t rows = layout->parameters.n / PARAMETERS, far = pop->slots * pop->padded;
  for (int64_t i = pop->start; i < pop->start + pop->size; i++) {
    const int64_t at = slot + i - pop->start;
    double p[PARAMETERS];
    for (int64_t k = 0; k < PARAMETERS; k++) p[k] = AT(layout->parameters, k * rows + i);
    int64_t b = 0;
    const int64_t total = state->acc.wide[CHECKED(at, 1, state->acc.n)];
    state->acc.wide[at] = 0;
    if (pop->ports > 1) {
      b = state->acc.wide[CHECKED(at + far, 1, state->acc.n)] >> layout->switches.weight_shift;
      state->acc.wide[at + far] = 0;
    }
    const Neuron x = {state->u.wide + i, state->v.wide + i, VIEW(state->memory, i, 1), VIEW(state->memory, rows + i, 1)};
    const int64_t sent = updated_kind(layout, pop->model, p, total, b, x);
    mark(call, i, sent != 0);
    AT(state->values, i) = (double)sent;
  }
}

#endif
