/* The matching kernel: the Python side. normaliser.py, flags.py, sketch.py and oracle.py state what it computes, bit by bit.
 *
 *   _kernel_text.h     normaliser
 *   _kernel_flags.h    hints at further decoding layers
 *   _kernel_seeds.h    minimiser seeds
 *   _kernel_match.h    pattern, runs, chains, sketch
 *   _kernel_episode.h  one episode
 *
 * Limited C API of Python 3.11; links nothing. Global state is written by configure() at import and only read afterwards.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_kernel_episode.h"
#include "_kernel_sketch.h"

/* ---- texts borrowed from Python --------------------------------------------------------------------------------------------- */

typedef struct {
    seq_block texts_block, objects_block, buffers_block;
    size_t texts, objects, buffers;
} seq_loans;

static void return_loans(seq_loans *loans)
{
    PyObject **objects = loans->objects_block.data;
    Py_buffer *buffers = loans->buffers_block.data;
    for (size_t i = 0; i < loans->objects; i++) {
        Py_DECREF(objects[i]);
    }
    for (size_t i = 0; i < loans->buffers; i++) {
        PyBuffer_Release(&buffers[i]);
    }
    release(&loans->texts_block);
    release(&loans->objects_block);
    release(&loans->buffers_block);
}

/* Steals the reference. */
static bool keep_object(seq_loans *loans, PyObject *object)
{
    if (object == NULL) {
        return false;
    }
    if (!ensure(&loans->objects_block, (loans->objects + 1) * sizeof(PyObject *))) {
        Py_DECREF(object);
        PyErr_NoMemory();
        return false;
    }
    ((PyObject **)loans->objects_block.data)[loans->objects++] = object;
    return true;
}

static bool add_loan(seq_loans *loans, const char *data, Py_ssize_t size)
{
    if (!ensure(&loans->texts_block, (loans->texts + 1) * sizeof(seq_text))) {
        PyErr_NoMemory();
        return false;
    }
    ((seq_text *)loans->texts_block.data)[loans->texts++] = (seq_text){(const uint8_t *)data, (size_t)size};
    return true;
}

static bool borrow_bytes(seq_loans *loans, PyObject *bytes)
{
    char *data;
    Py_ssize_t size;
    return keep_object(loans, bytes) && PyBytes_AsStringAndSize(bytes, &data, &size) == 0 && add_loan(loans, data, size);
}

static bool borrow_text(seq_loans *loans, PyObject *text)
{
    if (PyUnicode_Check(text)) {
        Py_ssize_t size;
        const char *data = PyUnicode_AsUTF8AndSize(text, &size);
        if (data == NULL) { /* lone surrogates */
            if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
                return false;
            }
            PyErr_Clear();
            return borrow_bytes(loans, PyUnicode_AsEncodedString(text, "utf-8", "replace"));
        }
        Py_INCREF(text);
        return keep_object(loans, text) && add_loan(loans, data, size);
    }
    if (PyBytes_Check(text)) {
        Py_INCREF(text);
        return borrow_bytes(loans, text);
    }
    if (!ensure(&loans->buffers_block, (loans->buffers + 1) * sizeof(Py_buffer))) {
        PyErr_NoMemory();
        return false;
    }
    Py_buffer *buffer = (Py_buffer *)loans->buffers_block.data + loans->buffers;
    if (PyObject_GetBuffer(text, buffer, PyBUF_SIMPLE) < 0) {
        return false;
    }
    loans->buffers++;
    return add_loan(loans, buffer->buf, buffer->len);
}

/* A sequence as a list or tuple that is kept, and its size; NULL on error. */
static PyObject *borrow_sequence(seq_loans *loans, PyObject *sequence, size_t *size)
{
    if (sequence == NULL || PyUnicode_Check(sequence) || PyBytes_Check(sequence)) {
        if (sequence != NULL) {
            PyErr_SetString(PyExc_TypeError, "expected a sequence of texts, not one text");
        }
        return NULL;
    }
    PyObject *fast = PySequence_Fast(sequence, "expected a sequence");
    if (!keep_object(loans, fast)) {
        return NULL;
    }
    *size = (size_t)(PyTuple_Check(fast) ? PyTuple_Size(fast) : PyList_Size(fast));
    return fast;
}

/* Borrowed. */
static PyObject *item(PyObject *fast, size_t i)
{
    return PyTuple_Check(fast) ? PyTuple_GetItem(fast, (Py_ssize_t)i) : PyList_GetItem(fast, (Py_ssize_t)i);
}

static bool borrow_texts(seq_loans *loans, PyObject *sequence, size_t *count)
{
    PyObject *fast = borrow_sequence(loans, sequence, count);
    if (fast == NULL) {
        return false;
    }
    for (size_t i = 0; i < *count; i++) {
        PyObject *text = item(fast, i);
        if (text == NULL || !borrow_text(loans, text)) {
            return false;
        }
    }
    return true;
}

static bool borrow_public(seq_loans *loans, PyObject *sequence, seq_block *firsts, size_t *total, size_t *count)
{
    PyObject *fast = borrow_sequence(loans, sequence, count);
    if (fast == NULL) {
        return false;
    }
    if (!ensure(firsts, (*total + *count + 1) * sizeof(ptrdiff_t))) {
        PyErr_NoMemory();
        return false;
    }
    for (size_t i = 0; i < *count; i++) {
        size_t size;
        PyObject *pair = borrow_sequence(loans, item(fast, i), &size);
        if (pair == NULL) {
            return false;
        }
        if (size != 2) {
            PyErr_SetString(PyExc_ValueError, "public texts are pairs (text, first segment)");
            return false;
        }
        Py_ssize_t first = PyLong_AsSsize_t(item(pair, 1));
        if ((first == -1 && PyErr_Occurred()) || !borrow_text(loans, item(pair, 0))) {
            return false;
        }
        ((ptrdiff_t *)firsts->data)[(*total)++] = first;
    }
    return true;
}

static bool raised(seq_outcome outcome)
{
    if (outcome == OUTCOME_MEMORY) {
        PyErr_NoMemory();
    } else if (outcome == OUTCOME_TOO_LONG) {
        PyErr_SetString(PyExc_OverflowError, "texts of one episode exceed 4 GB");
    }
    return outcome != OUTCOME_GOOD;
}

/* Steals the items; NULL if one of them is NULL. */
static PyObject *tuple_of(size_t count, PyObject **items)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; i < count; i++) {
        if (tuple != NULL && items[i] != NULL) {
            PyTuple_SetItem(tuple, (Py_ssize_t)i, items[i]);
        } else {
            Py_XDECREF(items[i]);
            Py_CLEAR(tuple);
        }
    }
    return tuple;
}

static PyObject *run_tuple(const seq_run *run)
{
    PyObject *items[] = {
        PyLong_FromUnsignedLong(run->field),  PyLong_FromUnsignedLong(run->cot),
        PyLong_FromUnsignedLong(run->at),     PyLong_FromUnsignedLong(run->length),
        PyLong_FromUnsignedLong(run->private_length),
    };
    return tuple_of(5, items);
}

/* [(private, (run, ...)), ...] */
static PyObject *chain_list(const seq_chain *chains, size_t count, const seq_run *runs)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *members = PyTuple_New((Py_ssize_t)chains[i].runs);
        for (size_t k = 0; members != NULL && k < chains[i].runs; k++) {
            PyObject *run = run_tuple(runs++);
            if (run == NULL) {
                Py_CLEAR(members);
            } else {
                PyTuple_SetItem(members, (Py_ssize_t)k, run);
            }
        }
        PyObject *pair[] = {PyLong_FromUnsignedLongLong(chains[i].private_length), members};
        PyObject *chain = tuple_of(2, pair);
        if (chain == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SetItem(list, (Py_ssize_t)i, chain);
        }
    }
    return list;
}

/* ---- Pattern ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    seq_buffer buffer;
    seq_pattern pattern;
} PatternObject;

static void pattern_dealloc(PatternObject *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    release_buffer(&self->buffer);
    release_pattern(&self->pattern);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyObject *pattern_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *reasoning, *public_texts;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "OO", &reasoning, &public_texts)) {
        return NULL;
    }
    PatternObject *self = (PatternObject *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
    if (self == NULL) {
        return NULL;
    }
    seq_loans loans = {0};
    seq_block firsts = {0};
    size_t segments = 0, publics = 0, total = 0;
    bool good = borrow_texts(&loans, reasoning, &segments) && borrow_public(&loans, public_texts, &firsts, &total, &publics);
    if (good) {
        const seq_text *texts = loans.texts_block.data;
        const seq_sources sources = {texts, segments, texts + segments, firsts.data, publics};
        seq_outcome outcome;
        Py_BEGIN_ALLOW_THREADS
        outcome = reset_buffer(&self->buffer, texts, segments + publics);
        if (outcome == OUTCOME_GOOD) {
            add_sources(&self->buffer, &sources);
            outcome = find_seeds(&self->buffer);
        }
        if (outcome == OUTCOME_GOOD) {
            outcome = build_pattern(&self->pattern, &self->buffer, &sources);
        }
        Py_END_ALLOW_THREADS
        good = !raised(outcome);
    }
    release(&firsts);
    return_loans(&loans);
    if (!good) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static PyObject *pattern_scan(PatternObject *self, PyObject *fields)
{
    seq_loans loans = {0};
    seq_buffer buffer = {0};
    seq_found found = {0};
    seq_block starts = {0};
    size_t count = 0;
    PyObject *result = NULL;
    if (borrow_texts(&loans, fields, &count)) {
        seq_outcome outcome;
        Py_BEGIN_ALLOW_THREADS
        outcome = reset_buffer(&buffer, loans.texts_block.data, count);
        if (outcome == OUTCOME_GOOD && !ensure(&starts, (count + 1) * sizeof(uint32_t))) {
            outcome = OUTCOME_MEMORY;
        }
        if (outcome == OUTCOME_GOOD) {
            for (size_t i = 0; i < count; i++) {
                ((uint32_t *)starts.data)[i] = (uint32_t)buffer.size;
                add_text(&buffer, ((const seq_text *)loans.texts_block.data)[i], INPUT_BREAK);
            }
            outcome = find_seeds(&buffer);
        }
        if (outcome == OUTCOME_GOOD) {
            const seq_call call = {buffer.text, SEQ_SLACK, buffer.size - (count != 0), &buffer.seeds, 0, buffer.seeds.count, starts.data, count};
            outcome = find_chains(&self->pattern, &call, &found) ? OUTCOME_GOOD : OUTCOME_MEMORY;
        }
        Py_END_ALLOW_THREADS
        result = raised(outcome) ? NULL : chain_list(found.chains_block.data, found.chains, found.runs_block.data);
    }
    release(&starts);
    release_found(&found);
    release_buffer(&buffer);
    return_loans(&loans);
    return result;
}

static PyObject *pattern_length(PatternObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLongLong(self->pattern.length);
}

static PyObject *pattern_private(PatternObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLongLong(self->pattern.private_length);
}

static PyMethodDef pattern_methods[] = {
    {"scan", (PyCFunction)(void (*)(void))pattern_scan, METH_O, "scan(fields) -> chains"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef pattern_getters[] = {
    {"length", (getter)(void (*)(void))pattern_length, NULL, "normalised bytes", NULL},
    {"private", (getter)(void (*)(void))pattern_private, NULL, "normalised bytes that are not public", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot pattern_slots[] = {
    {Py_tp_new, (void *)pattern_new},
    {Py_tp_dealloc, (void *)pattern_dealloc},
    {Py_tp_methods, pattern_methods},
    {Py_tp_getset, pattern_getters},
    {0, NULL},
};

static PyType_Spec pattern_spec = {"sequester.exposure._kernel.Pattern", sizeof(PatternObject), 0, Py_TPFLAGS_DEFAULT, pattern_slots};

/* ---- screen ----------------------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t first_text, reasoning, publics, first_public, first_call, calls;
    uint64_t length, private_length;
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
    seq_block firsts, episodes, calls, flags, starts, marked;
    size_t first_count, episode_count, call_count, field_count;
    seq_buffer buffer;
    seq_pattern pattern;
    seq_found found;
    seq_sketch sketch;
} seq_batch;

static void release_batch(seq_batch *batch)
{
    return_loans(&batch->loans);
    release(&batch->firsts);
    release(&batch->episodes);
    release(&batch->calls);
    release(&batch->flags);
    release(&batch->starts);
    release(&batch->marked);
    release_buffer(&batch->buffer);
    release_pattern(&batch->pattern);
    release_found(&batch->found);
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
    if (!borrow_texts(&batch->loans, item(parts, 0), &episode.reasoning) ||
        !borrow_public(&batch->loans, item(parts, 1), &batch->firsts, &batch->first_count, &episode.publics) ||
        !borrow_calls(batch, item(parts, 2), &episode)) {
        return false;
    }
    ((seq_episode *)batch->episodes.data)[batch->episode_count++] = episode;
    return true;
}

/* Normalises the fields of all calls of an episode behind its sources, and notes their starts and flags. */
static void add_calls(seq_batch *batch, const seq_episode *episode, const seq_text *texts)
{
    seq_scored *calls = (seq_scored *)batch->calls.data + episode->first_call;
    uint32_t *starts = batch->starts.data;
    uint8_t *flags = batch->flags.data;
    for (size_t i = 0; i < episode->calls; i++) {
        for (size_t k = 0; k < calls[i].fields; k++, texts++) {
            const size_t field = calls[i].first_field + k;
            starts[field] = (uint32_t)batch->buffer.size;
            const seq_normalised counted = add_text(&batch->buffer, *texts, INPUT_BREAK);
            flags[field] = (uint8_t)flags_of(texts->data, texts->size, &counted);
            calls[i].flagged |= flags[field] != 0;
        }
    }
}

static seq_outcome screen_calls(seq_batch *batch, const seq_episode *episode)
{
    seq_scored *calls = (seq_scored *)batch->calls.data + episode->first_call;
    const seq_buffer *buffer = &batch->buffer;
    const uint32_t *ends = buffer->breaks + 1 + episode->reasoning + 1 + episode->publics;
    size_t from = batch->pattern.count;
    for (size_t i = 0; i < episode->calls; i++) {
        seq_found *found = &batch->found;
        calls[i].first_run = found->runs;
        calls[i].first_chain = found->chains;
        if (calls[i].fields != 0) {
            const uint32_t *starts = (const uint32_t *)batch->starts.data + calls[i].first_field;
            const size_t end = ends[calls[i].fields - 1];
            from = seeds_until(&buffer->seeds, from, starts[0]);
            const size_t to = seeds_until(&buffer->seeds, from, end);
            const seq_call call = {buffer->text, starts[0], end, &buffer->seeds, from, to, starts, calls[i].fields};
            if (!find_chains(&batch->pattern, &call, found)) {
                return OUTCOME_MEMORY;
            }
            if (batch->sketch.slots != NULL) {
                note_foreign(&batch->sketch, &call, found, calls[i].first_run);
            }
            from = to;
            ends += calls[i].fields;
        }
        calls[i].chains = found->chains - calls[i].first_chain;
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
        outcome = find_seeds(&batch->buffer);
    }
    if (outcome == OUTCOME_GOOD) {
        outcome = build_pattern(&batch->pattern, &batch->buffer, &sources);
    }
    if (outcome != OUTCOME_GOOD) {
        return outcome;
    }
    memcpy((uint64_t *)batch->marked.data + episode->first_public, batch->pattern.marked_block.data, episode->publics * sizeof(uint64_t));
    episode->length = batch->pattern.length;
    episode->private_length = batch->pattern.private_length;
    return screen_calls(batch, episode);
}

static PyObject *hit_tuple(const seq_batch *batch, const seq_scored *call)
{
    const seq_chain *chains = (const seq_chain *)batch->found.chains_block.data + call->first_chain;
    const seq_run *runs = (const seq_run *)batch->found.runs_block.data + call->first_run;
    const uint8_t *flags = (const uint8_t *)batch->flags.data + call->first_field;
    PyObject *flag_tuple = PyTuple_New((Py_ssize_t)call->fields);
    for (size_t i = 0; flag_tuple != NULL && i < call->fields; i++) {
        PyTuple_SetItem(flag_tuple, (Py_ssize_t)i, PyLong_FromLong(flags[i]));
    }
    PyObject *items[] = {PyLong_FromSize_t(call->episode), PyLong_FromSize_t(call->number), chain_list(chains, call->chains, runs), flag_tuple};
    return tuple_of(4, items);
}

/* (lengths, privates, bytes marked per public text, all as bytes of uint64; hits) */
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
    PyObject *items[] = {lengths, privates, marked, hits};
    return tuple_of(4, items);
}

/* The buffers of a sketch: its table, and its place there. */
typedef struct {
    Py_buffer table, place;
} seq_tables;

static void close_sketch(seq_tables *tables)
{
    if (tables->table.obj != NULL) {
        PyBuffer_Release(&tables->table);
    }
    if (tables->place.obj != NULL) {
        PyBuffer_Release(&tables->place);
    }
}

static bool open_sketch(seq_batch *batch, PyObject *table, PyObject *place, seq_tables *tables)
{
    if (table == NULL) {
        return true;
    }
    if (PyObject_GetBuffer(table, &tables->table, PyBUF_WRITABLE) < 0 || PyObject_GetBuffer(place, &tables->place, PyBUF_WRITABLE) < 0) {
        return false;
    }
    const Py_ssize_t size = tables->table.len;
    unsigned bits = 0;
    while (bits < 40 && ((Py_ssize_t)4 << bits) < size) {
        bits++;
    }
    if (((Py_ssize_t)4 << bits) != size || bits < 6 || tables->place.len != 2 * sizeof(uint32_t) ||
        ((uintptr_t)tables->table.buf | (uintptr_t)tables->place.buf) % sizeof(uint32_t) != 0) {
        PyErr_SetString(PyExc_ValueError, "a sketch has a power of two of 4-byte slots, at least 64, and a place of two numbers");
        return false;
    }
    batch->sketch = sketch_of(tables->table.buf, bits, tables->place.buf);
    return true;
}

static PyObject *screen(PyObject *module, PyObject *args)
{
    PyObject *episodes, *table = NULL, *place = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "O|OO", &episodes, &table, &place)) {
        return NULL;
    }
    if ((table == NULL) != (place == NULL)) {
        PyErr_SetString(PyExc_TypeError, "a sketch is a table and a place in it");
        return NULL;
    }
    seq_batch batch = {0};
    seq_tables sketch = {0};
    size_t count = 0;
    PyObject *result = NULL, *fast = borrow_sequence(&batch.loans, episodes, &count);
    bool good = fast != NULL && open_sketch(&batch, table, place, &sketch);
    for (size_t i = 0; good && i < count; i++) {
        good = borrow_episode(&batch, item(fast, i));
    }
    if (good && (!ensure(&batch.flags, batch.field_count + 1) || !ensure(&batch.starts, (batch.field_count + 1) * sizeof(uint32_t)) ||
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
    if (good && table != NULL) {
        memcpy(sketch.place.buf, (uint32_t[]){batch.sketch.block, batch.sketch.filled}, 2 * sizeof(uint32_t));
    }
    close_sketch(&sketch);
    release_batch(&batch);
    return result;
}

/* ---- module ----------------------------------------------------------------------------------------------------------------- */

static PyObject *normalise(PyObject *module, PyObject *text)
{
    seq_loans loans = {0};
    PyObject *result = NULL;
    (void)module;
    if (borrow_text(&loans, text)) {
        const seq_text given = *(const seq_text *)loans.texts_block.data;
        seq_block out = {0};
        seq_normalised found = {0};
        bool good = given.size < SIZE_MAX / 2 - SEQ_SLACK;
        Py_BEGIN_ALLOW_THREADS
        good = good && ensure(&out, given.size + SEQ_SLACK);
        if (good) {
            found = normalise_text(given.data, given.size, out.data);
        }
        Py_END_ALLOW_THREADS
        if (good) {
            PyObject *items[] = {PyBytes_FromStringAndSize(out.data, (Py_ssize_t)found.size), PyLong_FromUnsignedLongLong(found.odd),
                                 PyLong_FromUnsignedLongLong(found.wide)};
            result = tuple_of(3, items);
        } else {
            PyErr_NoMemory();
        }
        release(&out);
    }
    return_loans(&loans);
    return result;
}

static bool has_avx512(void)
{
#if SEQ_X86
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("gfni") && __builtin_cpu_supports("bmi2");
#else
    return false;
#endif
}

static bool has_avx2(void)
{
#if SEQ_X86
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#else
    return false;
#endif
}

static PyObject *levels(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    if (has_avx512()) {
        return Py_BuildValue("(sss)", "avx512", "avx2", "scalar");
    }
    return has_avx2() ? Py_BuildValue("(ss)", "avx2", "scalar") : Py_BuildValue("(s)", "scalar");
}

static uint8_t product(uint8_t a, uint8_t b)
{
    uint8_t result = 0;
    for (; b != 0; b >>= 1) {
        result ^= b & 1 ? a : 0;
        a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1B : 0));
    }
    return result;
}

static bool in(int c, const char *characters)
{
    return c != 0 && strchr(characters, c) != NULL;
}

static void classify(void)
{
    for (int c = 0; c < 128; c++) {
        bool hex = hex_value((uint8_t)c) >= 0, digit = c >= '0' && c <= '9';
        tables.ascii[c] = (uint8_t)tables.bmp[c];
        tables.classes[c] = (uint8_t)((c == '\\' ? CLASS_BACKSLASH : 0) | (in(c, "nrt") ? CLASS_NRT : 0) | (in(c, "uUx") ? CLASS_CODE : 0) |
                                      (hex ? CLASS_HEX : 0) | (hex && c < 'a' ? CLASS_UPPER_HEX : 0) | (c == '%' ? CLASS_PERCENT : 0) |
                                      (c == '=' ? CLASS_EQUALS : 0) | (c == '&' || c == '<' ? CLASS_MARKUP : 0));
        tables.flag_classes[c] =
            (uint8_t)((is_alnum((uint8_t)c) || in(c, "+/_=-") ? HINT_TOKEN : 0) | (digit || in(c, ",[]-\"\\n \t\r\n") ? HINT_NUMBER : 0) |
                      (hex ? HINT_HEX : 0) | (in(c, " :,\n-") ? HINT_GAP : 0) | (in(c, "\\%") ? HINT_SIGN : 0) |
                      ((digit && c < '8') || in(c, "uU") ? HINT_AFTER : 0) | (c == '=' ? HINT_EQUALS : 0) | (in(c, "\n\r") ? HINT_BREAK : 0));
    }
    for (int bit = 0; bit < 8; bit++) {
        memset(tables.bits[bit], 1 << bit, sizeof tables.bits[bit]);
    }
    for (int x = 0; x < 256; x++) {
        tables.product[0][x] = product((uint8_t)x, 0x1D);
        tables.product[1][x] = product((uint8_t)x, 0x53);
        tables.product[2][x] = product((uint8_t)x, 0xB7);
    }
}

static bool fill_names(seq_name *names, const Py_buffer *packed, size_t width)
{
    const size_t count = (size_t)packed->len / width;
    if ((size_t)packed->len % width != 0 || count > SEQ_NAMES / 2) {
        return false;
    }
    memset(names, 0, SEQ_NAMES * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *from = (const uint8_t *)packed->buf + i * width;
        const uint64_t key = load64(from);
        const uint32_t code = width == 12 ? (uint32_t)(from[8] | from[9] << 8 | from[10] << 16) : 0;
        size_t slot = name_slot(key);
        while (names[slot].key != 0) {
            slot = (slot + 1) % SEQ_NAMES;
        }
        names[slot] = (seq_name){key, code};
    }
    return true;
}

static PyObject *configure(PyObject *module, PyObject *args)
{
    const char *level;
    Py_buffer bmp, astral, expansions, entities, tags;
    (void)module;
    if (!PyArg_ParseTuple(args, "sy*y*y*y*y*", &level, &bmp, &astral, &expansions, &entities, &tags)) {
        return NULL;
    }
    bool good = bmp.len == sizeof tables.bmp && astral.len == sizeof tables.astral && expansions.len <= (Py_ssize_t)sizeof tables.expansions;
    int number = strcmp(level, "avx512") == 0 && has_avx512() ? LEVEL_AVX512
                 : strcmp(level, "avx2") == 0 && has_avx2()   ? LEVEL_AVX2
                 : strcmp(level, "scalar") == 0               ? LEVEL_SCALAR
                                                              : -1;
    if (good && number >= 0) {
        tables.level = number;
        memcpy(tables.bmp, bmp.buf, (size_t)bmp.len);
        memcpy(tables.astral, astral.buf, (size_t)astral.len);
        memcpy(tables.expansions, expansions.buf, (size_t)expansions.len);
        good = fill_names(tables.entities, &entities, 12) && fill_names(tables.tags, &tags, 8);
        classify();
    }
    PyBuffer_Release(&bmp);
    PyBuffer_Release(&astral);
    PyBuffer_Release(&expansions);
    PyBuffer_Release(&entities);
    PyBuffer_Release(&tags);
    if (!good || number < 0) {
        PyErr_SetString(PyExc_ValueError, "tables of another shape, or a level this machine lacks");
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"configure", configure, METH_VARARGS, "configure(level, bmp, astral, expansions, entities, tags)"},
    {"levels", levels, METH_NOARGS, "levels() -> names of the instruction sets this machine has, best first"},
    {"normalise", normalise, METH_O, "normalise(text) -> (normalised, odd, wide)"},
    {"screen", screen, METH_VARARGS, "screen(episodes[, table and place of a sketch]) -> (lengths, privates, marked, hits)"},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &pattern_spec, NULL);
    if (type == NULL) {
        return -1;
    }
    int outcome = PyModule_AddObjectRef(module, "Pattern", type);
    Py_DECREF(type);
    return outcome;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_kernel", .m_doc = "The matching kernel; see matching.py.", .m_size = 0,
    .m_methods = methods,  .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModuleDef_Init(&definition);
}
