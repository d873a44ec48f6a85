// Structures that CPython keeps private to one source file. selfCheck() compares them with real
// objects.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

struct RangeIterator { // rangeobject.c
    PyObject_HEAD long index;
    long start;
    long step;
    long length;
};

struct SequenceIterator { // listobject.c, tupleobject.c
    PyObject_HEAD Py_ssize_t index;
    PyObject* sequence; // NULL when exhausted
};

struct ArrayObject { // arraymodule.c
    PyObject_VAR_HEAD char* items;
    Py_ssize_t allocated;
    const char* descriptor; // begins with the type code
    PyObject* weakReferences;
    Py_ssize_t exports;
};

} // namespace pyston::host
