/* One episode: its texts normalised into one buffer, its pattern, its reward calls. */
#ifndef SEQUESTER_KERNEL_EPISODE_H
#define SEQUESTER_KERNEL_EPISODE_H

#include "_kernel_chains.h"
#include "_kernel_flags.h"
#include "_kernel_rearranged.h"
#include "_kernel_sketch.h"

#define COT_BREAK 0
#define INPUT_BREAK 1

typedef enum { OUTCOME_GOOD, OUTCOME_MEMORY, OUTCOME_TOO_LONG } seq_outcome;

/* Normalised texts one after the other. Offsets are 32 bits wide. */
typedef struct {
    seq_block text_block, ends_block;
    uint8_t *text;
    uint32_t *ends; /* of each text, where its separator stands */
    size_t size;
    size_t texts;
} seq_buffer;

static void release_buffer(seq_buffer *buffer)
{
    release(&buffer->text_block);
    release(&buffer->ends_block);
}

/* Empties the buffer and makes room for so many texts. */
static seq_outcome reset_buffer(seq_buffer *buffer, const seq_text *texts, size_t count)
{
    size_t total = 4 * SEQ_SLACK + count + 2;
    for (size_t i = 0; i < count; i++) {
        if (texts[i].size > UINT32_MAX - total || count > UINT32_MAX / 64) {
            return OUTCOME_TOO_LONG;
        }
        total += texts[i].size;
    }
    if (!ensure(&buffer->text_block, total) || !ensure(&buffer->ends_block, (count + 2) * sizeof(uint32_t))) {
        return OUTCOME_MEMORY;
    }
    buffer->text = buffer->text_block.data;
    buffer->ends = buffer->ends_block.data;
    memset(buffer->text, 0, SEQ_SLACK);
    buffer->size = SEQ_SLACK;
    buffer->texts = 0;
    return OUTCOME_GOOD;
}

static void add_break(seq_buffer *buffer, uint8_t separator)
{
    buffer->ends[buffer->texts++] = (uint32_t)buffer->size;
    buffer->text[buffer->size++] = separator;
}

static seq_normalised add_text(seq_buffer *buffer, seq_text text, uint8_t separator)
{
    seq_normalised result = normalise_text(text.data, text.size, buffer->text + buffer->size);
    buffer->size += result.size;
    add_break(buffer, separator);
    return result;
}

/* Ends the texts: what is read beyond them is defined. */
static void close_buffer(seq_buffer *buffer)
{
    memset(buffer->text + buffer->size, 0, 2 * SEQ_SLACK);
}

typedef struct {
    const seq_text *reasoning;
    size_t reasoning_count;
    const seq_text *public_texts;
    const ptrdiff_t *firsts; /* per public text: the first segment it is subtracted from */
    size_t public_count;
} seq_sources;

/* Puts reasoning and public texts at the start of a fresh buffer. */
static void add_sources(seq_buffer *buffer, const seq_sources *sources)
{
    for (size_t i = 0; i < sources->reasoning_count; i++) {
        add_text(buffer, sources->reasoning[i], COT_BREAK);
    }
    add_break(buffer, INPUT_BREAK); /* so that nothing after it has the same byte before it as the reasoning */
    for (size_t i = 0; i < sources->public_count; i++) {
        add_text(buffer, sources->public_texts[i], INPUT_BREAK);
    }
}

/* Builds the pattern from a buffer that starts with the sources and is closed. */
static seq_outcome build_pattern(seq_pattern *pattern, const seq_buffer *buffer, const seq_sources *sources)
{
    const size_t segments = sources->reasoning_count;
    const uint32_t *ends = buffer->ends;
    pattern->cot = buffer->text + SEQ_SLACK;
    pattern->size = segments ? ends[segments - 1] - SEQ_SLACK : 0;
    if (!prepare(pattern) || !ensure(&pattern->marked_block, (sources->public_count + 1) * sizeof(uint64_t))) {
        return OUTCOME_MEMORY;
    }
    uint64_t *marked = pattern->marked_block.data;
    for (size_t i = 0; i < sources->public_count; i++) {
        const ptrdiff_t first = sources->firsts[i];
        const size_t base = first > 0 && first < (ptrdiff_t)segments ? ends[first - 1] + 1 - SEQ_SLACK : 0;
        const size_t low = (size_t)ends[segments + i] + 1, high = ends[segments + i + 1];
        marked[i] = first < (ptrdiff_t)segments ? mark_public(pattern, base, buffer->text, low, high) : 0;
    }
    finish_marks(pattern, segments ? segments - 1 : 0);
    return OUTCOME_GOOD;
}

#endif
