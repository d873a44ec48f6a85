// Which objects die without anybody being able to look at a frame meanwhile.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Once, before the first question. False with an exception set.
bool prepareQuietDeaths();

// True when freeing `object`, which has no references left, surely runs no Python code: a number, a
// string, an instance without a finalizer, a container; and what dies with it is such, too. False
// says nothing.
bool diesQuietly(PyObject* object);

} // namespace pyston::host
