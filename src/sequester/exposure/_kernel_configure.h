/* The functions configure() and levels(). */
#ifndef SEQUESTER_KERNEL_CONFIGURE_H
#define SEQUESTER_KERNEL_CONFIGURE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_kernel_flags.h"
#include "_kernel_text.h"

static bool has_avx512(void)
{
#if SEQ_X86
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("bmi2");
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

static bool in(int c, const char *characters)
{
    return c != 0 && strchr(characters, c) != NULL;
}

static void fill_kinds(void)
{
    static const char base85[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    static const char z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    memset(tables.kinds, 0, sizeof tables.kinds);
    memset(tables.base85, 255, sizeof tables.base85);
    for (int c = 0; c < 0x80; c++) {
        const bool digit = c >= '0' && c <= '9';
        tables.kinds[c] =
            (uint8_t)((is_upper((uint8_t)c) ? KIND_UPPER : 0) | (is_lower((uint8_t)c) ? KIND_LOWER : 0) | (digit ? KIND_DIGIT : 0) |
                      (in(c, "+/_-") ? KIND_SIGN : 0) | (c == '=' ? KIND_PAD : 0) | (in(c, " \t\r\n\v\f\"'`,>#|;*&.()[]") ? KIND_BETWEEN : 0) |
                      (hex_value((uint8_t)c) >= 0 ? KIND_HEX : 0));
        const char *mark = c ? strchr(all_marks, c) : NULL;
        tables.marks[c] = (uint8_t)(mark != NULL ? mark - all_marks + 1 : in(c, "x+{") ? MARK_NUMBER + 1 : 0);
        tables.base85[2][c] = (uint8_t)(c >= '!' && c <= 'u' ? c - '!' : 255);
    }
    for (const char *first = "\x1f\xfd\x28\x04" "PB\x5dx"; *first; first++) {
        tables.kinds[(uint8_t)*first] |= KIND_SIGNATURE;
    }
    for (uint8_t i = 0; i < 85; i++) {
        tables.base85[0][(uint8_t)base85[i]] = i;
        tables.base85[1][(uint8_t)z85[i]] = i;
    }
    for (int c = 0; c < 256; c++) {
        tables.units[c] = unit_kinds((uint8_t)c);
        tables.beginnings[c] = (uint8_t)(c >= '0' && c <= '9' ? '0' : c);
        tables.runs_on[c] = c >= 0x80 || is_letter((uint8_t)c) || in(c, " \t\r") ? 255 : 0;
        tables.signs85[c] = 0;
        for (int alphabet = 0; alphabet < 3; alphabet++) {
            const uint8_t digit = tables.base85[alphabet][c];
            tables.signs85[c] |= (uint8_t)(digit != 255 && in(digit, SIGNS85) ? 1 << alphabet : 0);
        }
    }
    for (uint8_t i = 0; i < 64; i++) {
        tables.base64[(uint8_t)base64[i]] = i;
    }
    memset(tables.ciphered, 0, sizeof tables.ciphered);
    for (int i = 0; i < 3 * CIPHERED; i++) {
        const int c = ciphered_words[i], bit = 1 << (i / 3 % 8);
        tables.ciphered[i % 3][c] |= (uint8_t)bit;
        tables.ciphered[i % 3][c - 0x20] |= (uint8_t)bit;
    }
    tables.base64['-'] = 62;
    tables.base64['_'] = 63;
}

static void classify(void)
{
    for (int c = 0; c < 128; c++) {
        bool hex = hex_value((uint8_t)c) >= 0, digit = c >= '0' && c <= '9';
        tables.ascii[c] = (uint8_t)tables.bmp[c];
        tables.classes[c] = (uint8_t)((c == '\\' ? CLASS_BACKSLASH : 0) | (in(c, "nrt") ? CLASS_NRT : 0) | (in(c, "uUx") ? CLASS_CODE : 0) |
                                      (hex ? CLASS_HEX : 0) | (hex && c < 'a' ? CLASS_UPPER_HEX : 0) | (c == '%' ? CLASS_PERCENT : 0) |
                                      (c == '=' ? CLASS_EQUALS : 0) | (c == '&' || c == '<' || c == 0x1B ? CLASS_MARKUP : 0));
        tables.flag_classes[c] =
            (uint8_t)((is_alnum((uint8_t)c) || in(c, "+/_=-") ? HINT_TOKEN : 0) | (digit || in(c, ",.[]-\"\\n \t\r\n;|(){}'>#*=+") ? HINT_NUMBER : 0) |
                      (hex ? HINT_HEX : 0) | (in(c, " :,\n-") ? HINT_GAP : 0) | (in(c, "\\%") ? HINT_SIGN : 0) |
                      ((digit && c < '8') || in(c, "uUx") ? HINT_AFTER : 0) | (c > 0x20 && c < 0x7F ? HINT_SOLID : 0) | (c == 'M' ? HINT_FULL : 0));
    }
    fill_kinds();
    for (int kept = 0; kept < 256; kept++) {
        for (int bit = 0, count = 0; bit < 8; bit++) {
            if (kept >> bit & 1) {
                tables.squeeze[kept][count++] = (uint8_t)bit;
            }
        }
    }
    for (int bit = 0; bit < 8; bit++) {
        memset(tables.bits[bit], 1 << bit, sizeof tables.bits[bit]);
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
    unsigned long long key;
    Py_buffer bmp, astral, expansions, entities, tags;
    (void)module;
    if (!PyArg_ParseTuple(args, "sKy*y*y*y*y*", &level, &key, &bmp, &astral, &expansions, &entities, &tags)) {
        return NULL;
    }
    bool good = bmp.len == sizeof tables.bmp && astral.len == sizeof tables.astral && expansions.len <= (Py_ssize_t)sizeof tables.expansions;
    int number = strcmp(level, "avx512") == 0 && has_avx512() ? LEVEL_AVX512
                 : strcmp(level, "avx2") == 0 && has_avx2()   ? LEVEL_AVX2
                 : strcmp(level, "scalar") == 0               ? LEVEL_SCALAR
                                                              : -1;
    if (good && number >= 0) {
        tables.level = number;
        tables.factors[0] = (uint32_t)key | 1;
        tables.factors[1] = (uint32_t)(key >> 32) | 1;
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

#endif
