/* `lanes.h` for one neuron at a time, which an exported program contains in its place. Plain C99. */
#ifndef ND_LANES_H
#define ND_LANES_H
#include "integers.h"

typedef int32_t lanes32;
typedef int mask;

INLINE lanes32 load32(const int32_t *from) { return *from; }
INLINE void store32(int32_t *to, lanes32 x) { *to = x; }
INLINE lanes32 all32(int32_t x) { return x; }
INLINE lanes32 sum(lanes32 a, lanes32 b) { return plus32(a, b); }
INLINE lanes32 shifted_up(lanes32 x, int32_t bits) { return up32(x, bits); }
INLINE mask greater(lanes32 a, lanes32 b) { return a > b; }
INLINE lanes32 choose(mask m, lanes32 yes, lanes32 no) { return m ? yes : no; }
INLINE lanes32 least(lanes32 a, lanes32 b) { return a < b ? a : b; }
INLINE lanes32 greatest(lanes32 a, lanes32 b) { return a > b ? a : b; }
INLINE lanes32 widened_u8(const uint8_t *from) { return *from; }
INLINE void store_u8(uint8_t *to, lanes32 x) { *to = (uint8_t)x; }

#endif
