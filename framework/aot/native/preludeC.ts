/**
 * The C text before the kernels of a program: vector types of `lanes` elements, the memory types loads and stores go
 * through, and one inline function for each operation of the kernel IR that C does not have with the same meaning.
 * Each has a form for x86 and one, lane by lane, that every GCC and Clang takes; AArch64 has its own where it matters.
 */

/** @param lanes elements of a vector; any power of two compiles on any machine, the machine's own compiles well */
export function preludeC(lanes: number): string {
  const each = (of: (lane: number) => string) =>
    Array.from({ length: lanes }, (_, lane) => of(lane)).join(",");
  return [
    `#define LANES ${lanes}\n#define COPIES(x) {${each(() => "x")}}\n#define IOTA {${each(String)}}`,
    types,
    machine,
    scalars,
    vectors,
    masks,
    partial,
    across,
  ].join("\n");
}

const types = `
#include <stdint.h>
#define INLINE static inline __attribute__((always_inline, unused))
typedef int32_t i32; typedef uint32_t u32; typedef int64_t i64; typedef uint64_t u64; typedef float f32; typedef double f64;
typedef f32 f32v __attribute__((vector_size(4 * LANES)));
typedef i32 i32v __attribute__((vector_size(4 * LANES)));
typedef u32 u32v __attribute__((vector_size(4 * LANES)));
#define MEMORY(name, type) typedef type m_##name __attribute__((may_alias, aligned(1)));
MEMORY(i32, i32) MEMORY(i64, i64) MEMORY(f32, f32) MEMORY(f64, f64) MEMORY(f32v, f32v) MEMORY(i32v, i32v)
MEMORY(u8, uint8_t) MEMORY(i8, int8_t) MEMORY(u16, uint16_t) MEMORY(i16, int16_t)`;

/** X(op) is the intrinsic of the width of LANES, where the machine has that width. */
const machine = `
#if defined(__x86_64__)
#include <immintrin.h>
#if LANES == 16 && defined(__AVX512F__) && defined(__AVX512DQ__)
#define X(op) _mm512_##op
#define X_ROUND(x, how) _mm512_roundscale_ps(x, how | 8)
#define X_INT(v) ((__m512i)(v))
#elif LANES == 8 && defined(__AVX2__) && defined(__FMA__)
#define X(op) _mm256_##op
#define X_ROUND(x, how) _mm256_round_ps(x, how | 8)
#define X_INT(v) ((__m256i)(v))
#elif LANES == 4 && defined(__SSE4_1__)
#define X(op) _mm_##op
#define X_ROUND(x, how) _mm_round_ps(x, how | 8)
#define X_INT(v) ((__m128i)(v))
#endif
#elif defined(__aarch64__) && LANES == 4
#include <arm_neon.h>
#define NEON(op) op
#endif`;

/** INT_MIN / −1 wraps and x / 0 is 0 as on AArch64: on x86 either would end the process. */
const scalars = `
#define SCALAR(type, bits_type, suffix) \\
  INLINE type abs_##type(type x) { return __builtin_fabs##suffix(x); } \\
  INLINE type fma_##type(type a, type b, type c) { return __builtin_fma##suffix(a, b, c); } \\
  INLINE type sqrt_##type(type x) { return __builtin_sqrt##suffix(x); } \\
  INLINE type ceil_##type(type x) { return __builtin_ceil##suffix(x); } \\
  INLINE type floor_##type(type x) { return __builtin_floor##suffix(x); } \\
  INLINE type trunc_##type(type x) { return __builtin_trunc##suffix(x); } \\
  INLINE type nearest_##type(type x) { return __builtin_rint##suffix(x); } \\
  INLINE type bits_##type(bits_type x) { type r; __builtin_memcpy(&r, &x, sizeof r); return r; } \\
  INLINE bits_type bits_##bits_type(type x) { bits_type r; __builtin_memcpy(&r, &x, sizeof r); return r; } \\
  INLINE i32 i32_of_##type(type x) \\
  { return x >= (type)0x1p31 ? INT32_MAX : x > (type)-2147483649.0 ? (i32)x : x != x ? 0 : INT32_MIN; } \\
  INLINE i64 i64_of_##type(type x) \\
  { return x >= (type)0x1p63 ? INT64_MAX : x >= (type)-0x1p63 ? (i64)x : x != x ? 0 : INT64_MIN; }
SCALAR(f32, i32, f) SCALAR(f64, i64, )
#define LEAST(type) \\
  INLINE type min_##type(type a, type b) { return b < a ? b : a; } \\
  INLINE type max_##type(type a, type b) { return a < b ? b : a; }
LEAST(f32) LEAST(f64) LEAST(i32) LEAST(i64)
#define INTEGER(type, utype, width) \\
  INLINE type div_##type(type a, type b) { return b == 0 ? 0 : b == -1 ? (type)(0 - (utype)a) : a / b; } \\
  INLINE type rem_##type(type a, type b) { return b == 0 || b == -1 ? 0 : a % b; } \\
  INLINE type shl_##type(type a, type b) { return (type)((utype)a << (b & (width - 1))); } \\
  INLINE type shrS_##type(type a, type b) { return a >> (b & (width - 1)); } \\
  INLINE type shrU_##type(type a, type b) { return (type)((utype)a >> (b & (width - 1))); }
INTEGER(i32, u32, 32) INTEGER(i64, u64, 64)`;

/**
 * minps and its like give their second operand unless the comparison holds: the operands change places. What cvttps
 * makes of large numbers is not used: gcc 12 computes INT_MAX for a constant where the processor gives INT_MIN.
 */
const vectors = `
#define EACH(type, value) type r; for (int l = 0; l < LANES; l++) r[l] = (value); return r;
INLINE f32v splat_f32(f32 x) { return (f32v)COPIES(x); }
INLINE i32v splat_i32(i32 x) { return (i32v)COPIES(x); }
INLINE f32 lane_f32v(f32v v, int lane) { return v[lane]; }
INLINE i32 lane_i32v(i32v v, int lane) { return v[lane]; }
INLINE f32v abs_f32v(f32v x) { return (f32v)((i32v)x & 0x7fffffff); }
INLINE f32v neg_f32v(f32v x) { return (f32v)((i32v)x ^ INT32_MIN); }
INLINE i32v shl_i32v(i32v a, i32 n) { return (i32v)((u32v)a << (u32)(n & 31)); }
INLINE i32v shrS_i32v(i32v a, i32 n) { return a >> (n & 31); }
INLINE i32v shrU_i32v(i32v a, i32 n) { return (i32v)((u32v)a >> (u32)(n & 31)); }
INLINE f32v f32v_of_i32v(i32v x) { return __builtin_convertvector(x, f32v); }
#if defined(X)
INLINE f32v min_f32v(f32v a, f32v b) { return X(min_ps)(b, a); }
INLINE f32v max_f32v(f32v a, f32v b) { return X(max_ps)(b, a); }
INLINE i32v min_i32v(i32v a, i32v b) { return (i32v)X(min_epi32)(X_INT(a), X_INT(b)); }
INLINE i32v max_i32v(i32v a, i32v b) { return (i32v)X(max_epi32)(X_INT(a), X_INT(b)); }
INLINE f32v sqrt_f32v(f32v x) { return X(sqrt_ps)(x); }
INLINE f32v nearest_f32v(f32v x) { return X_ROUND(x, 0); }
INLINE f32v floor_f32v(f32v x) { return X_ROUND(x, 1); }
INLINE f32v ceil_f32v(f32v x) { return X_ROUND(x, 2); }
INLINE f32v trunc_f32v(f32v x) { return X_ROUND(x, 3); }
INLINE i32v i32v_of_f32v(f32v x) {
  i32v number = (i32v)(x == x), large = (i32v)(x >= 0x1p31f);
  return (((i32v)X(cvttps_epi32)(x) & ~large) | (large & INT32_MAX)) & number;
}
#else
#if defined(NEON)
INLINE f32v min_f32v(f32v a, f32v b) { return vbslq_f32(vcltq_f32(b, a), b, a); }
INLINE f32v max_f32v(f32v a, f32v b) { return vbslq_f32(vcltq_f32(a, b), b, a); }
INLINE i32v min_i32v(i32v a, i32v b) { return vminq_s32(a, b); }
INLINE i32v max_i32v(i32v a, i32v b) { return vmaxq_s32(a, b); }
INLINE f32v sqrt_f32v(f32v x) { return vsqrtq_f32(x); }
INLINE f32v nearest_f32v(f32v x) { return vrndnq_f32(x); }
INLINE f32v floor_f32v(f32v x) { return vrndmq_f32(x); }
INLINE f32v ceil_f32v(f32v x) { return vrndpq_f32(x); }
INLINE f32v trunc_f32v(f32v x) { return vrndq_f32(x); }
INLINE i32v i32v_of_f32v(f32v x) { return vcvtq_s32_f32(x); }
#else
INLINE f32v min_f32v(f32v a, f32v b) { EACH(f32v, min_f32(a[l], b[l])) }
INLINE f32v max_f32v(f32v a, f32v b) { EACH(f32v, max_f32(a[l], b[l])) }
INLINE i32v min_i32v(i32v a, i32v b) { EACH(i32v, min_i32(a[l], b[l])) }
INLINE i32v max_i32v(i32v a, i32v b) { EACH(i32v, max_i32(a[l], b[l])) }
INLINE f32v sqrt_f32v(f32v x) { EACH(f32v, sqrt_f32(x[l])) }
INLINE f32v nearest_f32v(f32v x) { EACH(f32v, nearest_f32(x[l])) }
INLINE f32v floor_f32v(f32v x) { EACH(f32v, floor_f32(x[l])) }
INLINE f32v ceil_f32v(f32v x) { EACH(f32v, ceil_f32(x[l])) }
INLINE f32v trunc_f32v(f32v x) { EACH(f32v, trunc_f32(x[l])) }
INLINE i32v i32v_of_f32v(f32v x) { EACH(i32v, i32_of_f32(x[l])) }
#endif
#endif
#if defined(X) && defined(__FMA__)
INLINE f32v fma_f32v(f32v a, f32v b, f32v c) { return X(fmadd_ps)(a, b, c); }
#elif defined(NEON)
INLINE f32v fma_f32v(f32v a, f32v b, f32v c) { return vfmaq_f32(c, a, b); }
#else
INLINE f32v fma_f32v(f32v a, f32v b, f32v c) { EACH(f32v, fma_f32(a[l], b[l], c[l])) }
#endif`;

/** What selects: the mask registers of AVX-512, elsewhere an integer vector; m_lt_f32v and its like make one. */
const masks = `
#if defined(X) && LANES == 16
typedef __mmask16 mask;
INLINE mask mask_of(i32v x) { return _mm512_movepi32_mask(X_INT(x)); }
INLINE f32v select_f32v(mask m, f32v t, f32v e) { return _mm512_mask_blend_ps(m, e, t); }
INLINE i32v select_i32v(mask m, i32v t, i32v e) { return (i32v)_mm512_mask_blend_epi32(m, X_INT(e), X_INT(t)); }
#define COMPARE(name, op, float_how, int_how) \\
  INLINE mask m_##name##_f32v(f32v a, f32v b) { return _mm512_cmp_ps_mask(a, b, float_how); } \\
  INLINE mask m_##name##_i32v(i32v a, i32v b) { return _mm512_cmp_epi32_mask(X_INT(a), X_INT(b), int_how); }
#else
typedef i32v mask;
INLINE mask mask_of(i32v x) { return x; }
#if defined(X)
INLINE f32v select_f32v(mask m, f32v t, f32v e) { return X(blendv_ps)(e, t, (f32v)m); }
INLINE i32v select_i32v(mask m, i32v t, i32v e) { return (i32v)X(blendv_ps)((f32v)e, (f32v)t, (f32v)m); }
#else
INLINE i32v select_i32v(mask m, i32v t, i32v e) { return (m & t) | (~m & e); }
INLINE f32v select_f32v(mask m, f32v t, f32v e) { return (f32v)select_i32v(m, (i32v)t, (i32v)e); }
#endif
#define COMPARE(name, op, float_how, int_how) \\
  INLINE mask m_##name##_f32v(f32v a, f32v b) { return (i32v)(a op b); } \\
  INLINE mask m_##name##_i32v(i32v a, i32v b) { return (i32v)(a op b); }
#endif
COMPARE(eq, ==, 0, 0) COMPARE(ne, !=, 4, 4) COMPARE(lt, <, 17, 1) COMPARE(le, <=, 18, 2)
COMPARE(gt, >, 30, 6) COMPARE(ge, >=, 29, 5)`;

/** The first n lanes (n is known when this is compiled); memory behind them is not touched. */
const partial = `
#if defined(X) && LANES == 16
INLINE f32v part_f32v(const char *p, int n) { return _mm512_maskz_loadu_ps((1u << n) - 1, p); }
INLINE i32v part_i32v(const char *p, int n) { return (i32v)_mm512_maskz_loadu_epi32((1u << n) - 1, p); }
INLINE void put_f32v(char *p, f32v v, int n) { _mm512_mask_storeu_ps(p, (1u << n) - 1, v); }
INLINE void put_i32v(char *p, i32v v, int n) { _mm512_mask_storeu_epi32(p, (1u << n) - 1, X_INT(v)); }
#elif defined(X) && defined(__AVX2__)
#define FIRST(n) X_INT((i32v)IOTA < (n))
INLINE f32v part_f32v(const char *p, int n) { return X(maskload_ps)((const f32 *)p, FIRST(n)); }
INLINE i32v part_i32v(const char *p, int n) { return (i32v)X(maskload_epi32)((const int *)p, FIRST(n)); }
INLINE void put_f32v(char *p, f32v v, int n) { X(maskstore_ps)((f32 *)p, FIRST(n), v); }
INLINE void put_i32v(char *p, i32v v, int n) { X(maskstore_epi32)((int *)p, FIRST(n), X_INT(v)); }
#else
INLINE f32v part_f32v(const char *p, int n) { f32v r = {0}; __builtin_memcpy(&r, p, 4 * n); return r; }
INLINE i32v part_i32v(const char *p, int n) { i32v r = {0}; __builtin_memcpy(&r, p, 4 * n); return r; }
INLINE void put_f32v(char *p, f32v v, int n) { __builtin_memcpy(p, &v, 4 * n); }
INLINE void put_i32v(char *p, i32v v, int n) { __builtin_memcpy(p, &v, 4 * n); }
#endif`;

/** All lanes in one, halves on halves; first_f32v: the first n lanes, the others from another vector. */
const across = `
INLINE f32v first_f32v(f32v v, int n, f32v rest) {
#if defined(X) && LANES == 16
  return _mm512_mask_blend_ps((1u << n) - 1, rest, v);
#else
  i32v kept = (i32v)IOTA < n;
  return (f32v)(((i32v)v & kept) | ((i32v)rest & ~kept));
#endif
}
#if defined(X)
#define ADD(width, a, b) width##_add_ps(a, b)
#define MIN(width, a, b) width##_min_ps(b, a)
#define MAX(width, a, b) width##_max_ps(b, a)
#if LANES == 16
#define UPPER_OF_16(op) \\
  __m256 half = op(_mm256, _mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
#elif LANES == 8
#define UPPER_OF_16(op) __m256 half = v;
#endif
#if LANES == 4
#define UPPER_OF_8(op) __m128 four = v;
#else
#define UPPER_OF_8(op) UPPER_OF_16(op) \\
  __m128 four = op(_mm, _mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
#endif
#define ACROSS(name, op) INLINE f32 across_##name(f32v v) { UPPER_OF_8(op) \\
  four = op(_mm, four, _mm_movehl_ps(four, four)); \\
  return _mm_cvtss_f32(op(_mm, four, _mm_movehdup_ps(four))); }
#else
#define ADD(a, b) ((a) + (b))
#define MIN(a, b) min_f32(a, b)
#define MAX(a, b) max_f32(a, b)
#define ACROSS(name, op) INLINE f32 across_##name(f32v v) { \\
  for (int half = LANES / 2; half > 0; half /= 2) for (int l = 0; l < half; l++) v[l] = op(v[l], v[l + half]); \\
  return v[0]; }
#endif
ACROSS(add, ADD) ACROSS(min, MIN) ACROSS(max, MAX)`;
