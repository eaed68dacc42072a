/* Minimiser seeds: which positions of a text are seeds, and their hashes. oracle.py states the rules and is the reference. */
#ifndef SEQUESTER_KERNEL_SEEDS_H
#define SEQUESTER_KERNEL_SEEDS_H

#include "_kernel_tables.h"

#define SEED 16
#define WINDOW 9
#define TILE 8192
#define TILE_MARGIN 192

typedef struct {
    uint32_t *at;
    uint64_t *hash;
    size_t count;
    size_t room;
} seq_seeds;

/* Working memory of one tile. Index i of `order` stands for the position WINDOW - 1 before the i-th of the tile. */
typedef struct {
    uint8_t order[TILE + TILE_MARGIN];
    uint8_t least[TILE + TILE_MARGIN];
    uint64_t chosen[TILE / 64 + 1];
} seq_tile;

static inline uint64_t seed_hash(const uint8_t *s)
{
    return load64(s) * UINT64_C(0x9E3779B97F4A7C15) + load64(s + 8) * UINT64_C(0xC2B2AE3D27D4EB4F);
}

/* Hashes the seeds from number `from` on. */
static void hash_seeds(seq_seeds *seeds, const uint8_t *text, size_t from)
{
    const uint32_t *at = seeds->at;
    uint64_t *hash = seeds->hash;
    for (const size_t count = seeds->count; from < count; from++) {
        hash[from] = seed_hash(text + at[from]);
    }
}

/* out[i] = order value of the eight bytes at s + i, for i < n rounded up to 64; reads up to 80 bytes more. */
static void orders_scalar(const uint8_t *s, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        const uint8_t *b = s + i, *one = tables.product[0], *two = tables.product[1];
        uint8_t a = (uint8_t)(one[b[0]] ^ b[1]), c = (uint8_t)(one[b[2]] ^ b[3]);
        uint8_t d = (uint8_t)(one[b[4]] ^ b[5]), e = (uint8_t)(one[b[6]] ^ b[7]);
        out[i] = (uint8_t)(tables.product[2][two[a] ^ c] ^ two[d] ^ e);
    }
}

/* chosen bit i: order[i + 8] is least in some window of nine. `order` holds n + 16 values, `least` has room for as many. Both windows
 * double in place (1, 2, 4, 8, then 9 values), which compilers turn into vector code. */
static void choose_scalar(const uint8_t *order, size_t n, uint8_t *least, uint64_t *chosen)
{
    static const size_t shifts[4] = {1, 2, 4, 1};
    size_t size = n + 2 * (WINDOW - 1);
    memcpy(least, order, size);
    for (int k = 0; k < 4; k++) {
        size -= shifts[k];
        for (size_t i = 0; i < size; i++) {
            const uint8_t other = least[i + shifts[k]];
            least[i] = other < least[i] ? other : least[i];
        }
    }
    for (int k = 0; k < 4; k++) {
        size -= shifts[k];
        for (size_t i = 0; i < size; i++) {
            const uint8_t other = least[i + shifts[k]];
            least[i] = other > least[i] ? other : least[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        chosen[i / 64] |= (uint64_t)(least[i] == order[i + WINDOW - 1]) << (i % 64);
    }
}

#if SEQ_X86

SEQ_AVX512 static void orders_avx512(const uint8_t *s, size_t n, uint8_t *out)
{
    const __m512i one = _mm512_set1_epi8(0x1D), two = _mm512_set1_epi8(0x53), four = _mm512_set1_epi8((char)0xB7);
    for (size_t i = 0; i < n; i += 64) {
#define LOAD(k) _mm512_loadu_si512(s + i + (k))
#define STEP(factor, a, b) _mm512_xor_si512(_mm512_gf2p8mul_epi8(a, factor), b)
        __m512i a = STEP(one, LOAD(0), LOAD(1)), b = STEP(one, LOAD(2), LOAD(3));
        __m512i c = STEP(one, LOAD(4), LOAD(5)), d = STEP(one, LOAD(6), LOAD(7));
        _mm512_storeu_si512(out + i, STEP(four, STEP(two, a, b), STEP(two, c, d)));
#undef LOAD
#undef STEP
    }
}

SEQ_AVX512 static void choose_avx512(const uint8_t *order, size_t n, uint8_t *least, uint64_t *chosen)
{
#define LOAD(from, k) _mm512_loadu_si512((from) + i + (k))
#define NINE(op, from)                                                                                                      \
    _mm512_##op##_epu8(                                                                                                     \
        _mm512_##op##_epu8(_mm512_##op##_epu8(_mm512_##op##_epu8(LOAD(from, 0), LOAD(from, 1)),                             \
                                              _mm512_##op##_epu8(LOAD(from, 2), LOAD(from, 3))),                            \
                           _mm512_##op##_epu8(_mm512_##op##_epu8(LOAD(from, 4), LOAD(from, 5)),                             \
                                              _mm512_##op##_epu8(LOAD(from, 6), LOAD(from, 7)))),                           \
        LOAD(from, 8))
    for (size_t i = 0; i < n + WINDOW - 1; i += 64) {
        _mm512_storeu_si512(least + i, NINE(min, order));
    }
    for (size_t i = 0; i < n; i += 64) {
        chosen[i / 64] = _mm512_cmpeq_epu8_mask(NINE(max, least), LOAD(order, WINDOW - 1));
    }
#undef NINE
#undef LOAD
}

SEQ_AVX512 static size_t positions_avx512(uint64_t chosen, uint32_t base, uint32_t *out)
{
    __m512i numbers = _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39,
                                      38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14,
                                      13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i packed = _mm512_maskz_compress_epi8(chosen, numbers), start = _mm512_set1_epi32((int)base);
    size_t count = (size_t)_mm_popcnt_u64(chosen);
    _mm512_storeu_si512(out, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed)), start));
    if (count > 16) {
        _mm512_storeu_si512(out + 16, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1)), start));
        _mm512_storeu_si512(out + 32, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2)), start));
        _mm512_storeu_si512(out + 48, _mm512_add_epi32(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3)), start));
    }
    return count;
}

SEQ_AVX2 static inline __m256i times_avx2(__m256i low_table, __m256i high_table, __m256i value)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(value, 4), nibble);
    return _mm256_xor_si256(_mm256_shuffle_epi8(low_table, _mm256_and_si256(value, nibble)), _mm256_shuffle_epi8(high_table, high));
}

SEQ_AVX2 static void orders_avx2(const uint8_t *s, size_t n, uint8_t *out)
{
    __m256i low[3], high[3];
    for (int k = 0; k < 3; k++) {
        uint8_t nibbles[16];
        for (int i = 0; i < 16; i++) {
            nibbles[i] = tables.product[k][i << 4];
        }
        low[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)tables.product[k]));
        high[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)nibbles));
    }
    for (size_t i = 0; i < n; i += 32) {
#define LOAD(k) _mm256_loadu_si256((const __m256i *)(s + i + (k)))
#define STEP(k, a, b) _mm256_xor_si256(times_avx2(low[k], high[k], a), b)
        __m256i a = STEP(0, LOAD(0), LOAD(1)), b = STEP(0, LOAD(2), LOAD(3));
        __m256i c = STEP(0, LOAD(4), LOAD(5)), d = STEP(0, LOAD(6), LOAD(7));
        _mm256_storeu_si256((__m256i *)(out + i), STEP(2, STEP(1, a, b), STEP(1, c, d)));
#undef LOAD
#undef STEP
    }
}

SEQ_AVX2 static void choose_avx2(const uint8_t *order, size_t n, uint8_t *least, uint64_t *chosen)
{
#define LOAD(from, k) _mm256_loadu_si256((const __m256i *)((from) + i + (k)))
#define NINE(op, from)                                                                                                      \
    _mm256_##op##_epu8(                                                                                                     \
        _mm256_##op##_epu8(_mm256_##op##_epu8(_mm256_##op##_epu8(LOAD(from, 0), LOAD(from, 1)),                             \
                                              _mm256_##op##_epu8(LOAD(from, 2), LOAD(from, 3))),                            \
                           _mm256_##op##_epu8(_mm256_##op##_epu8(LOAD(from, 4), LOAD(from, 5)),                             \
                                              _mm256_##op##_epu8(LOAD(from, 6), LOAD(from, 7)))),                           \
        LOAD(from, 8))
    for (size_t i = 0; i < n + WINDOW - 1; i += 32) {
        _mm256_storeu_si256((__m256i *)(least + i), NINE(min, order));
    }
    for (size_t i = 0; i < n; i += 32) {
        __m256i equal = _mm256_cmpeq_epi8(NINE(max, least), LOAD(order, WINDOW - 1));
        chosen[i / 64] |= (uint64_t)(uint32_t)_mm256_movemask_epi8(equal) << (i % 64);
    }
#undef NINE
#undef LOAD
}

#endif

static void orders_of(const uint8_t *s, size_t n, uint8_t *out)
{
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        orders_avx512(s, n, out);
        return;
    }
    if (tables.level == LEVEL_AVX2) {
        orders_avx2(s, n, out);
        return;
    }
#endif
    orders_scalar(s, n, out);
}

static void choose(const uint8_t *order, size_t n, uint8_t *least, uint64_t *chosen)
{
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        choose_avx512(order, n, least, chosen);
        return;
    }
    if (tables.level == LEVEL_AVX2) {
        choose_avx2(order, n, least, chosen);
        return;
    }
#endif
    choose_scalar(order, n, least, chosen);
}

static size_t positions_of(uint64_t chosen, uint32_t base, uint32_t *out)
{
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        return positions_avx512(chosen, base, out);
    }
#endif
    size_t count = 0;
    for (; chosen != 0; chosen &= chosen - 1) {
#if defined(__GNUC__)
        out[count++] = base + (uint32_t)__builtin_ctzll(chosen);
#else
        uint32_t bit = 0;
        while (!(chosen >> bit & 1)) {
            bit++;
        }
        out[count++] = base + bit;
#endif
    }
    return count;
}

/* A buffer of texts, a separator byte (below 2) before the first and after each. The seeds in it are found tile by tile. */
typedef struct {
    const uint8_t *text; /* SEQ_SLACK bytes before and after [at, size) are readable */
    size_t at;           /* next tile; at first the start of the first text, at least WINDOW */
    size_t size;
    const uint32_t *breaks; /* offsets of the separators, ascending, the first before `at`, the last one at the end */
    size_t break_count;
    size_t next_break;
} seq_seeding;

/* The next tile of seeds, as offsets into the buffer; false at the end. `out` must have room for TILE + 64 more. */
static bool next_seeds(seq_seeding *work, seq_tile *tile, seq_seeds *out)
{
    if (work->at >= work->size) {
        return false;
    }
    const size_t first = work->at, n = work->size - first < TILE ? work->size - first : TILE;
    const size_t begin = first - (WINDOW - 1), end = first + n + (WINDOW - 1);
    orders_of(work->text + begin, end - begin, tile->order);
    memset(tile->chosen, 0, sizeof tile->chosen);
    while (work->next_break < work->break_count && work->breaks[work->next_break] < begin) {
        work->next_break++;
    }
    for (size_t i = work->next_break; i < work->break_count && work->breaks[i] < end + (SEED - 1); i++) {
        size_t stop = work->breaks[i], low = stop < begin + (SEED - 1) ? begin : stop - (SEED - 1);
        size_t high = stop + 1 < end ? stop + 1 : end;
        memset(tile->order + (low - begin), 0xFF, high - low);
    }
    choose(tile->order, n, tile->least, tile->chosen);
    for (size_t i = work->next_break; i < work->break_count && work->breaks[i] < first + n + (SEED - 1); i++) {
        size_t stop = work->breaks[i], low = stop < first + (SEED - 1) ? first : stop - (SEED - 1);
        for (size_t at = low; at <= stop && at < first + n; at++) {
            tile->chosen[(at - first) / 64] &= ~(UINT64_C(1) << ((at - first) % 64));
        }
    }
    if (n % 64 != 0) {
        tile->chosen[n / 64] &= (UINT64_C(1) << (n % 64)) - 1;
    }
    for (size_t word = 0; word * 64 < n; word++) {
        out->count += positions_of(tile->chosen[word], (uint32_t)(first + word * 64), out->at + out->count);
    }
    work->at += n;
    return true;
}

#endif
