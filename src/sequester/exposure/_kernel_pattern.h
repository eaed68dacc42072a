/* The seeds of the reasoning behind a hash table, and which of its bytes are public; oracle.py states the rules. */
#ifndef SEQUESTER_KERNEL_PATTERN_H
#define SEQUESTER_KERNEL_PATTERN_H

#include "_kernel_memory.h"
#include "_kernel_seeds.h"

#define MARK_TRIES 64
#define MARK_VISITS 256
#define CLOSING 8

/* The seeds of the reasoning behind a hash table. All positions are relative to `cot`. */
typedef struct {
    const uint8_t *cot; /* a separator before and after; SEQ_SLACK readable bytes around */
    size_t size;
    const uint32_t *at; /* seed positions, plus `origin` */
    const uint64_t *hash;
    uint32_t origin;
    size_t count;
    seq_block marks_block, next_block, slots_block, bits_block, visits_block;
    uint8_t *marks; /* 1 = public */
    uint32_t *next; /* next seed of the same hash, plus one */
    uint32_t *slots;
    uint64_t *bits;
    uint16_t *visits;
    unsigned slot_shift, bit_shift;
    uint64_t length, private_length;
    seq_block marked_block; /* per public text: bytes that it was the first to mark */
} seq_pattern;

static void release_pattern(seq_pattern *pattern)
{
    release(&pattern->marks_block);
    release(&pattern->next_block);
    release(&pattern->slots_block);
    release(&pattern->bits_block);
    release(&pattern->visits_block);
    release(&pattern->marked_block);
}

static inline bool maybe_in(const seq_pattern *pattern, uint64_t hash)
{
    uint64_t bit = hash >> pattern->bit_shift;
    return pattern->bits[bit / 64] >> (bit % 64) & 1;
}

/* The first seed (plus one) of that hash, or 0. */
static inline uint32_t first_seed(const seq_pattern *pattern, uint64_t hash)
{
    const size_t mask = ((size_t)1 << (64 - pattern->slot_shift)) - 1;
    for (size_t slot = (size_t)(hash >> pattern->slot_shift);; slot = (slot + 1) & mask) {
        uint32_t seed = pattern->slots[slot];
        if (seed == 0 || pattern->hash[seed - 1] == hash) {
            return seed;
        }
    }
}

static SEQ_INLINE void fill_table_plainly(seq_pattern *pattern)
{
    const uint64_t *hashes = pattern->hash;
    uint64_t *bits = pattern->bits;
    uint32_t *slots = pattern->slots, *next = pattern->next;
    const unsigned slot_shift = pattern->slot_shift, bit_shift = pattern->bit_shift;
    const size_t mask = ((size_t)1 << (64 - slot_shift)) - 1;
    for (size_t i = pattern->count; i-- > 0;) {
        const uint64_t hash = hashes[i], bit = hash >> bit_shift;
        size_t slot = (size_t)(hash >> slot_shift);
        while (slots[slot] != 0 && hashes[slots[slot] - 1] != hash) {
            slot = (slot + 1) & mask;
        }
        next[i] = slots[slot];
        slots[slot] = (uint32_t)i + 1;
        bits[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
}

/* Which of the seeds [from, to) may be in the pattern: their numbers go to `out`, which has room for all; returns how many. */
static SEQ_INLINE size_t filter_seeds_plainly(const seq_pattern *pattern, const uint64_t *hashes, size_t from, size_t to, uint32_t *out)
{
    const uint64_t *bits = pattern->bits;
    const unsigned shift = pattern->bit_shift;
    size_t count = 0;
    for (size_t i = from; i < to; i++) {
        const uint64_t bit = hashes[i] >> shift;
        out[count] = (uint32_t)i;
        count += bits[bit / 64] >> (bit % 64) & 1;
    }
    return count;
}

#if SEQ_X86
/* The same with shifts by variable amounts that cost one step instead of three. */
SEQ_AVX2 static void fill_table_avx2(seq_pattern *pattern)
{
    fill_table_plainly(pattern);
}

SEQ_AVX2 static size_t filter_seeds_avx2(const seq_pattern *pattern, const uint64_t *hashes, size_t from, size_t to, uint32_t *out)
{
    return filter_seeds_plainly(pattern, hashes, from, to, out);
}
#endif

static void fill_table(seq_pattern *pattern)
{
#if SEQ_X86
    if (tables.level != LEVEL_SCALAR) {
        fill_table_avx2(pattern);
        return;
    }
#endif
    fill_table_plainly(pattern);
}

static size_t filter_seeds(const seq_pattern *pattern, const uint64_t *hashes, size_t from, size_t to, uint32_t *out)
{
#if SEQ_X86
    if (tables.level != LEVEL_SCALAR) {
        return filter_seeds_avx2(pattern, hashes, from, to, out);
    }
#endif
    return filter_seeds_plainly(pattern, hashes, from, to, out);
}

/* The table of `count` seeds; false if memory is out. `cot`, `size`, `at`, `hash`, `origin`, `count` are set. */
static bool build_table(seq_pattern *pattern)
{
    unsigned slot_bits = 6, bit_bits = 16;
    while (((size_t)1 << slot_bits) < 4 * pattern->count) {
        slot_bits++;
    }
    while (bit_bits < 26 && ((size_t)1 << bit_bits) < 32 * pattern->count) {
        bit_bits++;
    }
    const size_t slots = (size_t)1 << slot_bits, bits = (size_t)1 << bit_bits;
    if (!ensure(&pattern->slots_block, slots * 4) || !ensure(&pattern->bits_block, bits / 8) ||
        !ensure(&pattern->next_block, pattern->count * 4 + 4) || !ensure(&pattern->visits_block, pattern->count * 2 + 2) ||
        !ensure(&pattern->marks_block, pattern->size + 2 * SEQ_SLACK)) {
        return false;
    }
    pattern->slots = pattern->slots_block.data;
    pattern->bits = pattern->bits_block.data;
    pattern->next = pattern->next_block.data;
    pattern->visits = pattern->visits_block.data;
    pattern->marks = pattern->marks_block.data;
    memset(pattern->slots, 0, slots * 4);
    memset(pattern->bits, 0, bits / 8);
    memset(pattern->visits, 0, pattern->count * 2);
    memset(pattern->marks, 0, pattern->size + SEQ_SLACK);
    pattern->slot_shift = 64 - slot_bits;
    pattern->bit_shift = 64 - bit_bits;
    fill_table(pattern);
    return true;
}

static inline size_t shared_before(const uint8_t *a, const uint8_t *b, size_t limit)
{
    size_t size = 0;
    while (size + 8 <= limit && load64(a - size - 8) == load64(b - size - 8)) {
        size += 8;
    }
    while (size < limit && a[-(ptrdiff_t)size - 1] == b[-(ptrdiff_t)size - 1]) {
        size++;
    }
    return size;
}

/* Ends at the latest where one text has its separator, because the other has a different one. */
static inline size_t shared_after(const uint8_t *a, const uint8_t *b)
{
    size_t size = 0;
    for (;; size += 8) {
        uint64_t different = load64(a + size) ^ load64(b + size);
        if (different != 0) {
#if defined(__GNUC__)
            return size + (size_t)__builtin_ctzll(different) / 8;
#else
            while ((different & 0xFF) == 0) {
                different >>= 8;
                size++;
            }
            return size;
#endif
        }
    }
}

/* Marks are 0 or 1, so eight of them add up in one multiplication. */
static inline size_t private_bytes(const seq_pattern *pattern, size_t start, size_t length)
{
    const uint8_t *marks = pattern->marks + start;
    size_t public_bytes = 0, i = 0;
    for (; i + 32 <= length; i += 32) {
        uint64_t sum = load64(marks + i) + load64(marks + i + 8) + load64(marks + i + 16) + load64(marks + i + 24);
        public_bytes += (size_t)(sum * UINT64_C(0x0101010101010101) >> 56);
    }
    for (; i < length; i++) {
        public_bytes += marks[i];
    }
    return length - public_bytes;
}

/* Marks what the reasoning from `base` on shares with the public text from `low` of `text` on, whose seeds are given; counts the bytes. */
static uint64_t mark_public(seq_pattern *pattern, size_t base, const uint8_t *text, size_t low, const seq_seeds *seeds, size_t from,
                            size_t to)
{
    uint64_t marked = 0;
    static const uint8_t all[SEED] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    for (size_t i = from; i < to; i++) {
        uint32_t seed = maybe_in(pattern, seeds->hash[i]) ? first_seed(pattern, seeds->hash[i]) : 0;
        if (seed == 0 || pattern->visits[seed - 1] >= MARK_VISITS) {
            continue;
        }
        pattern->visits[seed - 1]++;
        const size_t at = seeds->at[i];
        for (int tries = 0; seed != 0 && tries < MARK_TRIES; seed = pattern->next[seed - 1]) {
            const size_t cot = pattern->at[seed - 1] - pattern->origin;
            if (cot < base) {
                continue;
            }
            tries++;
            if (memcmp(pattern->marks + cot, all, SEED) == 0 || memcmp(pattern->cot + cot, text + at, SEED) != 0) {
                continue;
            }
            size_t limit = cot - base < at - low ? cot - base : at - low;
            size_t before = shared_before(pattern->cot + cot, text + at, limit);
            size_t after = shared_after(pattern->cot + cot, text + at);
            marked += private_bytes(pattern, cot - before, before + after);
            memset(pattern->marks + cot - before, 1, before + after);
        }
    }
    return marked;
}

/* Closes short private stretches between public ones, and counts. `separators` stand between segments. */
static void finish_marks(seq_pattern *pattern, size_t separators)
{
    const uint8_t *end = pattern->marks + pattern->size;
    uint8_t *at = pattern->size ? memchr(pattern->marks, 1, pattern->size) : NULL;
    while (at != NULL) {
        uint8_t *start = memchr(at, 0, (size_t)(end - at));
        at = start ? memchr(start, 1, (size_t)(end - start)) : NULL;
        if (at != NULL && at - start < CLOSING && memchr(pattern->cot + (start - pattern->marks), 0, (size_t)(at - start)) == NULL) {
            memset(start, 1, (size_t)(at - start));
        }
    }
    pattern->length = pattern->size - separators;
    pattern->private_length = private_bytes(pattern, 0, pattern->size) - separators;
}

#endif
