/* Sampled windows of reasoning, answers and inputs, and which of them meet; samples.py states the rules. */
#ifndef SEQUESTER_KERNEL_SAMPLES_H
#define SEQUESTER_KERNEL_SAMPLES_H

#include "_kernel_episode.h"

#define SAMPLE_FACTOR UINT32_C(0x9E3779B1)
#define SAMPLE_BELOW UINT32_C(0x08000000)
#define SAMPLE_CHUNK 4096 /* bytes looked at before their windows are taken */
#define SAMPLE_KINDS 3 /* private reasoning, the policy's own output, reward inputs */

typedef struct {
    seq_block windows_block, counts_block;
    size_t windows, counts;
} seq_samples;

static void release_samples(seq_samples *samples)
{
    release(&samples->windows_block);
    release(&samples->counts_block);
}

/* Whether a window counts: it is not periodic in a way that fills texts, and no mark stands in it (where there are marks). */
static SEQ_INLINE bool counts_as_window(const uint8_t *s, const uint8_t *marks)
{
    const uint64_t first = load64(s), differing = (first ^ load64(s + 8)) | (first ^ load64(s + 16)) | (first ^ load64(s + 24));
    return differing != 0 && (marks == NULL || (load64(marks) | load64(marks + 8) | load64(marks + 16) | load64(marks + 24)) == 0);
}

/* Bit i says whether the window at s + i is sampled, for 64 places. */
typedef uint64_t (*seq_sampling)(const uint8_t *s);

/* Writes the numbers of the bits that are set, from `at` on, and returns how many; room for 64 is there. */
typedef size_t (*seq_putting)(uint64_t bits, uint32_t at, uint32_t *places);

static SEQ_INLINE size_t put_scalar(uint64_t bits, uint32_t at, uint32_t *places)
{
    size_t count = 0;
    for (; bits != 0; bits &= bits - 1) {
        places[count++] = at + (uint32_t)trailing_zeros(bits);
    }
    return count;
}

static SEQ_INLINE uint64_t sampled_scalar(const uint8_t *s)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < 64; i++) {
        bits |= (uint64_t)((uint32_t)load64(s + i) * SAMPLE_FACTOR < SAMPLE_BELOW) << i;
    }
    return bits;
}

#if SEQ_X86

#define SAMPLE_PHASE UINT64_C(0x1111111111111111)

SEQ_AVX512 static inline uint64_t sampled_avx512(const uint8_t *s)
{
    const __m512i factor = _mm512_set1_epi32((int)SAMPLE_FACTOR), below = _mm512_set1_epi32((int)SAMPLE_BELOW);
    uint64_t bits = 0;
    for (unsigned phase = 0; phase < 4; phase++) {
        const __m512i product = _mm512_mullo_epi32(_mm512_loadu_si512(s + phase), factor);
        bits |= _pdep_u64(_mm512_cmplt_epu32_mask(product, below), SAMPLE_PHASE << phase);
    }
    return bits;
}

/* Two are set on average: sixteen at once are enough, nearly always. */
SEQ_AVX512 static inline size_t put_avx512(uint64_t bits, uint32_t at, uint32_t *places)
{
    const __m512i numbers = _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39,
                                            38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14,
                                            13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const size_t count = (size_t)_mm_popcnt_u64(bits);
    if (count > 16) {
        return put_scalar(bits, at, places);
    }
    const __m128i first = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(bits, numbers));
    _mm512_storeu_si512(places, _mm512_add_epi32(_mm512_cvtepu8_epi32(first), _mm512_set1_epi32((int)at)));
    return count;
}

SEQ_AVX2 static inline uint64_t sampled_avx2(const uint8_t *s)
{
    const __m256i factor = _mm256_set1_epi32((int)SAMPLE_FACTOR), most = _mm256_set1_epi32((int)(SAMPLE_BELOW - 1));
    uint64_t bits = 0;
    for (unsigned phase = 0; phase < 4; phase++) {
        for (unsigned half = 0; half < 64; half += 32) {
            const __m256i product = _mm256_mullo_epi32(_mm256_loadu_si256((const __m256i *)(s + half + phase)), factor);
            const __m256i low = _mm256_cmpeq_epi32(_mm256_min_epu32(product, most), product);
            const uint64_t mask = (uint64_t)(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(low));
            bits |= _pdep_u64(mask, (SAMPLE_PHASE & 0xFFFFFFFF) << phase) << half;
        }
    }
    return bits;
}

#endif

/* Samples the windows of text[0, size), of which 64 bytes more are readable. `sampled` and `put` are inlined. False if memory is out. */
static SEQ_INLINE bool sample_by(seq_samples *samples, const uint8_t *text, const uint8_t *marks, size_t size, seq_sampling sampled,
                                 seq_putting put)
{
    const size_t stop = size < SHARED_WINDOW ? 0 : size - SHARED_WINDOW + 1;
    uint32_t places[SAMPLE_CHUNK + 64];
    for (size_t start = 0; start < stop; start += SAMPLE_CHUNK) {
        size_t count = 0;
        for (size_t at = start; at < stop && at < start + SAMPLE_CHUNK; at += 64) {
            uint64_t bits = sampled(text + at);
            bits &= stop - at < 64 ? (UINT64_C(1) << (stop - at)) - 1 : UINT64_MAX;
            count += put(bits, (uint32_t)at, places + count);
        }
        if (!ensure(&samples->windows_block, (samples->windows + count + 1) * sizeof(uint64_t))) {
            return false;
        }
        uint64_t *windows = (uint64_t *)samples->windows_block.data + samples->windows;
        size_t taken = 0;
        for (size_t i = 0; i < count; i++) {
            const uint8_t *window = text + places[i];
            windows[taken] = window_hash(window);
            taken += counts_as_window(window, marks ? marks + places[i] : NULL);
        }
        samples->windows += taken;
    }
    return true;
}

#if SEQ_X86

SEQ_AVX512 static bool sample_avx512(seq_samples *samples, const uint8_t *text, const uint8_t *marks, size_t size)
{
    return sample_by(samples, text, marks, size, sampled_avx512, put_avx512);
}

SEQ_AVX2 static bool sample_avx2(seq_samples *samples, const uint8_t *text, const uint8_t *marks, size_t size)
{
    return sample_by(samples, text, marks, size, sampled_avx2, put_scalar);
}

#endif

static bool sample(seq_samples *samples, const uint8_t *text, const uint8_t *marks, size_t size)
{
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        return sample_avx512(samples, text, marks, size);
    }
    if (tables.level == LEVEL_AVX2) {
        return sample_avx2(samples, text, marks, size);
    }
#endif
    return sample_by(samples, text, marks, size, sampled_scalar, put_scalar);
}

/* Samples an episode: its private reasoning, the last `own` of its public texts, and all its inputs. */
static bool sample_episode(seq_samples *samples, const seq_buffer *buffer, const seq_pattern *pattern, size_t segments, size_t publics,
                           size_t own)
{
    if (!ensure(&samples->counts_block, (samples->counts + SAMPLE_KINDS) * sizeof(uint32_t))) {
        return false;
    }
    const uint32_t *ends = buffer->ends + segments;
    const size_t given = (size_t)ends[publics - own] + 1, inputs = (size_t)ends[publics] + 1;
    const size_t starts[] = {SEQ_SLACK, given, inputs}, stops[] = {SEQ_SLACK + pattern->size, inputs - 1, buffer->size - 1};
    for (size_t kind = 0; kind < SAMPLE_KINDS; kind++) {
        const size_t before = samples->windows, size = stops[kind] > starts[kind] ? stops[kind] - starts[kind] : 0;
        if (!sample(samples, buffer->text + starts[kind], kind ? NULL : pattern->marks, size)) {
            return false;
        }
        ((uint32_t *)samples->counts_block.data)[samples->counts++] = (uint32_t)(samples->windows - before);
    }
    return true;
}

/* Where a window of reasoning is held: by whom (numbers plus one). */
typedef struct {
    uint64_t window;
    uint32_t first, second;
} seq_holding;

#define HELD_BY_MANY UINT32_MAX

/* A window of an input that one or two hold; `second` is UINT32_MAX where there is one. */
typedef struct {
    uint64_t window;
    uint32_t reader, first, second, unused;
} seq_meeting;

typedef struct {
    const uint64_t *windows;
    const uint32_t *counts; /* SAMPLE_KINDS per episode */
    const uint32_t *voices; /* per episode: the first one with the same reasoning */
    size_t episodes;
} seq_sampled;

/* A bit by hash: whether some window may be among others. Small enough for a fast cache. */
typedef struct {
    uint64_t *bits;
    unsigned shift;
} seq_filter;

static bool make_filter(seq_filter *filter, size_t windows)
{
    unsigned size = 12;
    while (size < 40 && ((size_t)1 << size) < 8 * windows) {
        size++;
    }
    filter->shift = 64 - size;
    filter->bits = calloc((size_t)1 << (size - 6), sizeof(uint64_t));
    return filter->bits != NULL;
}

static inline void add_to_filter(seq_filter *filter, uint64_t window)
{
    const uint64_t bit = window >> filter->shift;
    filter->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline bool may_hold(const seq_filter *filter, uint64_t window)
{
    const uint64_t bit = window >> filter->shift;
    return filter->bits[bit / 64] >> (bit % 64) & 1;
}

typedef struct {
    seq_filter read, held; /* windows of inputs; those of them that reasoning holds */
    seq_holding *table;
    unsigned shift;
    size_t mask;
} seq_holdings;

static void release_holdings(seq_holdings *holdings)
{
    free(holdings->read.bits);
    free(holdings->held.bits);
    free(holdings->table);
}

static inline seq_holding *holding_of(const seq_holdings *holdings, uint64_t window)
{
    size_t at = (size_t)(window >> holdings->shift);
    while (holdings->table[at].first != 0 && holdings->table[at].window != window) {
        at = (at + 1) & holdings->mask;
    }
    return holdings->table + at;
}

static void hold(seq_holdings *holdings, uint64_t window, uint32_t voice)
{
    seq_holding *holding = holding_of(holdings, window);
    const uint32_t who = voice + 1;
    add_to_filter(&holdings->held, window);
    if (holding->first == 0) {
        *holding = (seq_holding){window, who, 0};
    } else if (holding->first != who && holding->second == 0) {
        holding->second = who;
    } else if (holding->first != who && holding->second != who) {
        holding->second = HELD_BY_MANY;
    }
}

/* The windows of one kind of an episode. */
typedef struct {
    const uint64_t *from, *to;
} seq_stretch;

/* `next` is where the windows of the episode begin, and is moved to where those of the next one do. */
static seq_stretch stretch_of(const seq_sampled *all, size_t episode, size_t kind, const uint64_t **next)
{
    const uint32_t *counts = all->counts + SAMPLE_KINDS * episode;
    const uint64_t *from = *next;
    for (size_t i = 0; i < kind; i++) {
        from += counts[i];
    }
    *next += (size_t)counts[0] + counts[1] + counts[2];
    return (seq_stretch){from, from + counts[kind]};
}

/* Notes who holds the windows of inputs; false if memory is out. */
static bool hold_all(seq_holdings *holdings, const seq_sampled *all)
{
    size_t reads = 0, count = 0;
    for (size_t episode = 0; episode < all->episodes; episode++) {
        reads += all->counts[SAMPLE_KINDS * episode + 2];
    }
    if (!make_filter(&holdings->read, reads)) {
        return false;
    }
    const uint64_t *next = all->windows;
    for (size_t episode = 0; episode < all->episodes; episode++) {
        const seq_stretch inputs = stretch_of(all, episode, 2, &next);
        for (const uint64_t *window = inputs.from; window < inputs.to; window++) {
            add_to_filter(&holdings->read, *window);
        }
    }
    next = all->windows;
    for (size_t episode = 0; episode < all->episodes; episode++) {
        const seq_stretch reasoning = stretch_of(all, episode, 0, &next);
        for (const uint64_t *window = reasoning.from; window < reasoning.to; window++) {
            count += may_hold(&holdings->read, *window);
        }
    }
    unsigned bits = 6;
    while (bits < 40 && ((size_t)1 << bits) < 2 * count) {
        bits++;
    }
    holdings->shift = 64 - bits;
    holdings->mask = ((size_t)1 << bits) - 1;
    holdings->table = calloc(holdings->mask + 1, sizeof(seq_holding));
    if (holdings->table == NULL || !make_filter(&holdings->held, count)) {
        return false;
    }
    next = all->windows;
    for (size_t episode = 0; episode < all->episodes; episode++) {
        const seq_stretch reasoning = stretch_of(all, episode, 0, &next);
        for (const uint64_t *window = reasoning.from; window < reasoning.to; window++) {
            if (may_hold(&holdings->read, *window)) {
                hold(holdings, *window, all->voices[episode]);
            }
        }
    }
    return true;
}

/* What an episode says openly is no sign of anybody's reasoning. */
static void leave_out_output(seq_holdings *holdings, const seq_sampled *all)
{
    const uint64_t *next = all->windows;
    for (size_t episode = 0; episode < all->episodes; episode++) {
        const seq_stretch output = stretch_of(all, episode, 1, &next);
        for (const uint64_t *window = output.from; window < output.to; window++) {
            if (may_hold(&holdings->held, *window)) {
                seq_holding *holding = holding_of(holdings, *window);
                holding->second = holding->first ? HELD_BY_MANY : 0;
            }
        }
    }
}

/* The windows of inputs that somebody holds; false if memory is out. */
static bool meet_all(const seq_holdings *holdings, const seq_sampled *all, seq_block *meetings, size_t *count)
{
    const uint64_t *next = all->windows;
    for (size_t episode = 0; episode < all->episodes; episode++) {
        const seq_stretch inputs = stretch_of(all, episode, 2, &next);
        for (const uint64_t *window = inputs.from; window < inputs.to; window++) {
            if (!may_hold(&holdings->held, *window)) {
                continue;
            }
            const seq_holding held = *holding_of(holdings, *window);
            if (held.first == 0 || held.second == HELD_BY_MANY) {
                continue;
            }
            if (!ensure(meetings, (*count + 1) * sizeof(seq_meeting))) {
                return false;
            }
            ((seq_meeting *)meetings->data)[(*count)++] = (seq_meeting){*window, (uint32_t)episode, held.first - 1, held.second - 1, 0};
        }
    }
    return true;
}

/* The windows of an episode. */
static size_t windows_of(const seq_sampled *all, size_t episode)
{
    const uint32_t *counts = all->counts + SAMPLE_KINDS * episode;
    return (size_t)counts[0] + counts[1] + counts[2];
}

/* Flags, among the windows of the first and last `edge` episodes, those that many hold, or that somebody says openly. */
static void flag_common(const seq_holdings *holdings, const seq_sampled *all, size_t edge, uint8_t *common)
{
    for (size_t episode = 0, at = 0; episode < all->episodes; episode++) {
        const size_t end = at + windows_of(all, episode);
        if (episode >= edge && episode + edge < all->episodes) {
            memset(common + at, 0, end - at);
            at = end;
        }
        for (; at < end; at++) {
            common[at] = may_hold(&holdings->held, all->windows[at]) && holding_of(holdings, all->windows[at])->second == HELD_BY_MANY;
        }
    }
}

/* `common` has room for a flag per window. */
static bool find_meetings(const seq_sampled *all, size_t edge, seq_block *meetings, size_t *count, uint8_t *common)
{
    seq_holdings holdings = {0};
    bool good = hold_all(&holdings, all);
    if (good) {
        leave_out_output(&holdings, all);
        flag_common(&holdings, all, edge, common);
        good = meet_all(&holdings, all, meetings, count);
    }
    release_holdings(&holdings);
    return good;
}

#endif
