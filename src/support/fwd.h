// Forward declarations shared by everything that handles interpreter objects without looking
// inside.
#pragma once

struct _object; // CPython's tag for PyObject
struct _ts;     // CPython's tag for PyThreadState
struct _PyInterpreterFrame;

namespace pyston {
using Object = ::_object;
using ThreadState = ::_ts;
using Frame = ::_PyInterpreterFrame;
} // namespace pyston
