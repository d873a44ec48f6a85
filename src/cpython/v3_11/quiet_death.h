// Which objects die without anybody being able to look at a frame meanwhile.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Once, before the first question. False with an exception set.
bool prepareQuietDeaths();

// True when freeing `object`, which has no references left, surely runs no Python code: a number, a
// string, a tuple or list of such or of what others hold too, an instance without a finalizer whose
// attributes are such. False says nothing.
bool diesQuietly(PyObject* object);

} // namespace pyston::host
