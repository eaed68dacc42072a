/* Instruction sets, and the tables that configure() fills. */
#ifndef SEQUESTER_KERNEL_TABLES_H
#define SEQUESTER_KERNEL_TABLES_H


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define SEQ_X86 1
#include <immintrin.h>
#define SEQ_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,bmi,bmi2,popcnt,lzcnt")))
#define SEQ_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))
#else
#define SEQ_X86 0
#endif

#if defined(__GNUC__)
#define SEQ_INLINE inline __attribute__((always_inline))
#else
#define SEQ_INLINE inline
#endif

/* Bytes that may be read before and written after a text in one of our own buffers. */
#define SEQ_SLACK 128

typedef struct {
    uint64_t key; /* up to eight letters, zero-padded */
    uint32_t code;
} seq_name;

#define SEQ_NAMES 1024

enum { LEVEL_SCALAR, LEVEL_AVX2, LEVEL_AVX512 };

/* Set once by configure(), read-only afterwards. */
static struct {
    int level;
    uint32_t factors[2]; /* of the hash of grams, odd */
    uint16_t bmp[0x10000];
    uint16_t astral[0x400 + 0x100 + 0x80];
    uint8_t expansions[4 * 0x800];
    seq_name entities[SEQ_NAMES];
    seq_name tags[SEQ_NAMES];
    _Alignas(64) uint8_t ascii[128]; /* folded byte, 0 = dropped */
    uint8_t classes[128];
    uint8_t flag_classes[256];
    uint8_t marks[128]; /* number of the mark, plus one */
    _Alignas(64) uint8_t ciphered[3][128]; /* per letter of a common word under a cipher: a bit for every so many of these words */
    _Alignas(64) uint8_t kinds[256];
    uint8_t beginnings[256]; /* of lines: digits are alike */
    uint8_t behind[256]; /* 255 for letters and what is not ASCII, else 0 */
    uint8_t base64[256];
    uint8_t units[256]; /* as the high byte of UTF-16 */
    uint8_t base85[3][256]; /* base85, Z85, ascii85; 255: none */
    uint8_t signs85[256]; /* in which of them it may be the first digit of a packing */
    uint8_t squeeze[256][8]; /* which of eight bytes to keep, by their bits, for shuffling them to the front */
    _Alignas(64) uint8_t bits[8][64];     /* 1 << k throughout: from memory, because compilers would rather broadcast it again and again */
} tables;

enum {
    CLASS_BACKSLASH = 1,
    CLASS_NRT = 2,
    CLASS_CODE = 4, /* u, U, x */
    CLASS_HEX = 8,
    CLASS_UPPER_HEX = 16,
    CLASS_PERCENT = 32,
    CLASS_EQUALS = 64,
    CLASS_MARKUP = 128 /* &, < and the escape character */
};

/* Of bytes that hint at an encoding; `tables.flag_classes`. */
enum {
    HINT_TOKEN = 1,
    HINT_NUMBER = 2,
    HINT_HEX = 4,
    HINT_GAP = 8,   /* what sets hex pairs apart */
    HINT_SIGN = 16,   /* backslash, percent */
    HINT_AFTER = 32,  /* 0-7, u, U, x: what makes such a sign count */
    HINT_SOLID = 64, /* no blank, no control character */
    HINT_FULL = 128  /* M: begins a full line of uuencode */
};

static inline uint64_t load64(const uint8_t *s)
{
    uint64_t value;
    memcpy(&value, s, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static SEQ_INLINE size_t trailing_zeros(uint64_t bits)
{
#if defined(__GNUC__)
    return bits ? (size_t)__builtin_ctzll(bits) : 64;
#else
    size_t count = 0;
    for (; count < 64 && !(bits >> count & 1); count++) {
    }
    return count;
#endif
}

static SEQ_INLINE size_t bit_count(uint64_t bits)
{
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    return (size_t)(((bits + (bits >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F)) * UINT64_C(0x0101010101010101) >> 56);
}

/* What structures a text; the second character of `0x`, `U+` or `u{` is one more mark. */
static const char all_marks[] = "\n\t|,;\"'<]@\\ ";

enum { MARK_LINE, MARK_TAB, MARK_BAR, MARK_COMMA, MARK_SEMICOLON, MARK_DOUBLE, MARK_SINGLE, MARK_TAG, MARK_BRACKET, MARK_HUNK, MARK_BACKSLASH,
       MARK_BLANK, MARK_NUMBER, MARKS };

/* Common words of three letters under a cipher, ten of each kind. */
#define CIPHERED 20
static const char ciphered_words[] = "gurnaqsbeabglbhjnfohgnerpnaunf" "ehtdnarofuoystinacllaynaenosah";

static inline int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

#if SEQ_X86

/* A block of 64 bytes. */
typedef struct {
    __m256i left, right;
} seq_halves;

/* What is left of a text, at most a block of it; zeros behind it. */
SEQ_AVX2 static inline seq_halves load_avx2(const uint8_t *s, size_t left)
{
    uint8_t tail[64] = {0};
    if (left < 64) {
        s = memcpy(tail, s, left);
    }
    return (seq_halves){_mm256_loadu_si256((const __m256i *)s), _mm256_loadu_si256((const __m256i *)(s + 32))};
}

/* table[byte] for ASCII, else 0: row by row of 16, since a shuffle gives 0 where the highest bit of an index is set. */
SEQ_AVX2 static inline seq_halves look_up_avx2(const uint8_t *table, seq_halves block)
{
    const __m256i not_mine = _mm256_set1_epi8(0x70);
    seq_halves found = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (int row = 0; row < 8; row++) {
        const __m256i values = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16 * row)));
        const __m256i number = _mm256_set1_epi8((char)(row << 4));
        const __m256i left = _mm256_adds_epu8(_mm256_xor_si256(block.left, number), not_mine);
        const __m256i right = _mm256_adds_epu8(_mm256_xor_si256(block.right, number), not_mine);
        found.left = _mm256_or_si256(found.left, _mm256_shuffle_epi8(values, left));
        found.right = _mm256_or_si256(found.right, _mm256_shuffle_epi8(values, right));
    }
    return found;
}

/* The highest bit of each byte. */
SEQ_AVX2 static inline uint64_t movemask_avx2(__m256i left, __m256i right)
{
    return (uint32_t)_mm256_movemask_epi8(left) | (uint64_t)(uint32_t)_mm256_movemask_epi8(right) << 32;
}

/* Whether `bit` (1 to 128) is set in each byte. */
SEQ_AVX2 static inline uint64_t bit_avx2(seq_halves block, uint64_t bit)
{
    const int up = 7 - (int)trailing_zeros(bit);
    return movemask_avx2(_mm256_slli_epi16(block.left, up), _mm256_slli_epi16(block.right, up));
}

#endif

/* Eight bytes' bits of one number, side by side. */
static inline uint64_t eight_bits(uint64_t bytes, int bit)
{
    return (bytes >> bit & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080) >> 56;
}

static void bits_scalar(const uint8_t *table, const uint8_t *s, size_t n, const uint8_t *numbers, size_t count, uint64_t *bits)
{
    uint64_t values[8] = {0};
    for (size_t i = 0; i < n; i++) {
        values[i / 8] |= (uint64_t)table[s[i]] << (8 * (i % 8));
    }
    for (size_t k = 0; k < count; k++) {
        bits[k] = 0;
        for (int i = 0; i < 8; i++) {
            bits[k] |= eight_bits(values[i], numbers[k]) << (8 * i);
        }
    }
}

#if SEQ_X86

SEQ_AVX512 static void bits_avx512(const uint8_t *table, const uint8_t *s, size_t n, const uint8_t *numbers, size_t count, uint64_t *bits)
{
    const uint64_t within = n < 64 ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0);
    const __m512i block = _mm512_maskz_loadu_epi8(within, s);
    const __m512i ascii = _mm512_permutex2var_epi8(_mm512_loadu_si512(table), block, _mm512_loadu_si512(table + 64));
    const __m512i high = _mm512_permutex2var_epi8(_mm512_loadu_si512(table + 128), block, _mm512_loadu_si512(table + 192));
    const __m512i values = _mm512_mask_mov_epi8(ascii, _mm512_movepi8_mask(block), high);
    for (size_t k = 0; k < count; k++) {
        bits[k] = _mm512_mask_test_epi8_mask(within, values, _mm512_loadu_si512(tables.bits[numbers[k]]));
    }
}

SEQ_AVX2 static void bits_avx2(const uint8_t *table, const uint8_t *s, size_t n, const uint8_t *numbers, size_t count, uint64_t *bits)
{
    const uint64_t within = n < 64 ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0);
    const __m256i top = _mm256_set1_epi8((char)0x80);
    seq_halves block = load_avx2(s, n);
    const seq_halves ascii = look_up_avx2(table, block);
    block = (seq_halves){_mm256_xor_si256(block.left, top), _mm256_xor_si256(block.right, top)};
    const seq_halves high = look_up_avx2(table + 128, block);
    const seq_halves values = {_mm256_or_si256(ascii.left, high.left), _mm256_or_si256(ascii.right, high.right)};
    for (size_t k = 0; k < count; k++) {
        bits[k] = bit_avx2(values, UINT64_C(1) << numbers[k]) & within;
    }
}

#endif

#if SEQ_X86

SEQ_AVX2 static size_t bits_in_avx2(const uint64_t *words, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += (size_t)_mm_popcnt_u64(words[i]);
    }
    return total;
}

#endif

/* How many bits are set in some words. */
static inline size_t bits_in(const uint64_t *words, size_t count)
{
    size_t total = 0;
#if SEQ_X86
    if (tables.level != LEVEL_SCALAR) {
        return bits_in_avx2(words, count);
    }
#endif
    for (size_t i = 0; i < count; i++) {
        total += bit_count(words[i]);
    }
    return total;
}

/* For each of `count` numbers a word: bit i of it is that bit of table[s[i]], for i < n <= 64. The table has 256 entries. */
static inline void bits_of(const uint8_t *table, const uint8_t *s, size_t n, const uint8_t *numbers, size_t count, uint64_t *bits)
{
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        bits_avx512(table, s, n, numbers, count, bits);
        return;
    }
    if (tables.level == LEVEL_AVX2) {
        bits_avx2(table, s, n, numbers, count, bits);
        return;
    }
#endif
    bits_scalar(table, s, n, numbers, count, bits);
}

#endif
