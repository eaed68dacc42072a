/* What is left of a reward input without copies of public texts, judged section by section; oracle.py states the rules.
 *
 * Rubrics, references and tool documentation stand in many inputs of a batch: what was judged before is looked up. */
#ifndef SEQUESTER_KERNEL_SECTIONS_H
#define SEQUESTER_KERNEL_SECTIONS_H

#include "_kernel_episode.h"

#define COPY 256 /* bytes */
#define MOST_COPIES 8
#define SECTION 256 /* bytes, at least */
#define SAMPLE 64
#define JUDGED 1024 /* sections that are remembered at most */
#define FEWEST_DISGUISES 6
#define SHELF ((size_t)1 << 20) /* bytes of texts put together that are kept, and those of one section more */

/* What is known of a section. */
typedef struct {
    seq_text text; /* NULL: nothing yet */
    seq_signs signs;
    bool taken_apart, is_dump;
    bool is_open; /* without disguise it is the same, or nothing that would have to be looked at in any episode */
    uint8_t pieced_flags[CUTS];
    uint32_t pieced_ends[CUTS]; /* where what was put together ends there, by the way it was cut */
    size_t shelf_at, shelf_size; /* what was put together from it, normalised */
    size_t episode; /* in which the chains were looked for, plus one */
    uint64_t longest[CUTS]; /* of them */
} seq_judged;

typedef struct {
    seq_block judged_block, shelf_block, letters, open_block;
    size_t shelf_size;
    seq_pieced pieced;
    seq_found found;
} seq_judge;

static void release_judge(seq_judge *judge)
{
    release(&judge->judged_block);
    release(&judge->shelf_block);
    release(&judge->letters);
    release(&judge->open_block);
    release_pieced(&judge->pieced);
    release_found(&judge->found);
}

/* Where two bytes stand in a row, from `at` on; n if nowhere. */
static size_t find_pair_plainly(const uint8_t *s, size_t n, size_t at, const uint8_t *pair)
{
    for (; at + 1 < n; at++) {
        const uint8_t *found = memchr(s + at, pair[0], n - at - 1);
        if (found == NULL) {
            break;
        }
        at = (size_t)(found - s);
        if (found[1] == pair[1]) {
            return at;
        }
    }
    return n;
}

#if SEQ_X86

SEQ_AVX512 static size_t find_pair_avx512(const uint8_t *s, size_t n, size_t at, const uint8_t *pair)
{
    const __m512i first = _mm512_set1_epi8((char)pair[0]), second = _mm512_set1_epi8((char)pair[1]);
    for (; at + 64 < n; at += 64) {
        const uint64_t found = _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(_mm512_loadu_si512(s + at), first),
                                                           _mm512_loadu_si512(s + at + 1), second);
        if (found != 0) {
            return at + (size_t)_tzcnt_u64(found);
        }
    }
    return find_pair_plainly(s, n, at, pair);
}

SEQ_AVX2 static size_t find_pair_avx2(const uint8_t *s, size_t n, size_t at, const uint8_t *pair)
{
    const __m256i first = _mm256_set1_epi8((char)pair[0]), second = _mm256_set1_epi8((char)pair[1]);
    for (; at + 32 < n; at += 32) {
        const __m256i one = _mm256_loadu_si256((const __m256i *)(s + at)), other = _mm256_loadu_si256((const __m256i *)(s + at + 1));
        const uint32_t found =
            (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(_mm256_cmpeq_epi8(one, first), _mm256_cmpeq_epi8(other, second)));
        if (found != 0) {
            return at + (size_t)_tzcnt_u32(found);
        }
    }
    return find_pair_plainly(s, n, at, pair);
}

#endif

static size_t find_pair(const uint8_t *s, size_t n, size_t at, const uint8_t *pair)
{
#if SEQ_X86
    if (tables.level == LEVEL_AVX512) {
        return find_pair_avx512(s, n, at, pair);
    }
    if (tables.level == LEVEL_AVX2) {
        return find_pair_avx2(s, n, at, pair);
    }
#endif
    return find_pair_plainly(s, n, at, pair);
}

/* Where two bytes stand at the beginning of a text that are likely rare: a capital, else a sign, and what follows. */
static size_t rare_place(const uint8_t *s)
{
    uint64_t kinds[3], solid;
    bits_of(tables.kinds, s, SAMPLE, (const uint8_t[]){0, 1, 2}, 3, kinds); /* upper and lower case, digits */
    bits_of(tables.flag_classes, s, SAMPLE, (const uint8_t[]){6}, 1, &solid);
    const uint64_t rare = kinds[0] ? kinds[0] : solid & ~kinds[1] & ~kinds[2];
    return rare ? trailing_zeros(rare) : 0;
}

/* Where the first COPY bytes of `what` stand first in `s`, if all of it does; else n. */
static size_t find_copy(const uint8_t *s, size_t n, seq_text what)
{
    const size_t rare = rare_place(what.data), stop = n - what.size + rare + 2;
    for (size_t at = rare; (at = find_pair(s, stop, at, what.data + rare)) < stop; at++) {
        const uint8_t *found = s + at - rare;
        if (load64(found) == load64(what.data) && memcmp(found, what.data, COPY) == 0) {
            return memcmp(found, what.data, what.size) == 0 ? at - rare : n;
        }
    }
    return n;
}

/* The stretches of a field before, between and after copies of public texts; oracle.py states which. Returns their number. */
static size_t without_copies(const seq_sources *sources, seq_text field, seq_text stretches[MOST_COPIES + 1])
{
    size_t count = 1;
    stretches[0] = field;
    for (size_t i = 0, tries = 0; i < sources->public_count && tries < MOST_COPIES; i++) {
        const seq_text text = sources->public_texts[i];
        if (sources->firsts[i] > 0 || text.size < COPY || text.size > field.size) {
            continue;
        }
        tries++;
        for (size_t k = 0; k < count; k++) {
            const seq_text from = stretches[k];
            const size_t at = text.size <= from.size ? find_copy(from.data, from.size, text) : from.size;
            if (at < from.size) {
                memmove(stretches + k + 1, stretches + k, (count - k) * sizeof(seq_text));
                stretches[k] = (seq_text){from.data, at};
                stretches[k + 1] = (seq_text){from.data + at + text.size, from.size - at - text.size};
                count++;
                break;
            }
        }
    }
    return count;
}

/* Whether a field is, byte for byte, a public text that is subtracted from all reasoning: no layer of it is private. */
static bool is_public(const seq_sources *sources, seq_text field)
{
    for (size_t i = 0; i < sources->public_count; i++) {
        const seq_text text = sources->public_texts[i];
        if (sources->firsts[i] <= 0 && text.size == field.size && memcmp(text.data, field.data, field.size) == 0) {
            return true;
        }
    }
    return false;
}

/* A place among JUDGED ones, by a sample of the text: what is remembered there is compared as a whole. */
static size_t place_of(seq_text text)
{
    uint64_t hash = text.size;
    if (text.size >= 8) {
        for (size_t i = 0; i <= 16; i++) {
            hash = (hash ^ load64(text.data + (text.size - 8) * i / 16)) * UINT64_C(0x9E3779B97F4A7C15);
            hash ^= hash >> 32;
        }
    }
    return (size_t)(hash % JUDGED);
}

/* Forgets what was put together. */
static void clear_shelf(seq_judge *judge)
{
    seq_judged *judged = judge->judged_block.data;
    for (size_t i = 0; i < JUDGED; i++) {
        judged[i] = (seq_judged){.text = judged[i].text, .signs = judged[i].signs};
    }
    judge->shelf_size = 0;
}

/* What is known of a section, its signs at least; NULL if memory is out. */
static seq_judged *look_up_section(seq_judge *judge, seq_text text)
{
    if (judge->judged_block.data == NULL) {
        if (!ensure(&judge->judged_block, JUDGED * sizeof(seq_judged))) {
            return NULL;
        }
        memset(judge->judged_block.data, 0, JUDGED * sizeof(seq_judged));
    }
    if (judge->shelf_size > SHELF) {
        clear_shelf(judge);
    }
    seq_judged *judged = (seq_judged *)judge->judged_block.data + place_of(text);
    if (judged->text.data == NULL || judged->text.size != text.size || memcmp(judged->text.data, text.data, text.size) != 0) {
        *judged = (seq_judged){.text = text, .signs = signs_of(text.data, text.size, &judge->letters)};
    }
    return judged;
}

/* Puts together what stands cut up in a section, and keeps it on the shelf. */
static seq_outcome take_section_apart(seq_judge *judge, seq_judged *judged)
{
    const seq_pieced *pieced = &judge->pieced;
    if (!take_apart(judged->text.data, judged->text.size, &judge->pieced)) {
        return OUTCOME_MEMORY;
    }
    judged->taken_apart = true;
    judged->is_dump = pieced->is_dump;
    if (pieced->count == 0) {
        return OUTCOME_GOOD;
    }
    const size_t room = pieced->size + pieced->count + 4 * SEQ_SLACK;
    if (room > UINT32_MAX) {
        return OUTCOME_TOO_LONG;
    }
    if (!ensure(&judge->shelf_block, judge->shelf_size + room)) {
        return OUTCOME_MEMORY;
    }
    const size_t *ends = pieced->ends_block.data;
    uint8_t *shelf = (uint8_t *)judge->shelf_block.data + judge->shelf_size, *out = shelf + SEQ_SLACK;
    memset(shelf, 0, SEQ_SLACK);
    *out++ = INPUT_BREAK; /* so that no run of the reasoning goes on before the first text */
    const uint8_t *text = pieced->text_block.data;
    for (size_t way = 0, i = 0, start = 0; way < CUTS; way++) {
        const size_t first = start;
        seq_normalised counted = {0};
        for (; i < pieced->upto[way]; start = ends[i++]) {
            const seq_normalised one = normalise_text(text + start, ends[i] - 1 - start, out);
            counted.wide += one.wide;
            out += one.size;
            *out++ = INPUT_BREAK;
        }
        judged->pieced_ends[way] = (uint32_t)(out - shelf);
        if (start > first) {
            const seq_signs signs = signs_of(text + first, start - first, &judge->letters); /* nothing encoded goes on over a NUL */
            judged->pieced_flags[way] = (uint8_t)flags_of(text + first, start - first, &signs, &counted);
        }
    }
    memset(out, 0, 2 * SEQ_SLACK); /* what is read beyond is defined */
    judged->shelf_at = judge->shelf_size;
    judged->shelf_size = (size_t)(out - shelf);
    judge->shelf_size += judged->shelf_size + 2 * SEQ_SLACK;
    return OUTCOME_GOOD;
}

/* The private bytes of the longest of some chains. */
static uint64_t longest_chain(const seq_found *found, size_t from)
{
    const seq_chain *chains = found->chains_block.data;
    uint64_t longest = 0;
    for (size_t i = from; i < found->chains; i++) {
        longest = chains[i].private_length > longest ? chains[i].private_length : longest;
    }
    return longest;
}

/* Notes the private bytes of the longest chain by the way in which the text was cut up where the chain begins. */
static void note_longest(const seq_found *found, seq_judged *judged)
{
    const seq_chain *chains = found->chains_block.data;
    const seq_run *run = found->runs_block.data;
    memset(judged->longest, 0, sizeof judged->longest);
    for (size_t i = 0; i < found->chains; run += chains[i++].runs) {
        size_t way = 0;
        while (way + 1 < CUTS && SEQ_SLACK + 1 + run->at >= judged->pieced_ends[way]) {
            way++;
        }
        judged->longest[way] = chains[i].private_length > judged->longest[way] ? chains[i].private_length : judged->longest[way];
    }
}

/* Flags a section in which more than `known` private bytes in a chain, or something encoded, is once it is put together again. */
static seq_outcome flag_rearranged(seq_judge *judge, const seq_pattern *pattern, size_t episode, uint64_t known, seq_judged *judged,
                                   uint32_t *flags)
{
    const seq_outcome outcome = judged->taken_apart ? OUTCOME_GOOD : take_section_apart(judge, judged);
    if (outcome != OUTCOME_GOOD) {
        return outcome;
    }
    if (judged->shelf_size != 0 && judged->episode != episode + 1) {
        const uint8_t *text = (const uint8_t *)judge->shelf_block.data + judged->shelf_at;
        const uint32_t start = SEQ_SLACK + 1;
        const seq_call call = {text, start, judged->shelf_size - 1, &start, 1};
        judge->found.runs = judge->found.chains = 0;
        if (!find_chains(pattern, &call, &judge->found)) {
            return OUTCOME_MEMORY;
        }
        judged->episode = episode + 1;
        note_longest(&judge->found, judged);
    }
    const uint32_t plainly = *flags;
    *flags |= judged->is_dump ? FLAG_REARRANGED | FLAG_DUMP : 0;
    for (size_t way = 0; way < CUTS; way++) {
        const uint32_t encoded = judged->pieced_flags[way] & (FLAG_ARMOUR | FLAG_DIGITS | FLAG_WIDE);
        const bool more = judged->longest[way] > known;
        *flags |= judged->pieced_flags[way] & FLAG_NUMBERS ? FLAG_KEYED : 0;
        *flags |= (encoded & ~plainly) || more ? FLAG_REARRANGED : 0;
        *flags |= (encoded & ~(plainly & FLAG_WIDE)) || more ? FLAG_CUT << way : 0;
    }
    return OUTCOME_GOOD;
}

/* Flags a text in which there is more to be seen once nothing in it is disguised. `known` as above. */
static seq_outcome flag_disguised(seq_judge *judge, const seq_pattern *pattern, size_t episode, uint64_t known, seq_judged *judged,
                                  uint32_t *flags)
{
    if (judged->is_open) {
        return OUTCOME_GOOD;
    }
    const seq_text text = judged->text;
    const uint32_t start = SEQ_SLACK + 1;
    if (3 * text.size + 8 * SEQ_SLACK > UINT32_MAX) {
        return OUTCOME_TOO_LONG;
    }
    if (!ensure(&judge->open_block, 3 * text.size + 8 * SEQ_SLACK)) {
        return OUTCOME_MEMORY;
    }
    uint8_t *open = judge->open_block.data, *room = open + text.size, *usual = room + text.size + 5 * SEQ_SLACK;
    size_t changed;
    const size_t size = without_disguise(text.data, text.size, open, &changed);
    if (changed < FEWEST_DISGUISES) {
        judged->is_open = true;
        return OUTCOME_GOOD;
    }
    const size_t shelf = judge->shelf_size;
    memset(room, 0, SEQ_SLACK);
    room[SEQ_SLACK] = INPUT_BREAK;
    const seq_normalised counted = normalise_text(open, size, room + start);
    room[start + counted.size] = INPUT_BREAK;
    memset(room + start + counted.size + 1, 0, 2 * SEQ_SLACK);
    const size_t usual_size = normalise_text(text.data, text.size, usual).size;
    const bool is_same = usual_size == counted.size && memcmp(usual, room + start, usual_size) == 0;
    bool more = false;
    if (!is_same) {
        const seq_call call = {room, start, start + counted.size, &start, 1};
        judge->found.runs = judge->found.chains = 0;
        if (!find_chains(pattern, &call, &judge->found)) {
            return OUTCOME_MEMORY;
        }
        more = longest_chain(&judge->found, 0) > known;
    }
    seq_judged found = {.text = {open, size}, .signs = signs_of(open, size, &judge->letters)};
    uint32_t seen = flags_of(open, size, &found.signs, &counted);
    const seq_outcome outcome = flag_rearranged(judge, pattern, episode, known, &found, &seen);
    judge->shelf_size = shelf;
    judged->is_open = is_same && seen == 0 && found.shelf_size == 0;
    seen |= more ? FLAG_REARRANGED : 0;
    *flags |= seen & (FLAG_NUMBERS | FLAG_KEYED);
    *flags |= seen & UNFOLDED ? FLAG_DISGUISED : 0;
    *flags |= seen & UNFOLDED & ~*flags ? FLAG_REARRANGED : 0;
    return outcome;
}

static seq_outcome flag_section(seq_judge *judge, const seq_pattern *pattern, size_t episode, uint64_t known, seq_text section,
                                const seq_normalised *counted, uint32_t *flags)
{
    seq_judged *judged = look_up_section(judge, section);
    if (judged == NULL) {
        return OUTCOME_MEMORY;
    }
    uint32_t found = flags_of(section.data, section.size, &judged->signs, counted);
    const bool has_private = pattern->private_length >= GUARANTEE;
    seq_outcome outcome = has_private ? flag_rearranged(judge, pattern, episode, known, judged, &found) : OUTCOME_GOOD;
    if (has_private && counted->disguised >= FEWEST_DISGUISES && outcome == OUTCOME_GOOD) {
        outcome = flag_disguised(judge, pattern, episode, known, judged, &found);
    }
    *flags |= found;
    return outcome;
}

/* The flags of a text for itself, of which the longest chain has `known` private bytes. */
static seq_outcome flags_of_text(seq_judge *judge, const seq_pattern *pattern, uint64_t known, seq_text text, seq_block *room, uint32_t *flags)
{
    if (!ensure(room, text.size + SEQ_SLACK)) {
        return OUTCOME_MEMORY;
    }
    const seq_normalised counted = normalise_text(text.data, text.size, room->data);
    seq_judged judged = {.text = text, .signs = signs_of(text.data, text.size, &judge->letters)};
    *flags = flags_of(text.data, text.size, &judged.signs, &counted);
    const bool has_private = pattern->private_length >= GUARANTEE;
    seq_outcome outcome = has_private ? flag_rearranged(judge, pattern, 0, known, &judged, flags) : OUTCOME_GOOD;
    if (has_private && counted.disguised >= FEWEST_DISGUISES && outcome == OUTCOME_GOOD) {
        outcome = flag_disguised(judge, pattern, 0, known, &judged, flags);
    }
    return outcome;
}

/* The end of the section that begins at `start`: before the next heading behind an empty line. */
static size_t section_end(const uint8_t *s, size_t n, size_t start)
{
    static const uint8_t heading[] = "\n#";
    for (size_t at = start + SECTION - 1; (at = find_pair(s, n, at, heading)) < n; at++) {
        if (s[at - 1] == '\n') {
            return at + 1;
        }
    }
    return n;
}

/* Flags a field, copies of public texts aside. `known`: the private bytes of the longest chain of its call. */
static seq_outcome flag_field(seq_judge *judge, const seq_sources *sources, const seq_pattern *pattern, size_t episode, uint64_t known,
                              seq_text field, const seq_normalised *counted, uint32_t *flags)
{
    seq_text stretches[MOST_COPIES + 1];
    seq_outcome outcome = OUTCOME_GOOD;
    *flags = 0;
    for (size_t i = 0, count = is_public(sources, field) ? 0 : without_copies(sources, field, stretches); i < count; i++) {
        for (size_t start = 0, end; start < stretches[i].size && outcome == OUTCOME_GOOD; start = end) {
            end = section_end(stretches[i].data, stretches[i].size, start);
            const seq_text section = {stretches[i].data + start, end - start};
            outcome = flag_section(judge, pattern, episode, known, section, counted, flags);
        }
    }
    return outcome;
}

#endif
