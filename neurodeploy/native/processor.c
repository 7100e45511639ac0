/* What the library says about itself and about the processor. Compiled for the least processor of its architecture. */
#include "kernels.h"

#ifndef ND_STAMP
#define ND_STAMP "unknown"
#endif

#if defined(_WIN32)
#define VISIBLE __declspec(dllexport)
#else
#define VISIBLE __attribute__((visibility("default")))
#endif

#if defined(ND_ENTRY)
/* Windows calls it as it loads a library that has no C runtime. */
int __stdcall DllMainCRTStartup(void *library, unsigned long reason, void *reserved);
int __stdcall DllMainCRTStartup(void *library, unsigned long reason, void *reserved) {
  (void)library, (void)reason, (void)reserved;
  return 1;
}

/* What compilers call unasked. One instruction each: zig's own take 30 kB in every library. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
  void *at = to;
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
  return to;
}

void *memset(void *to, int value, size_t bytes);
void *memset(void *to, int value, size_t bytes) {
  void *at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory");
  return to;
}

/* Touches the pages of a large stack frame in order, as Windows demands; rax holds the bytes, and no register changes. */
__asm__(".globl ___chkstk_ms\n"
        "___chkstk_ms:\n"
        "  pushq %rcx\n"
        "  pushq %rax\n"
        "  leaq 24(%rsp), %rcx\n"
        "1:\n"
        "  cmpq $0x1000, %rax\n"
        "  jb 2f\n"
        "  subq $0x1000, %rcx\n"
        "  orq $0, (%rcx)\n"
        "  subq $0x1000, %rax\n"
        "  jmp 1b\n"
        "2:\n"
        "  subq %rax, %rcx\n"
        "  orq $0, (%rcx)\n"
        "  popq %rax\n"
        "  popq %rcx\n"
        "  ret\n");
#endif

/* Digest of the sources from which the library was built. */
VISIBLE const char *nd_stamp(void) { return ND_STAMP; }

#if defined(__x86_64__)

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4]) {
  __asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(sub));
}

static int has(uint32_t bits, uint32_t wanted) { return (bits & wanted) == wanted; }

/* State of registers that the operating system saves: bit 1 SSE, 2 AVX, 5 to 7 AVX-512. */
static uint32_t saved_registers(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

/* The highest level of the x86-64 psABI that the processor has: 1 to 4. */
VISIBLE int64_t nd_processor_level(void) {
  enum { SSE3 = 1, SSSE3 = 1 << 9, FMA = 1 << 12, CX16 = 1 << 13, SSE41 = 1 << 19, SSE42 = 1 << 20, MOVBE = 1 << 22,
         POPCNT = 1 << 23, OSXSAVE = 1 << 27, AVX = 1 << 28, F16C = 1 << 29 };
  enum { BMI1 = 1 << 3, AVX2 = 1 << 5, BMI2 = 1 << 8, AVX512F = 1 << 16, AVX512DQ = 1 << 17, AVX512CD = 1 << 28,
         AVX512BW = 1 << 30 };
  const uint32_t avx512vl = 1u << 31, lzcnt = 1 << 5;
  uint32_t top[4], one[4], seven[4] = {0, 0, 0, 0}, extended[4];
  cpuid(0, 0, top);
  cpuid(1, 0, one);
  if (top[0] >= 7) cpuid(7, 0, seven);
  cpuid(0x80000001u, 0, extended);
  if (!has(one[2], SSE3 | SSSE3 | CX16 | SSE41 | SSE42 | POPCNT)) return 1;
  const uint32_t third = FMA | MOVBE | OSXSAVE | AVX | F16C;
  if (!has(one[2], third) || !has(seven[1], BMI1 | AVX2 | BMI2) || !has(extended[2], lzcnt)) return 2;
  const uint32_t saved = saved_registers();
  if (!has(saved, 0x6)) return 2;
  if (!has(seven[1], AVX512F | AVX512DQ | AVX512CD | AVX512BW | avx512vl) || !has(saved, 0xe6)) return 3;
  return 4;
}

#else

VISIBLE int64_t nd_processor_level(void) { return 0; }

#endif
