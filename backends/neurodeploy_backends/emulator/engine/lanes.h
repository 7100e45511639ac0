/* Vectors of the width that the processor level has: int32 side by side. Arithmetic is left to the compiler's vector types;
   comparisons, the choice by them and changes of width are named here, because compilers still translate those badly. */
#ifndef ND_LANES_H
#define ND_LANES_H
#include "kernels.h"

#if defined(__AVX512BW__) && defined(__AVX512DQ__)
#define VECTOR_BYTES 64
#include <immintrin.h>
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#include <immintrin.h>
#else
#define VECTOR_BYTES 16
#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif
#endif

/* Integers that fill a vector, and smaller ones that widen to it. None needs to be aligned. */
typedef int32_t lanes32 __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef int16_t lanes16 __attribute__((vector_size(VECTOR_BYTES), aligned(2), may_alias));
typedef int16_t half16 __attribute__((vector_size(VECTOR_BYTES / 2), aligned(2), may_alias));
typedef int8_t half8 __attribute__((vector_size(VECTOR_BYTES / 2), aligned(1), may_alias));
typedef int8_t quarter8 __attribute__((vector_size(VECTOR_BYTES / 4), aligned(1), may_alias));
typedef uint8_t quarter_u8 __attribute__((vector_size(VECTOR_BYTES / 4), aligned(1), may_alias));

/* int32 in a vector. */
enum { LANES = VECTOR_BYTES / 4 };

INLINE lanes32 load32(const int32_t *from) { return *(const lanes32 *)from; }
INLINE void store32(int32_t *to, lanes32 x) { *(lanes32 *)to = x; }
/* Sums and shifts up, which wrap. */
INLINE lanes32 sum(lanes32 a, lanes32 b) { return a + b; }
INLINE lanes32 shifted_up(lanes32 x, int32_t bits) { return x << bits; }
/* The same number in every lane. */
INLINE lanes32 all32(int32_t x) { return (lanes32){0} + x; }

#if VECTOR_BYTES == 64

typedef __mmask16 mask;
INLINE mask greater(lanes32 a, lanes32 b) { return _mm512_cmpgt_epi32_mask((__m512i)a, (__m512i)b); }
/* `m ? yes : no` in each lane. */
INLINE lanes32 choose(mask m, lanes32 yes, lanes32 no) { return (lanes32)_mm512_mask_blend_epi32(m, (__m512i)no, (__m512i)yes); }
/* One bit for each lane. */
INLINE uint64_t bits_of(mask m) { return m; }
INLINE lanes32 least(lanes32 a, lanes32 b) { return (lanes32)_mm512_min_epi32((__m512i)a, (__m512i)b); }
INLINE lanes32 greatest(lanes32 a, lanes32 b) { return (lanes32)_mm512_max_epi32((__m512i)a, (__m512i)b); }
INLINE lanes32 widened_i16(const int16_t *from) { return (lanes32)_mm512_cvtepi16_epi32((__m256i)*(const half16 *)from); }
INLINE lanes32 widened_i8(const int8_t *from) { return (lanes32)_mm512_cvtepi8_epi32((__m128i)*(const quarter8 *)from); }
INLINE lanes32 widened_u8(const uint8_t *from) { return (lanes32)_mm512_cvtepu8_epi32((__m128i)*(const quarter_u8 *)from); }
INLINE void store_u8(uint8_t *to, lanes32 x) { _mm_storeu_si128((__m128i *)to, _mm512_cvtepi32_epi8((__m512i)x)); }
/* int8 side by side as int16. */
INLINE lanes16 halves_i8(const int8_t *from) { return (lanes16)_mm512_cvtepi8_epi16((__m256i)*(const half8 *)from); }

#elif VECTOR_BYTES == 32

typedef lanes32 mask;
INLINE mask greater(lanes32 a, lanes32 b) { return a > b; }
INLINE lanes32 choose(mask m, lanes32 yes, lanes32 no) { return (lanes32)_mm256_blendv_epi8((__m256i)no, (__m256i)yes, (__m256i)m); }
INLINE uint64_t bits_of(mask m) { return (uint32_t)_mm256_movemask_ps((__m256)m); }
INLINE lanes32 least(lanes32 a, lanes32 b) { return (lanes32)_mm256_min_epi32((__m256i)a, (__m256i)b); }
INLINE lanes32 greatest(lanes32 a, lanes32 b) { return (lanes32)_mm256_max_epi32((__m256i)a, (__m256i)b); }
INLINE lanes32 widened_i16(const int16_t *from) { return (lanes32)_mm256_cvtepi16_epi32((__m128i)*(const half16 *)from); }
INLINE lanes32 widened_i8(const int8_t *from) { return (lanes32)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)from)); }
INLINE lanes32 widened_u8(const uint8_t *from) { return (lanes32)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)from)); }
INLINE void store_u8(uint8_t *to, lanes32 x) { for (int k = 0; k < LANES; k++) to[k] = (uint8_t)x[k]; }
INLINE lanes16 halves_i8(const int8_t *from) { return (lanes16)_mm256_cvtepi8_epi16((__m128i)*(const half8 *)from); }

#elif defined(__SSE4_1__)

typedef lanes32 mask;
INLINE mask greater(lanes32 a, lanes32 b) { return a > b; }
INLINE lanes32 choose(mask m, lanes32 yes, lanes32 no) { return (lanes32)_mm_blendv_epi8((__m128i)no, (__m128i)yes, (__m128i)m); }
INLINE uint64_t bits_of(mask m) { return (uint32_t)_mm_movemask_ps((__m128)m); }
INLINE lanes32 least(lanes32 a, lanes32 b) { return (lanes32)_mm_min_epi32((__m128i)a, (__m128i)b); }
INLINE lanes32 greatest(lanes32 a, lanes32 b) { return (lanes32)_mm_max_epi32((__m128i)a, (__m128i)b); }
INLINE lanes32 widened_i16(const int16_t *from) { return (lanes32)_mm_cvtepi16_epi32(_mm_loadl_epi64((const __m128i *)from)); }
INLINE lanes32 widened_i8(const int8_t *from) { return (lanes32)_mm_cvtepi8_epi32(_mm_loadu_si32(from)); }
INLINE lanes32 widened_u8(const uint8_t *from) { return (lanes32)_mm_cvtepu8_epi32(_mm_loadu_si32(from)); }
INLINE void store_u8(uint8_t *to, lanes32 x) { for (int k = 0; k < LANES; k++) to[k] = (uint8_t)x[k]; }
INLINE lanes16 halves_i8(const int8_t *from) { return (lanes16)_mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)from)); }

#else

typedef lanes32 mask;
INLINE mask greater(lanes32 a, lanes32 b) { return a > b; }
INLINE lanes32 choose(mask m, lanes32 yes, lanes32 no) { return (m & yes) | (~m & no); }
INLINE uint64_t bits_of(mask m) {
  uint64_t bits = 0;
  for (int k = 0; k < LANES; k++) bits |= (uint64_t)(m[k] & 1) << k;
  return bits;
}
INLINE lanes32 least(lanes32 a, lanes32 b) { return choose(a < b, a, b); }
INLINE lanes32 greatest(lanes32 a, lanes32 b) { return choose(a > b, a, b); }
INLINE lanes32 widened_i16(const int16_t *from) { return __builtin_convertvector(*(const half16 *)from, lanes32); }
INLINE lanes32 widened_i8(const int8_t *from) { return __builtin_convertvector(*(const quarter8 *)from, lanes32); }
INLINE lanes32 widened_u8(const uint8_t *from) { return __builtin_convertvector(*(const quarter_u8 *)from, lanes32); }
INLINE void store_u8(uint8_t *to, lanes32 x) { *(quarter_u8 *)to = __builtin_convertvector(x, quarter_u8); }
INLINE lanes16 halves_i8(const int8_t *from) { return __builtin_convertvector(*(const half8 *)from, lanes16); }

#endif

/* The int32 of the lower and of the upper half of a vector of int16. */
INLINE void widen16(lanes16 x, lanes32 *low, lanes32 *high) {
  int16_t parts[2 * LANES];
  *(lanes16 *)parts = x;
  *low = widened_i16(parts);
  *high = widened_i16(parts + LANES);
}

/* 64 bits, one for each of 64 bytes: set where the byte is not 0. */
INLINE uint64_t bits_of_bytes(const uint8_t *bytes) {
  uint64_t bits = 0;
#if VECTOR_BYTES == 64
  const __m512i all = _mm512_loadu_si512(bytes);
  bits = _mm512_test_epi8_mask(all, all);
#elif defined(__SSE4_1__)
  for (int part = 0; part < 4; part++) {
    const __m128i some = _mm_loadu_si128((const __m128i *)(bytes + 16 * part));
    const int zero = _mm_movemask_epi8(_mm_cmpeq_epi8(some, _mm_setzero_si128()));
    bits |= (uint64_t)(~zero & 0xFFFF) << (16 * part);
  }
#else
  for (int k = 0; k < 64; k++) bits |= (uint64_t)(bytes[k] != 0) << k;
#endif
  return bits;
}

/* Append first + the place of every bit set; return the new count. */
INLINE int64_t list_bits(uint64_t bits, int32_t first, int32_t *list, int64_t count) {
  for (; bits; bits &= bits - 1) list[count++] = first + __builtin_ctzll(bits);
  return count;
}

/* The same for a list with room for 64 more, which may write behind what it lists: no branch depends on what fires. */
INLINE int64_t list_batch(uint64_t bits, int32_t first, int32_t *list, int64_t count) {
#if VECTOR_BYTES == 64
  if (!bits) return count;
  lanes32 place = (lanes32){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + first;
  for (int part = 0; part < 4; part++, place += LANES, bits >>= LANES) {
    store32(list + count, (lanes32)_mm512_maskz_compress_epi32((__mmask16)bits, (__m512i)place));
    count += __builtin_popcount((uint32_t)(bits & 0xFFFF));
  }
  return count;
#else
  return list_bits(bits, first, list, count);
#endif
}

#endif
