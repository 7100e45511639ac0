/* What all kernels share: spans, checks, and the few operations that C leaves to compilers. */
#ifndef ND_KERNELS_H
#define ND_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* A function that Python calls. Each is compiled once for every level of the processor, which ends its name. */
#ifndef ND_LEVEL
#define ND_LEVEL generic
#endif
#define ND_JOIN2(name, level) name##_##level
#define ND_JOIN(name, level) ND_JOIN2(name, level)
#if defined(_WIN32)
#define EXPORT(type, name) __declspec(dllexport) type ND_JOIN(name, ND_LEVEL)
#else
#define EXPORT(type, name) __attribute__((visibility("default"))) type ND_JOIN(name, ND_LEVEL)
#endif

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))
#define RESTRICT __restrict__
#define PREFETCH(place) __builtin_prefetch((const void *)(place), 0, 3)

/* An array that Python lends: a pointer and a number of elements. */
typedef struct { uint8_t *at; int64_t n; } span_u8;
typedef struct { int8_t *at; int64_t n; } span_i8;
typedef struct { int16_t *at; int64_t n; } span_i16;
typedef struct { uint16_t *at; int64_t n; } span_u16;
typedef struct { int32_t *at; int64_t n; } span_i32;
typedef struct { uint32_t *at; int64_t n; } span_u32;
typedef struct { int64_t *at; int64_t n; } span_i64;
typedef struct { uint64_t *at; int64_t n; } span_u64;
typedef struct { float *at; int64_t n; } span_f32;
typedef struct { double *at; int64_t n; } span_f64;
/* Elements of 16, 32 or 64 bits, whichever the layout has. */
typedef struct { union { int16_t *half; int32_t *narrow; int64_t *wide; void *at; }; int64_t n; } span_word;

/* With ND_CHECKED every view and every index is held against the array that it enters. */
#ifdef ND_CHECKED
#include <stdio.h>
#include <stdlib.h>
static inline int64_t nd_checked(int64_t from, int64_t size, int64_t n, const char *file, int line) {
  if (from < 0 || size < 0 || from + size > n) {
    fprintf(stderr, "%s:%d: [%lld, %lld) leaves an array of %lld\n", file, line, (long long)from,
            (long long)(from + size), (long long)n);
    abort();
  }
  return from;
}
#define CHECKED(from, size, n) nd_checked((int64_t)(from), (int64_t)(size), (int64_t)(n), __FILE__, __LINE__)
#else
#define CHECKED(from, size, n) (from)
#endif
/* Pointer to elements [from, from + size) of a span. */
#define VIEW(span, from, size) ((span).at + CHECKED(from, size, (span).n))
/* Element of a span. */
#define AT(span, index) ((span).at[CHECKED(index, 1, (span).n)])

#include "integers.h"

#endif
