/* The matching kernel: the Python side. normaliser.py, flags.py, rearranged.py, sketch.py and oracle.py state what it computes, bit by bit.
 *
 *   the text      _kernel_tables.h (instruction sets, tables)  _kernel_units.h (one character)  _kernel_text.h (normaliser)
 *   matching      _kernel_grams.h (index)  _kernel_pattern.h (reasoning, public text)  _kernel_entropy.h (text that says too little)
 *                 _kernel_pieces.h, _kernel_chains.h (runs, and what they join to)  _kernel_sketch.h (windows that others hold)
 *   encodings     _kernel_flags.h (what is judged)  _kernel_tokens.h, _kernel_numbers.h, _kernel_base85.h, _kernel_escapes.h
 *   cut-up text   _kernel_marks.h, _kernel_strings.h, _kernel_lines.h, _kernel_rearranged.h
 *   others        _kernel_samples.h (sampled windows, and where they meet)
 *   weight        _kernel_stock.h (what is most often said)
 *   screen()      _kernel_sections.h (what is judged once per batch)  _kernel_episode.h  _kernel_screen.h  _kernel_memory.h
 *   Python        _kernel_borrow.h (texts)  _kernel_configure.h
 *
 * Limited C API of Python 3.11; links nothing. Global state is written by configure() at import and only read afterwards.
 */
#include "_kernel_configure.h"
#include "_kernel_screen.h"
#include "_kernel_stock.h"

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
            close_buffer(&self->buffer);
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
            add_break(&buffer, INPUT_BREAK); /* so that no run of the reasoning goes on before the first field */
            for (size_t i = 0; i < count; i++) {
                ((uint32_t *)starts.data)[i] = (uint32_t)buffer.size;
                add_text(&buffer, ((const seq_text *)loans.texts_block.data)[i], INPUT_BREAK);
            }
            close_buffer(&buffer);
            const size_t start = SEQ_SLACK + 1, end = count ? buffer.size - 1 : start;
            const seq_call call = {buffer.text, start, end, starts.data, count};
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

static PyObject *pattern_flags(PatternObject *self, PyObject *args)
{
    PyObject *text, *result = NULL;
    unsigned long long known;
    if (!PyArg_ParseTuple(args, "OK", &text, &known)) {
        return NULL;
    }
    seq_loans loans = {0};
    seq_judge judge = {0};
    seq_block room = {0};
    if (borrow_text(&loans, text)) {
        const seq_text given = *(const seq_text *)loans.texts_block.data;
        uint32_t flags = 0;
        seq_outcome outcome = given.size < UINT32_MAX - SEQ_SLACK ? OUTCOME_GOOD : OUTCOME_TOO_LONG;
        Py_BEGIN_ALLOW_THREADS
        if (outcome == OUTCOME_GOOD) {
            outcome = flags_of_text(&judge, &self->pattern, known, given, &room, &flags);
        }
        Py_END_ALLOW_THREADS
        result = raised(outcome) ? NULL : PyLong_FromUnsignedLong(flags);
    }
    release(&room);
    release_judge(&judge);
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
    {"flags", (PyCFunction)(void (*)(void))pattern_flags, METH_VARARGS, "flags(text, private bytes of its longest chain) -> flags"},
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

/* ---- Stock ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    PyObject_HEAD
    seq_stock stock;
} StockObject;

static void stock_dealloc(StockObject *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    release(&self->stock.block);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyObject *stock_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    Py_buffer text;
    (void)kwargs;
    if (!PyArg_ParseTuple(args, "y*", &text)) {
        return NULL;
    }
    StockObject *self = (StockObject *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
    if (self != NULL && !fill_stock(&self->stock, text.buf, (size_t)text.len)) {
        PyErr_NoMemory();
        Py_CLEAR(self);
    }
    PyBuffer_Release(&text);
    return (PyObject *)self;
}

static PyObject *stock_length_of(StockObject *self, PyObject *text)
{
    Py_buffer given;
    if (PyObject_GetBuffer(text, &given, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    const size_t length = stock_length(&self->stock, given.buf, (size_t)given.len);
    PyBuffer_Release(&given);
    return PyLong_FromSize_t(length);
}

static PyMethodDef stock_methods[] = {
    {"length", (PyCFunction)(void (*)(void))stock_length_of, METH_O, "length(normalised) -> bytes of it that are stock"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot stock_slots[] = {
    {Py_tp_new, (void *)stock_new},
    {Py_tp_dealloc, (void *)stock_dealloc},
    {Py_tp_methods, stock_methods},
    {0, NULL},
};

static PyType_Spec stock_spec = {"sequester.exposure._kernel.Stock", sizeof(StockObject), 0, Py_TPFLAGS_DEFAULT, stock_slots};

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

static PyObject *units(PyObject *module, PyObject *args)
{
    PyObject *text, *result = NULL;
    Py_buffer asked;
    seq_loans loans = {0};
    (void)module;
    if (!PyArg_ParseTuple(args, "Oy*", &text, &asked)) {
        return NULL;
    }
    if (asked.len != 0 && (uintptr_t)asked.buf % sizeof(uint32_t) != 0) {
        PyErr_SetString(PyExc_ValueError, "positions are aligned 32-bit numbers");
    } else if (borrow_text(&loans, text)) {
        const seq_text given = *(const seq_text *)loans.texts_block.data;
        const size_t count = (size_t)asked.len / sizeof(uint32_t);
        seq_block out = {0};
        size_t found = 0;
        seq_outcome outcome = given.size < UINT32_MAX - SEQ_SLACK ? OUTCOME_GOOD : OUTCOME_TOO_LONG;
        if (outcome == OUTCOME_GOOD && !ensure(&out, given.size + SEQ_SLACK)) {
            outcome = OUTCOME_MEMORY;
        }
        if (!raised(outcome)) {
            result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(2 * count * sizeof(uint32_t)));
        }
        if (result != NULL) {
            uint32_t *places = (uint32_t *)(void *)PyBytes_AsString(result);
            Py_BEGIN_ALLOW_THREADS
            found = find_units(given.data, given.size, out.data, asked.buf, count, places);
            Py_END_ALLOW_THREADS
            if (found < count) {
                Py_CLEAR(result);
                PyErr_SetString(PyExc_ValueError, "positions ascend within the normalised text");
            }
        }
        release(&out);
    }
    PyBuffer_Release(&asked);
    return_loans(&loans);
    return result;
}

static PyObject *rearranged(PyObject *module, PyObject *text)
{
    seq_loans loans = {0};
    seq_pieced pieced = {0};
    PyObject *result = NULL;
    (void)module;
    if (borrow_text(&loans, text)) {
        const seq_text given = *(const seq_text *)loans.texts_block.data;
        bool good;
        Py_BEGIN_ALLOW_THREADS
        good = take_apart(given.data, given.size, &pieced);
        Py_END_ALLOW_THREADS
        const size_t *ends = pieced.ends_block.data;
        const char *data = pieced.text_block.data;
        result = good ? PyList_New((Py_ssize_t)pieced.count) : PyErr_NoMemory();
        for (size_t i = 0, start = 0, way = 0; result != NULL && i < pieced.count; start = ends[i++]) {
            while (i >= pieced.upto[way]) {
                way++;
            }
            PyObject *items[] = {PyLong_FromSize_t((size_t)FLAG_CUT << way),
                                 PyBytes_FromStringAndSize(data + start, (Py_ssize_t)(ends[i] - 1 - start))};
            PyObject *found = tuple_of(2, items);
            if (found == NULL) {
                Py_CLEAR(result);
            } else {
                PyList_SetItem(result, (Py_ssize_t)i, found);
            }
        }
    }
    release_pieced(&pieced);
    return_loans(&loans);
    return result;
}

static PyObject *meetings(PyObject *module, PyObject *args)
{
    PyObject *given[3], *result = NULL;
    Py_buffer buffers[3] = {{0}};
    size_t opened = 0, count = 0;
    Py_ssize_t edge;
    seq_block found = {0};
    (void)module;
    if (!PyArg_ParseTuple(args, "OOOn", &given[0], &given[1], &given[2], &edge)) {
        return NULL;
    }
    while (opened < 3 && PyObject_GetBuffer(given[opened], &buffers[opened], PyBUF_SIMPLE) == 0) {
        opened++;
    }
    if (opened == 3) {
        const seq_sampled all = {buffers[0].buf, buffers[1].buf, buffers[2].buf, (size_t)buffers[2].len / sizeof(uint32_t)};
        size_t windows = 0;
        bool fits = (size_t)buffers[1].len == all.episodes * SAMPLE_KINDS * sizeof(uint32_t);
        for (size_t i = 0; fits && i < SAMPLE_KINDS * all.episodes; i++) {
            windows += all.counts[i];
        }
        if (!fits || (size_t)buffers[0].len != windows * sizeof(uint64_t)) {
            PyErr_SetString(PyExc_ValueError, "windows, four counts per episode and one voice per episode do not fit together");
        } else {
            PyObject *common = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)windows);
            bool good = common != NULL;
            if (good) {
                uint8_t *flags = (uint8_t *)PyBytes_AsString(common);
                Py_BEGIN_ALLOW_THREADS
                good = find_meetings(&all, edge < 0 ? 0 : (size_t)edge, &found, &count, flags);
                Py_END_ALLOW_THREADS
            }
            PyObject *rows = good ? PyBytes_FromStringAndSize(found.data, (Py_ssize_t)(count * sizeof(seq_meeting))) : PyErr_NoMemory();
            result = tuple_of(2, (PyObject *[]){rows, common});
        }
    }
    while (opened > 0) {
        PyBuffer_Release(&buffers[--opened]);
    }
    release(&found);
    return result;
}

static PyObject *windows(PyObject *module, PyObject *args)
{
    Py_buffer run;
    uint64_t found[RUN_WINDOWS];
    (void)module;
    if (!PyArg_ParseTuple(args, "y*", &run)) {
        return NULL;
    }
    const size_t count = windows_of_run(run.buf, (size_t)run.len, found);
    PyBuffer_Release(&run);
    return PyBytes_FromStringAndSize((const char *)found, (Py_ssize_t)(count * sizeof(uint64_t)));
}

static PyObject *has_low_entropy(PyObject *module, PyObject *args)
{
    Py_buffer text;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*", &text)) {
        return NULL;
    }
    const bool found = low_entropy(text.buf, (size_t)text.len);
    PyBuffer_Release(&text);
    return PyBool_FromLong(found);
}

static PyObject *held(PyObject *module, PyObject *args)
{
    PyObject *blocks, *runs, *result = NULL;
    seq_loans lent = {0}, loans = {0};
    seq_block asked_block = {0};
    seq_noted noted = {0};
    size_t count = 0, open = 0;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO", &blocks, &runs)) {
        return NULL;
    }
    if (borrow_texts(&lent, blocks, &noted.count) && borrow_texts(&loans, runs, &count) && open_noted(&lent, &noted)) {
        result = ensure(&asked_block, count * sizeof(seq_asked)) ? PyBytes_FromStringAndSize(NULL, (Py_ssize_t)count) : PyErr_NoMemory();
    }
    if (result != NULL) {
        seq_asked *asked = asked_block.data;
        uint8_t *answers = memset(PyBytes_AsString(result), 0, count);
        for (size_t i = 0; i < count; i++) {
            const seq_text run = ((const seq_text *)loans.texts_block.data)[i];
            if (run.size >= NOTE_STRIDE * sizeof(uint64_t)) {
                asked[open++] = (seq_asked){.windows = run.data, .count = run.size / sizeof(uint64_t), .number = i, .after = NOTE_STRIDE};
            }
        }
        Py_BEGIN_ALLOW_THREADS
        hold_runs(&noted, asked, open, answers);
        Py_END_ALLOW_THREADS
    }
    release(&asked_block);
    return_loans(&loans);
    return_loans(&lent);
    return result;
}

static PyMethodDef methods[] = {
    {"configure", configure, METH_VARARGS, "configure(level, key, bmp, astral, expansions, entities, tags)"},
    {"levels", levels, METH_NOARGS, "levels() -> names of the instruction sets this machine has, best first"},
    {"normalise", normalise, METH_O, "normalise(text) -> (normalised, odd, wide)"},
    {"units", units, METH_VARARGS, "units(text, positions) -> 32-bit (start, end) in the text of each of these normalised bytes"},
    {"rearranged", rearranged, METH_O, "rearranged(text) -> (flag of the way, text) of what stands cut up in it"},
    {"meetings", meetings, METH_VARARGS, "meetings(windows, counts, voices, edge) -> (windows of inputs that some reasoning holds, a flag per window)"},
    {"windows", windows, METH_VARARGS, "windows(run) -> 64-bit windows by which a run is looked up"},
    {"low_entropy", has_low_entropy, METH_VARARGS, "low_entropy(text) -> whether a normalised text says too little to be evidence"},
    {"held", held, METH_VARARGS, "held(blocks of a sketch, windows of each run) -> a byte per run: whether the blocks hold it"},
    {"screen", screen, METH_VARARGS,
     "screen(episodes[, table and place of a sketch[, numbers of own texts]]) -> (lengths, privates, marked, hits[, windows, counts])"},
    {NULL, NULL, 0, NULL},
};

static int add_type(PyObject *module, const char *name, PyType_Spec *spec)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    if (type == NULL) {
        return -1;
    }
    int outcome = PyModule_AddObjectRef(module, name, type);
    Py_DECREF(type);
    return outcome;
}

static int module_exec(PyObject *module)
{
    return add_type(module, "Pattern", &pattern_spec) < 0 ? -1 : add_type(module, "Stock", &stock_spec);
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
