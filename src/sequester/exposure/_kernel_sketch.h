/* The sketch of windows that other inputs hold; sketch.py states the rules, and oracle.py which windows are noted. */
#ifndef SEQUESTER_KERNEL_SKETCH_H
#define SEQUESTER_KERNEL_SKETCH_H

#include "_kernel_chains.h"

#define SHARED_WINDOW 32
#define NOTE_STRIDE 8
#define SKETCH_LINE 16
#define EXPOSED_RUN 64
#define SKETCH_BLOCK_BITS 16
#define RUN_PARTS 4
#define PART_WINDOWS (14 * NOTE_STRIDE)
#define RUN_WINDOWS ((RUN_PARTS + 1) * PART_WINDOWS)

/* A ring of blocks of 1 << bits slots; the place of block 0 holds the number of blocks begun. */
typedef struct {
    uint32_t *slots;
    unsigned bits;
    uint32_t blocks;
    uint32_t block;  /* that is being filled, 0 for none yet */
    uint32_t filled; /* windows in it */
} seq_sketch;

/* A sketch of 1 << bits slots that goes on filling block place[0], which place[1] windows are in. */
static seq_sketch sketch_of(uint32_t *slots, unsigned bits, const uint32_t *place)
{
    const unsigned block_bits = bits < SKETCH_BLOCK_BITS + 2 ? bits - 2 : SKETCH_BLOCK_BITS;
    const uint32_t blocks = (uint32_t)(((size_t)1 << (bits - block_bits)) - 1);
    return (seq_sketch){slots, block_bits, blocks, place[0] <= blocks ? place[0] : 0, place[1]};
}

static uint32_t *begin_block(seq_sketch *sketch)
{
    const uint32_t begun = sketch->slots[0]++;
    sketch->block = 1 + begun % sketch->blocks;
    return memset(sketch->slots + ((size_t)sketch->block << sketch->bits), 0, sizeof(uint32_t) << sketch->bits);
}

/* Half of a window's hash: of two words. */
static inline uint64_t half_hash(const uint8_t *s)
{
    return load64(s) * UINT64_C(0x9E3779B97F4A7C15) + load64(s + 8) * UINT64_C(0xC2B2AE3D27D4EB4F);
}

static SEQ_INLINE uint64_t window_hash(const uint8_t *s)
{
    const uint64_t tail = half_hash(s + SHARED_WINDOW / 2);
    return half_hash(s) ^ (tail << 31 | tail >> 33);
}

/* A window's tag goes where it stands already, else into the first empty slot, else over one that the hash picks. */
static inline uint32_t place_tag(uint32_t *line, uint64_t window, size_t used)
{
    line[used < SKETCH_LINE ? used : (window >> 32) % SKETCH_LINE] = (uint32_t)window | 1;
    return 1;
}

/* Notes a window in its line; 0 if it stands there already. Lines fill from the left: the number in use is the first empty place. */
typedef uint32_t (*seq_noting)(uint32_t *line, uint64_t window);

static inline uint32_t note_scalar(uint32_t *line, uint64_t window)
{
    const uint32_t tag = (uint32_t)window | 1;
    uint32_t same = 0, used = 0;
    for (int i = 0; i < SKETCH_LINE; i++) {
        same |= line[i] == tag;
        used += line[i] != 0;
    }
    return same ? 0 : place_tag(line, window, used);
}

#if SEQ_X86

SEQ_AVX512 static inline uint32_t note_avx512(uint32_t *line, uint64_t window)
{
    const __m512i slots = _mm512_loadu_si512(line), tag = _mm512_set1_epi32((int)((uint32_t)window | 1));
    if (_mm512_cmpeq_epi32_mask(slots, tag) != 0) {
        return 0;
    }
    /* The store's address does not wait for the line: only its mask does. */
    const uint32_t empty = _mm512_testn_epi32_mask(slots, slots);
    const uint32_t place = empty ? empty & (0 - empty) : UINT32_C(1) << ((window >> 32) % SKETCH_LINE);
    _mm512_mask_storeu_epi32(line, (__mmask16)place, tag);
    return 1;
}

SEQ_AVX2 static inline uint32_t note_avx2(uint32_t *line, uint64_t window)
{
    const __m256i tag = _mm256_set1_epi32((int)((uint32_t)window | 1)), zero = _mm256_setzero_si256();
    const __m256i left = _mm256_loadu_si256((const __m256i *)line), right = _mm256_loadu_si256((const __m256i *)(line + 8));
    const __m256i same = _mm256_or_si256(_mm256_cmpeq_epi32(left, tag), _mm256_cmpeq_epi32(right, tag));
    if (_mm256_movemask_epi8(same) != 0) {
        return 0;
    }
    const __m256i empty = _mm256_packs_epi32(_mm256_cmpeq_epi32(left, zero), _mm256_cmpeq_epi32(right, zero));
    return place_tag(line, window, SKETCH_LINE - (size_t)_mm_popcnt_u32((unsigned)_mm256_movemask_epi8(empty)) / 2);
}

#endif

/* Notes the windows between two private runs. `note` is inlined. */
static SEQ_INLINE void note_gap(seq_sketch *sketch, const uint8_t *s, size_t size, seq_noting note)
{
    const uint32_t full = UINT32_C(1) << (sketch->bits - 1); /* more would crowd the lines */
    const unsigned shift = 64 - sketch->bits;
    uint32_t *block = sketch->slots + ((size_t)sketch->block << sketch->bits), filled = sketch->block ? sketch->filled : full;
    uint64_t first = half_hash(s), second = half_hash(s + NOTE_STRIDE);
    for (size_t at = 0; at + SHARED_WINDOW <= size; at += NOTE_STRIDE) {
        if (filled >= full) {
            block = begin_block(sketch);
            filled = 0;
        }
        const uint64_t third = half_hash(s + at + 2 * NOTE_STRIDE), window = first ^ (third << 31 | third >> 33);
        filled += note(block + ((size_t)(window >> shift) & ~(size_t)(SKETCH_LINE - 1)), window);
        first = second;
        second = third;
    }
    sketch->filled = sketch->block ? filled : 0;
}

/* Notes the windows of a call that touch no private run of its chains: those in the gap before each such run and after the last. */
static SEQ_INLINE void note_windows(seq_sketch *sketch, const seq_call *call, const seq_run *runs, size_t run_count, seq_noting note)
{
    size_t from = call->start;
    for (size_t run = 0; run <= run_count; run++) {
        if (run < run_count && runs[run].private_length == 0) {
            continue;
        }
        const size_t end = run < run_count ? (size_t)call->fields[runs[run].field] + runs[run].at : call->end;
        if (from < end) {
            note_gap(sketch, call->text + from, end - from, note);
        }
        if (run < run_count) {
            const size_t covered = end + runs[run].length - call->start;
            from = call->start + (covered + NOTE_STRIDE - 1) / NOTE_STRIDE * NOTE_STRIDE;
        }
    }
}

#if SEQ_X86

SEQ_AVX512 static void note_windows_avx512(seq_sketch *sketch, const seq_call *call, const seq_run *runs, size_t run_count)
{
    note_windows(sketch, call, runs, run_count, note_avx512);
}

SEQ_AVX2 static void note_windows_avx2(seq_sketch *sketch, const seq_call *call, const seq_run *runs, size_t run_count)
{
    note_windows(sketch, call, runs, run_count, note_avx2);
}

#endif

/* Notes what a call shares with others: nothing where one of its runs (the last ones of `found`, from `first_run` on) may be a leak. */
static void note_foreign(seq_sketch *sketch, const seq_call *call, const seq_found *found, size_t first_run)
{
    const seq_run *runs = (const seq_run *)found->runs_block.data + first_run;
    const size_t run_count = found->runs - first_run;
    for (size_t i = 0; i < run_count; i++) {
        if (runs[i].private_length >= EXPOSED_RUN) {
            return;
        }
    }
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        note_windows_avx512(sketch, call, runs, run_count);
        return;
    }
    if (tables.level == LEVEL_AVX2) {
        note_windows_avx2(sketch, call, runs, run_count);
        return;
    }
#endif
    note_windows(sketch, call, runs, run_count, note_scalar);
}

/* Writes the windows by which a run is looked up, RUN_WINDOWS at most; returns how many. */
static size_t windows_of_run(const uint8_t *run, size_t size, uint64_t *windows)
{
    const size_t count = size < SHARED_WINDOW + NOTE_STRIDE - 1 ? 0 : size - SHARED_WINDOW + 1;
    const size_t parts = count > RUN_PARTS * PART_WINDOWS ? RUN_PARTS : 1;
    size_t found = 0;
    for (size_t part = 0; part < parts; part++) {
        const bool last = part + 1 == parts;
        size_t at = parts == 1 ? 0 : part * (count - PART_WINDOWS) / (RUN_PARTS - 1) / NOTE_STRIDE * NOTE_STRIDE;
        for (const size_t end = last ? count : at + PART_WINDOWS; at < end; at++) {
            windows[found++] = window_hash(run + at);
        }
    }
    return found;
}

/* A run of which it is not known yet whether a sketch holds it. */
typedef struct {
    const uint8_t *windows; /* 64 bits each */
    size_t count, number;
    size_t next;  /* after the last window that is held */
    size_t after; /* the window that is asked for next */
    uint64_t window;
    bool held;
} seq_asked;

/* Whether a tag stands in a line. */
typedef bool (*seq_seeking)(const uint32_t *line, uint32_t tag);

static inline bool holds_scalar(const uint32_t *line, uint32_t tag)
{
    uint32_t same = 0;
    for (int i = 0; i < SKETCH_LINE; i++) {
        same |= line[i] == tag;
    }
    return same != 0;
}

#if SEQ_X86

SEQ_AVX512 static inline bool holds_avx512(const uint32_t *line, uint32_t tag)
{
    return _mm512_cmpeq_epi32_mask(_mm512_loadu_si512(line), _mm512_set1_epi32((int)tag)) != 0;
}

SEQ_AVX2 static inline bool holds_avx2(const uint32_t *line, uint32_t tag)
{
    const __m256i wanted = _mm256_set1_epi32((int)tag);
    const __m256i left = _mm256_cmpeq_epi32(_mm256_loadu_si256((const __m256i *)line), wanted);
    return !_mm256_testz_si256(_mm256_or_si256(left, _mm256_cmpeq_epi32(_mm256_loadu_si256((const __m256i *)(line + 8)), wanted)),
                               _mm256_set1_epi32(-1));
}

#endif

/* Filled blocks of 1 << bits slots each, as they are looked up. */
typedef struct {
    const seq_text *blocks;
    size_t count;
    unsigned bits;
} seq_noted;

/* Looks up the window of each run that is asked for. Block by block: the lines of one window are too far from each other. */
static SEQ_INLINE void seek(const seq_noted *noted, seq_asked *asked, size_t count, seq_seeking holds)
{
    for (size_t block = 0; block < noted->count; block++) {
        const uint32_t *slots = (const uint32_t *)(const void *)noted->blocks[block].data;
        for (size_t i = 0; i < count; i++) {
            const uint64_t window = asked[i].window;
            const size_t line = (size_t)(window >> (64 - noted->bits)) & ~(size_t)(SKETCH_LINE - 1);
            asked[i].held |= holds(slots + line, (uint32_t)window | 1);
        }
    }
}

#if SEQ_X86

SEQ_AVX512 static void seek_avx512(const seq_noted *noted, seq_asked *asked, size_t count)
{
    seek(noted, asked, count, holds_avx512);
}

SEQ_AVX2 static void seek_avx2(const seq_noted *noted, seq_asked *asked, size_t count)
{
    seek(noted, asked, count, holds_avx2);
}

#endif

static void seek_windows(const seq_noted *noted, seq_asked *asked, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(&asked[i].window, asked[i].windows + (asked[i].after - 1) * sizeof(uint64_t), sizeof(uint64_t));
        asked[i].held = false;
    }
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        seek_avx512(noted, asked, count);
        return;
    }
    if (tables.level == LEVEL_AVX2) {
        seek_avx2(noted, asked, count);
        return;
    }
#endif
    seek(noted, asked, count, holds_scalar);
}

/* Marks which of some runs are held by some blocks: no NOTE_STRIDE windows one after the other are missing. Uses `asked` up. */
static void hold_runs(const seq_noted *noted, seq_asked *asked, size_t count, uint8_t *held)
{
    while (count > 0) {
        size_t kept = 0;
        seek_windows(noted, asked, count);
        for (size_t i = 0; i < count; i++) {
            seq_asked run = asked[i];
            if (run.held) {
                run.next = run.after;
                run.after += NOTE_STRIDE;
                held[run.number] = run.after > run.count;
            } else {
                run.after--;
            }
            if (run.after > run.next && run.after <= run.count) {
                asked[kept++] = run;
            }
        }
        count = kept;
    }
}

#endif
