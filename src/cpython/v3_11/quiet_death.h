// Which objects die without anybody being able to look at a frame meanwhile.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Once, before the first question. False with an exception set.
bool prepareQuietDeaths();

// Has the generator ended, and does nothing know of it? Its frame is cleared then, and its
// finalizer has nothing to do.
inline bool generatorDiesQuietly(const PyGenObject* generator) {
    // Plain generators made by the interpreter do not set that field.
    const PyObject* hook =
        PyGen_CheckExact(generator) ? nullptr : generator->gi_origin_or_finalizer;
    return generator->gi_frame_state == FRAME_CLEARED && generator->gi_weakreflist == nullptr &&
           (hook == nullptr || Py_REFCNT(hook) > 1) &&
           generator->gi_exc_state.exc_value == nullptr && Py_REFCNT(generator->gi_code) > 1;
}

// True when freeing `object`, which has no references left, surely runs no Python code: a number, a
// string, an instance without a finalizer, a container; and what dies with it is such, too. False
// says nothing.
bool diesQuietly(PyObject* object);

} // namespace pyston::host
