/* The rule of a compartment in 32 bits, for programs in which that is exact: everything wraps, or nothing overflows. Written for
   as many neurons as `lanes32` holds: several in the engine, one in an exported program, which contains this file as it is. */
#ifndef ND_NARROW_H
#define ND_NARROW_H

/* x * keep / 4096 rounded toward zero, for |x| < 2**27. The 12 low bits are multiplied apart, so nothing overflows. */
INLINE lanes32 decayed(lanes32 x, lanes32 keep) {
  const lanes32 up = (x >> 31) & 4095;
  return (x >> 12) * keep + (((x & 4095) * keep + up) >> 12);
}

/* x in a register of 32 - bits bits. */
INLINE lanes32 wrapped(lanes32 x, int32_t bits) { return shifted_up(x, bits) >> bits; }

/* What all neurons of a population share. */
typedef struct {
  lanes32 ku, kv, bias, vth, vmin, vmax;
  int32_t left, right, state, drive, top;
} Shared;

/* The state of neurons side by side, and the sums that have arrived for them. */
typedef struct {
  int32_t *u, *v, *acc;
} Rows;

/* Registers of neurons side by side that do not share them. */
typedef struct {
  lanes32 ku, kv, bias, vth, vmin, vmax, refract, reset;
} Own;

/* One step of neurons that share their registers, without refractory steps, reset to zero; those that spike. What is known
   when this is compiled: `wraps` is 0 if nothing overflows, `limits` if v meets no limit. */
INLINE mask even_step(const Shared *all, Rows rows, lanes32 bias, int wraps, int limits) {
  const lanes32 q = shifted_up(load32(rows.acc), all->left);
  store32(rows.acc, all32(0));
  lanes32 x = decayed(load32(rows.u), all->ku), y = decayed(load32(rows.v), all->kv);
  if (wraps) {
    x = wrapped(sum(x, q >> all->right), all->state);
    y = sum(y, wrapped(sum(x, bias), all->drive));
  } else {
    x = sum(x, q);
    y = sum(y, sum(x, bias));
  }
  store32(rows.u, x);
  if (limits) y = least(greatest(y, all->vmin), all->vmax);
  const mask fired = greater(y, all->vth);
  store32(rows.v, choose(fired, all32(0), y));
  return fired;
}

/* One step of neurons with registers, refractory steps and reset for each; u folds beyond `top`. */
INLINE mask mixed_step(const Shared *all, Own own, Rows rows, uint8_t *dead) {
  const lanes32 none = all32(0), top = all32(all->top), turn = shifted_up(top, 1);
  const lanes32 q = shifted_up(load32(rows.acc), all->left) >> all->right;
  lanes32 x = wrapped(sum(decayed(load32(rows.u), own.ku), q), all->state);
  store32(rows.acc, none);
  x -= choose(greater(x, top), turn, none);
  x += choose(greater(1 - top, x), turn, none);
  store32(rows.u, x);
  lanes32 y = sum(decayed(load32(rows.v), own.kv), wrapped(sum(x, own.bias), all->drive));
  y = least(greatest(y, own.vmin), own.vmax);
  lanes32 waits = widened_u8(dead);
  y = choose(greater(waits, none), none, y);
  const mask fired = greater(y, own.vth);
  waits = choose(fired, own.refract, waits);
  store_u8(dead, greatest(waits - 1, none));
  /* reset is what a spike takes off v: -1 all of it, else a number (vth to subtract, 0 for none) */
  store32(rows.v, choose(fired, choose(greater(none, own.reset), none, y - own.reset), y));
  return fired;
}

#endif
