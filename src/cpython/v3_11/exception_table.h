// The table of a code object that says where exceptions go.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// In code units.
struct ExceptionEntry {
    int start = 0, length = 0, target = 0;
    int depth = 0; // of the stack, to which it is unwound
    bool pushesLasti = false;
};

// Calls `visit(entry)` for each entry, in the order of their starts, until it returns false. They
// are four numbers each, big-endian in 6-bit groups (Objects/exception_handling_notes.txt).
template<typename Visit> void forEachExceptionEntry(PyObject* table, Visit visit) {
    auto* position = reinterpret_cast<unsigned char*>(PyBytes_AS_STRING(table));
    auto* end = position + PyBytes_GET_SIZE(table);
    while (position < end) {
        ExceptionEntry entry;
        int depthAndLasti = 0;
        position = parse_varint(position, &entry.start);
        position = parse_varint(position, &entry.length);
        position = parse_varint(position, &entry.target);
        position = parse_varint(position, &depthAndLasti);
        entry.depth = depthAndLasti >> 1;
        entry.pushesLasti = (depthAndLasti & 1) != 0;
        if (!visit(entry))
            return;
    }
}

} // namespace pyston::host
