/* Integers as registers hold them: bits leave at the top, and nothing depends on the options of a compiler. Plain C99, so that
   an exported program contains this file as it is. */
#ifndef ND_INTEGERS_H
#define ND_INTEGERS_H
#include <stdint.h>

#ifndef INLINE
#define INLINE static inline
#endif

/* An integer that a double holds, kept within +-2**62. */
INLINE int64_t whole(double x) {
  const double most = 0x1p62;
  x = x < most ? x : most;
  return (int64_t)(x > -most ? x : -most);
}
/* The nearest integer, ties to even; beyond 2**52 every double is one. */
INLINE double rounded(double x) {
  const double limit = 4503599627370496.0;
  if (!(x > -limit && x < limit)) return x;
  return x < 0 ? (x - limit) + limit : (x + limit) - limit;
}
INLINE int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

/* Shifts up as the chips shift registers. */
INLINE int32_t up32(int32_t x, int32_t bits) { return (int32_t)((uint32_t)x << bits); }
INLINE int64_t up64(int64_t x, int64_t bits) { return (int64_t)((uint64_t)x << bits); }

/* Sums, differences and products that wrap. */
INLINE int32_t plus32(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }
INLINE int64_t plus64(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
INLINE int64_t minus64(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }
INLINE int64_t times64(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }

#endif
