/* Texts borrowed from Python for one call, and results given back. */
#ifndef SEQUESTER_KERNEL_BORROW_H
#define SEQUESTER_KERNEL_BORROW_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_kernel_episode.h"

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

#endif
