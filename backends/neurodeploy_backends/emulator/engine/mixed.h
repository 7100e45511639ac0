/* The mixing function of the draws of noise and of learning. Plain C99, so that an exported program contains it as it is. */
#ifndef ND_MIXED_H
#define ND_MIXED_H
#include "integers.h"

/* The finalizer of splitmix64 (Steele et al. 2014): each of the 64 bits depends on all bits of x. */
INLINE uint64_t mixed_bits(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
  return x ^ (x >> 31);
}

#endif
