/* Rules of the neuron kinds that are no compartments: they send values, resonate or adapt (`neurodeploy.network.graded`).
   p: the parameters of a neuron, in the order of `lowering.models`. Each returns the value that the neuron sends. Plain C99, so
   that an exported program contains this file as it is. */
#ifndef ND_KINDS_H
#define ND_KINDS_H
#include "arithmetic.h"

/* States of one neuron. */
typedef struct {
  int64_t *u, *v, *first, *second;
} Neuron;

/* Sigma: send the sum. */
INLINE int64_t sigma(int64_t a, Neuron x) { return *x.u = plus64(*x.u, a); }

/* Send changes of `act` since the last value sent once they reach the threshold; keep the remainder. With `cumulative` the
   sum of all changes since then is compared; the value sent is still the change. */
INLINE int64_t change_of(const double *p, int64_t act, int cumulative, Neuron x) {
  const int64_t change = plus64(minus64(act, *x.v), *x.first);
  if (cumulative) *x.second = plus64(*x.second, change);
  const int64_t compared = cumulative ? *x.second : change;
  const int64_t size = compared < 0 ? minus64(0, compared) : compared;
  const int64_t sent = (double)size >= p[0] ? change : 0;
  if (sent != 0) *x.second = 0;
  *x.v = act;
  *x.first = minus64(change, sent);
  return sent >> (int64_t)p[2];
}

INLINE int64_t delta(const double *p, int64_t a, Neuron x) { return change_of(p, up64(a, (int64_t)p[1]), 0, x); }

INLINE int64_t sigma_delta(const double *p, int64_t a, Neuron x) {
  *x.u = plus64(*x.u, a);
  const int64_t act = plus64(*x.u, (int64_t)p[1]);
  return change_of(p, p[3] == 0 ? max64(act, 0) : act, p[4] != 0, x);
}

INLINE int64_t relu(const double *p, int64_t a) {
  const double x = (double)a;
  return x > p[0] || (p[1] == 0 && x < -p[0]) ? a : 0;
}

INLINE int64_t product(const double *p, int64_t a, int64_t b) {
  const int64_t value = times64(a, b) >> (int64_t)p[1], size = value < 0 ? minus64(0, value) : value;
  return (double)size > p[0] ? value : 0;
}

/* A decaying rotation of (re, im) = (u, v); p: sin, cos, decay bits, threshold, state exponent, reset. */
INLINE int64_t resonate_fire(const double *p, int64_t a, int64_t b, int64_t limit, Neuron n) {
  const int64_t s = (int64_t)p[0], c = (int64_t)p[1], bits = (int64_t)p[2], up = (int64_t)p[4], re = *n.u, im = *n.v;
  int64_t x = plus64(minus64(decayed64(re, c, bits), decayed64(im, s, bits)), up64(a, up));
  int64_t y = plus64(plus64(decayed64(re, s, bits), decayed64(im, c, bits)), up64(b, up));
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
  const int64_t x = plus64((times64(c, re) >> 15) - (times64(s, im) >> 15), a);
  const int64_t y = plus64((times64(s, re) >> 15) + (times64(c, im) >> 15), b);
  *n.u = x;
  *n.v = y;
  return (double)x > p[2] && y >= 0 && im < 0 ? x : 0;
}

/* Adaptive leaky integrate and fire; p: factors of current, v, theta and r, theta_0, theta_step. */
INLINE int64_t adaptive_lif(const double *p, int64_t a, int64_t bits, Neuron x) {
  const int64_t half = up64(1, bits) - 1, base = (int64_t)p[4];
  int64_t current = whole((double)*x.u * p[0]);
  current = plus64((current + ((current >> 63) & half)) >> bits, a);
  const int64_t v = plus64(decayed64(*x.v, (int64_t)p[1], bits), current);
  const int64_t theta = plus64(decayed64(minus64(*x.first, base), (int64_t)p[2], bits), base);
  const int64_t r = decayed64(*x.second, (int64_t)p[3], bits);
  const int sent = minus64(v, r) >= theta;
  *x.u = current;
  *x.v = v;
  *x.first = plus64(theta, sent ? (int64_t)p[5] : 0);
  *x.second = plus64(r, sent ? times64(2, theta) : 0);
  return sent;
}

INLINE int64_t updated_kind(const Switches *dialect, int64_t model, const double *p, int64_t total, int64_t b, Neuron x) {
  const int64_t a = total >> dialect->weight_shift, bits = dialect->decay_bits;
  switch (model) {
    case SIGMA: return sigma(a, x);
    case DELTA: return delta(p, a, x);
    case SIGMA_DELTA: return sigma_delta(p, a, x);
    case RELU: return relu(p, a);
    case PRODUCT: return product(p, a, b);
    case RESONATE: return resonate_fire(p, a, b, up64(1, dialect->state_bits) - 1, x);
    case RESONATE_ZERO: return resonate_zero(p, a, b, x);
    default: return adaptive_lif(p, total, bits, x);
  }
}

#endif
