/* The rule of a compartment in 64 bits, for every dialect. Plain C99, so that an exported program contains this file as it is. */
#ifndef ND_COMPARTMENT_H
#define ND_COMPARTMENT_H
#include "arithmetic.h"

/* Registers of a compartment. */
typedef struct {
  int64_t ku, kv, bias, vmin, vmax;
} Compartment;

/* State after a step, before the threshold, and what left its range on the way. */
typedef struct {
  int64_t u, v;
  int accumulator, current, limit;
} Moved;

/* Current, then voltage. `total`: the sum that arrived. `z`: what noise adds to the membrane. */
INLINE Moved moved(const Switches *dialect, Compartment own, int64_t u, int64_t v, int64_t total, int64_t z) {
  const int64_t bits = dialect->state_bits;
  const int64_t q = dialect->accumulator_bits > 0 ? wrapped64(total, dialect->accumulator_bits) : total;
  const int64_t plain = plus64(decayed64(u, own.ku, dialect->decay_bits), q);
  const int64_t current = overflowed(plain, bits, dialect->current_overflow);
  const int64_t drive = plus64(plus64(current, own.bias), z);
  const int64_t kept = overflowed(drive, bits, dialect->drive_overflow);
  const int64_t free_v = plus64(decayed64(v, own.kv, dialect->decay_bits), kept);
  const int64_t held = min64(max64(free_v, own.vmin), own.vmax);
  return (Moved){current, held, q != total, (plain != current) | (drive != kept), held != free_v};
}

/* v after a step, and the refractory steps that are left. `reset`: what a spike takes off v; -1: all of it. */
INLINE int64_t settled(int64_t v, int64_t sent, int64_t reset, uint8_t refract, uint8_t *dead) {
  if (sent != 0) {
    v = reset < 0 ? 0 : minus64(v, reset);
    *dead = refract;
  }
  if (*dead > 0) *dead = (uint8_t)(*dead - 1);
  return v;
}

/* 1 above the upper threshold, -1 below the lower one. */
INLINE int64_t ternary(int64_t v, double upper, double lower) { return ((double)v > upper) - ((double)v < lower); }

#endif
