// Which type versions still stand. The interpreter's caches of methods hold borrowed references,
// which are good as long as a class with the cached version exists: the interpreter finds out at
// the next owner's class, we have to before an owner is seen.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Whether a class that is alive has this version.
bool isLiveTypeVersion(uint32_t version);
// That class (borrowed), or null.
PyTypeObject* liveType(uint32_t version);

} // namespace pyston::host
