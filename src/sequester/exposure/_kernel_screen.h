/* The function screen(): a batch of episodes. */
#ifndef SEQUESTER_KERNEL_SCREEN_H
#define SEQUESTER_KERNEL_SCREEN_H

#include "_kernel_borrow.h"
#include "_kernel_samples.h"
#include "_kernel_sections.h"

typedef struct {
    size_t first_text, reasoning, publics, first_public, first_call, calls;
    uint64_t length, private_length;
    bool is_sampled_only; /* its calls are not searched */
} seq_episode;

typedef struct {
    size_t first_field; /* among all fields of the batch */
    size_t fields;
    size_t episode, number;
    size_t first_run, first_chain, chains;
    bool flagged;
} seq_scored;

typedef struct {
    seq_loans loans;
    seq_block firsts, episodes, calls, flags, starts, counted, marked;
    size_t first_count, episode_count, call_count, field_count;
    seq_buffer buffer;
    seq_pattern pattern;
    seq_found found;
    seq_sketch sketch;
    seq_samples samples;
    bool densely; /* sampled */
    const uint32_t *own; /* per episode: how many of its public texts are its own output; NULL where nothing is sampled */
    seq_judge judge;
} seq_batch;

static void release_batch(seq_batch *batch)
{
    return_loans(&batch->loans);
    release(&batch->firsts);
    release(&batch->episodes);
    release(&batch->calls);
    release(&batch->flags);
    release(&batch->starts);
    release(&batch->counted);
    release(&batch->marked);
    release_buffer(&batch->buffer);
    release_pattern(&batch->pattern);
    release_found(&batch->found);
    release_samples(&batch->samples);
    release_judge(&batch->judge);
}

static bool borrow_calls(seq_batch *batch, PyObject *calls, seq_episode *episode)
{
    PyObject *fast = borrow_sequence(&batch->loans, calls, &episode->calls);
    if (fast == NULL) {
        return false;
    }
    episode->first_call = batch->call_count;
    for (size_t i = 0; i < episode->calls; i++) {
        seq_scored call = {.first_field = batch->field_count, .episode = batch->episode_count, .number = i};
        if (!ensure(&batch->calls, (batch->call_count + 1) * sizeof(seq_scored))) {
            PyErr_NoMemory();
            return false;
        }
        if (!borrow_texts(&batch->loans, item(fast, i), &call.fields)) {
            return false;
        }
        batch->field_count += call.fields;
        ((seq_scored *)batch->calls.data)[batch->call_count++] = call;
    }
    return true;
}

static bool borrow_episode(seq_batch *batch, PyObject *object)
{
    size_t size;
    seq_episode episode = {.first_text = batch->loans.texts, .first_public = batch->first_count};
    PyObject *parts = borrow_sequence(&batch->loans, object, &size);
    if (parts == NULL) {
        return false;
    }
    if (size != 3) {
        PyErr_SetString(PyExc_ValueError, "an episode is (reasoning, public, calls)");
        return false;
    }
    if (!ensure(&batch->episodes, (batch->episode_count + 1) * sizeof(seq_episode))) {
        PyErr_NoMemory();
        return false;
    }
    episode.is_sampled_only = item(parts, 0) == Py_None;
    if ((!episode.is_sampled_only && !borrow_texts(&batch->loans, item(parts, 0), &episode.reasoning)) ||
        !borrow_public(&batch->loans, item(parts, 1), &batch->firsts, &batch->first_count, &episode.publics) ||
        !borrow_calls(batch, item(parts, 2), &episode)) {
        return false;
    }
    ((seq_episode *)batch->episodes.data)[batch->episode_count++] = episode;
    return true;
}

/* Normalises the fields of all calls of an episode behind its sources, and notes their starts. */
static void add_calls(seq_batch *batch, const seq_episode *episode, const seq_text *texts)
{
    const seq_scored *calls = (const seq_scored *)batch->calls.data + episode->first_call;
    uint32_t *starts = batch->starts.data;
    seq_normalised *counted = batch->counted.data;
    for (size_t i = 0; i < episode->calls; i++) {
        for (size_t field = calls[i].first_field; field < calls[i].first_field + calls[i].fields; field++, texts++) {
            starts[field] = (uint32_t)batch->buffer.size;
            counted[field] = add_text(&batch->buffer, *texts, INPUT_BREAK);
        }
    }
}

/* Flags the fields of a call. */
static seq_outcome flag_fields(seq_batch *batch, seq_scored *call, const seq_sources *sources, const seq_text *texts)
{
    const seq_normalised *counted = (const seq_normalised *)batch->counted.data + call->first_field;
    const uint64_t known = longest_chain(&batch->found, call->first_chain);
    uint32_t *flags = (uint32_t *)batch->flags.data + call->first_field;
    for (size_t i = 0; i < call->fields; i++) {
        const seq_outcome outcome =
            flag_field(&batch->judge, sources, &batch->pattern, call->episode, known, texts[i], &counted[i], &flags[i]);
        if (outcome != OUTCOME_GOOD) {
            return outcome;
        }
        call->flagged |= flags[i] != 0;
    }
    return OUTCOME_GOOD;
}

static seq_outcome screen_calls(seq_batch *batch, const seq_episode *episode, const seq_sources *sources, const seq_text *texts)
{
    seq_scored *calls = (seq_scored *)batch->calls.data + episode->first_call;
    const seq_buffer *buffer = &batch->buffer;
    const uint32_t *ends = buffer->ends + episode->reasoning + 1 + episode->publics;
    for (size_t i = 0; i < episode->calls; i++) {
        seq_found *found = &batch->found;
        calls[i].first_run = found->runs;
        calls[i].first_chain = found->chains;
        if (calls[i].fields != 0) {
            const uint32_t *starts = (const uint32_t *)batch->starts.data + calls[i].first_field;
            const seq_call call = {buffer->text, starts[0], ends[calls[i].fields - 1], starts, calls[i].fields};
            if (!find_chains(&batch->pattern, &call, found)) {
                return OUTCOME_MEMORY;
            }
            if (batch->sketch.slots != NULL) {
                note_foreign(&batch->sketch, &call, found, calls[i].first_run);
            }
            ends += calls[i].fields;
        }
        calls[i].chains = found->chains - calls[i].first_chain;
        const seq_outcome outcome = flag_fields(batch, &calls[i], sources, texts);
        if (outcome != OUTCOME_GOOD) {
            return outcome;
        }
        texts += calls[i].fields;
    }
    return OUTCOME_GOOD;
}

static seq_outcome screen_episode(seq_batch *batch, size_t number)
{
    seq_episode *episode = (seq_episode *)batch->episodes.data + number;
    const seq_text *texts = (const seq_text *)batch->loans.texts_block.data + episode->first_text;
    const size_t next = number + 1 < batch->episode_count ? episode[1].first_text : batch->loans.texts;
    const seq_sources sources = {texts, episode->reasoning, texts + episode->reasoning,
                                 (const ptrdiff_t *)batch->firsts.data + episode->first_public, episode->publics};
    seq_outcome outcome = reset_buffer(&batch->buffer, texts, next - episode->first_text);
    if (outcome == OUTCOME_GOOD) {
        add_sources(&batch->buffer, &sources);
        add_calls(batch, episode, texts + episode->reasoning + episode->publics);
        close_buffer(&batch->buffer);
        outcome = build_pattern(&batch->pattern, &batch->buffer, &sources);
    }
    if (outcome != OUTCOME_GOOD) {
        return outcome;
    }
    memcpy((uint64_t *)batch->marked.data + episode->first_public, batch->pattern.marked_block.data, episode->publics * sizeof(uint64_t));
    episode->length = batch->pattern.length;
    episode->private_length = batch->pattern.private_length;
    if (batch->own != NULL && !sample_episode(&batch->samples, &batch->buffer, &batch->pattern, episode->reasoning, episode->publics,
                                              batch->own[number] < episode->publics ? batch->own[number] : episode->publics, batch->densely)) {
        return OUTCOME_MEMORY;
    }
    if (episode->is_sampled_only) {
        return OUTCOME_GOOD;
    }
    return screen_calls(batch, episode, &sources, texts + episode->reasoning + episode->publics);
}

static PyObject *hit_tuple(const seq_batch *batch, const seq_scored *call)
{
    const seq_chain *chains = (const seq_chain *)batch->found.chains_block.data + call->first_chain;
    const seq_run *runs = (const seq_run *)batch->found.runs_block.data + call->first_run;
    const uint32_t *flags = (const uint32_t *)batch->flags.data + call->first_field;
    PyObject *flag_tuple = PyTuple_New((Py_ssize_t)call->fields);
    for (size_t i = 0; flag_tuple != NULL && i < call->fields; i++) {
        PyTuple_SetItem(flag_tuple, (Py_ssize_t)i, PyLong_FromUnsignedLong(flags[i]));
    }
    PyObject *items[] = {PyLong_FromSize_t(call->episode), PyLong_FromSize_t(call->number), chain_list(chains, call->chains, runs),
                         flag_tuple};
    return tuple_of(4, items);
}

/* (lengths, privates, bytes marked per public text, all as bytes of uint64; hits; where wanted, sampled windows and their counts) */
static PyObject *batch_result(const seq_batch *batch)
{
    const seq_episode *episodes = batch->episodes.data;
    const seq_scored *calls = batch->calls.data;
    PyObject *lengths = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(batch->episode_count * 8));
    PyObject *privates = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(batch->episode_count * 8));
    PyObject *hits = PyList_New(0);
    for (size_t i = 0; lengths != NULL && privates != NULL && i < batch->episode_count; i++) {
        memcpy(PyBytes_AsString(lengths) + 8 * i, &episodes[i].length, 8);
        memcpy(PyBytes_AsString(privates) + 8 * i, &episodes[i].private_length, 8);
    }
    for (size_t i = 0; hits != NULL && i < batch->call_count; i++) {
        if (calls[i].chains == 0 && !calls[i].flagged) {
            continue;
        }
        PyObject *hit = hit_tuple(batch, &calls[i]);
        if (hit == NULL || PyList_Append(hits, hit) < 0) {
            Py_CLEAR(hits);
        }
        Py_XDECREF(hit);
    }
    PyObject *marked = PyBytes_FromStringAndSize(batch->first_count ? batch->marked.data : NULL, (Py_ssize_t)(batch->first_count * 8));
    if (batch->own == NULL) {
        PyObject *items[] = {lengths, privates, marked, hits};
        return tuple_of(4, items);
    }
    const seq_samples *samples = &batch->samples;
    PyObject *windows = PyBytes_FromStringAndSize(samples->windows_block.data, (Py_ssize_t)(samples->windows * sizeof(uint64_t)));
    PyObject *counts = PyBytes_FromStringAndSize(samples->counts_block.data, (Py_ssize_t)(samples->counts * sizeof(uint32_t)));
    PyObject *items[] = {lengths, privates, marked, hits, windows, counts};
    return tuple_of(6, items);
}

/* The buffers of a sketch (its table, and its place there), and of the numbers of own texts. */
typedef struct {
    Py_buffer table, place, own;
} seq_tables;

static void close_sketch(seq_tables *tables)
{
    if (tables->table.obj != NULL) {
        PyBuffer_Release(&tables->table);
    }
    if (tables->place.obj != NULL) {
        PyBuffer_Release(&tables->place);
    }
    if (tables->own.obj != NULL) {
        PyBuffer_Release(&tables->own);
    }
}

/* What is to be sampled: one number of own texts per episode. */
static bool open_own(seq_batch *batch, PyObject *own, size_t episodes, seq_tables *tables)
{
    if (own == Py_None) {
        return true;
    }
    if (PyObject_GetBuffer(own, &tables->own, PyBUF_SIMPLE) < 0) {
        return false;
    }
    if ((size_t)tables->own.len != episodes * sizeof(uint32_t) || (episodes && (uintptr_t)tables->own.buf % sizeof(uint32_t) != 0)) {
        PyErr_SetString(PyExc_ValueError, "one 32-bit number of own texts per episode");
        return false;
    }
    static const uint32_t none = 0;
    batch->own = episodes ? tables->own.buf : &none;
    return true;
}

/* Slots in so many bytes, as a power of two; 0 if that is none from 1 << least on. */
static unsigned slot_bits(size_t size, unsigned least)
{
    unsigned bits = least;
    while (bits < 40 && (size_t)4 << bits < size) {
        bits++;
    }
    return (size_t)4 << bits == size ? bits : 0;
}

static unsigned sketch_bits(Py_ssize_t size)
{
    return slot_bits((size_t)size, 6);
}

static unsigned block_bits(size_t size)
{
    return slot_bits(size, 4);
}

/* The blocks that were lent, all of one size. */
static bool open_noted(const seq_loans *lent, seq_noted *noted)
{
    noted->blocks = lent->texts_block.data;
    noted->bits = noted->count ? block_bits(noted->blocks[0].size) : 0;
    for (size_t i = 0; i < noted->count; i++) {
        const seq_text block = noted->blocks[i];
        if (noted->bits == 0 || block.size != sizeof(uint32_t) << noted->bits || (uintptr_t)block.data % sizeof(uint32_t) != 0) {
            PyErr_SetString(PyExc_ValueError, "blocks of a sketch have one power of two of 4-byte slots, at least 16");
            return false;
        }
    }
    return true;
}

static bool open_sketch(seq_batch *batch, PyObject *table, PyObject *place, seq_tables *tables)
{
    if (table == Py_None) {
        return true;
    }
    if (PyObject_GetBuffer(table, &tables->table, PyBUF_WRITABLE) < 0 || PyObject_GetBuffer(place, &tables->place, PyBUF_WRITABLE) < 0) {
        return false;
    }
    const unsigned bits = sketch_bits(tables->table.len);
    if (bits == 0 || tables->place.len != 2 * sizeof(uint32_t) ||
        ((uintptr_t)tables->table.buf | (uintptr_t)tables->place.buf) % sizeof(uint32_t) != 0) {
        PyErr_SetString(PyExc_ValueError, "a sketch has a power of two of 4-byte slots, at least 64, and a place of two numbers");
        return false;
    }
    batch->sketch = sketch_of(tables->table.buf, bits, tables->place.buf);
    return true;
}

static PyObject *screen(PyObject *module, PyObject *args)
{
    PyObject *episodes, *table = Py_None, *place = Py_None, *own = Py_None;
    (void)module;
    int densely = 0;
    if (!PyArg_ParseTuple(args, "O|OOOp", &episodes, &table, &place, &own, &densely)) {
        return NULL;
    }
    if ((table == Py_None) != (place == Py_None)) {
        PyErr_SetString(PyExc_TypeError, "a sketch is a table and a place in it");
        return NULL;
    }
    seq_batch batch = {.densely = densely != 0};
    seq_tables sketch = {0};
    size_t count = 0;
    PyObject *result = NULL, *fast = borrow_sequence(&batch.loans, episodes, &count);
    bool good = fast != NULL && open_sketch(&batch, table, place, &sketch) && open_own(&batch, own, count, &sketch);
    for (size_t i = 0; good && i < count; i++) {
        good = borrow_episode(&batch, item(fast, i));
    }
    if (good && (!ensure(&batch.flags, (batch.field_count + 1) * sizeof(uint32_t)) || !ensure(&batch.starts, (batch.field_count + 1) * sizeof(uint32_t)) ||
                 !ensure(&batch.counted, (batch.field_count + 1) * sizeof(seq_normalised)) ||
                 !ensure(&batch.marked, (batch.first_count + 1) * sizeof(uint64_t)))) {
        PyErr_NoMemory();
        good = false;
    }
    if (good) {
        seq_outcome outcome = OUTCOME_GOOD;
        Py_BEGIN_ALLOW_THREADS
        for (size_t i = 0; outcome == OUTCOME_GOOD && i < batch.episode_count; i++) {
            outcome = screen_episode(&batch, i);
        }
        Py_END_ALLOW_THREADS
        result = raised(outcome) ? NULL : batch_result(&batch);
    }
    if (good && table != Py_None) {
        memcpy(sketch.place.buf, (uint32_t[]){batch.sketch.block, batch.sketch.filled}, 2 * sizeof(uint32_t));
    }
    close_sketch(&sketch);
    release_batch(&batch);
    return result;
}

#endif
