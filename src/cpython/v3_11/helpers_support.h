// What all helpers share: the interpreter's headers, and a small owner of references.
#pragma once

#include "cpython/v3_11/interpreter.h"

#include "pycore_call.h"
#include "pycore_global_strings.h"
#include "pycore_list.h"
#include "pycore_pyerrors.h"
#include "pycore_tuple.h"

#include "runtime/helpers.h"

#include <cstdint>
#include <utility>

namespace pyston::rt {

// An owned reference, or null.
class Ref {
  public:
    Ref() = default;
    explicit Ref(PyObject* owned) : object_(owned) {}
    Ref(Ref&& other) noexcept : object_(other.release()) {}
    Ref& operator=(Ref&& other) noexcept {
        reset(other.release());
        return *this;
    }
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;
    ~Ref() { Py_XDECREF(object_); }

    static Ref borrow(PyObject* object) { return Ref(Py_XNewRef(object)); }

    PyObject* get() const { return object_; }
    explicit operator bool() const { return object_ != nullptr; }
    PyObject* release() { return std::exchange(object_, nullptr); }
    void reset(PyObject* owned = nullptr) {
        PyObject* old = std::exchange(object_, owned);
        Py_XDECREF(old);
    }

  private:
    PyObject* object_ = nullptr;
};

// Result of a Nullable helper that failed.
inline PyObject* errorSentinel() {
    return reinterpret_cast<PyObject*>(runtime::kErrorSentinel);
}

// Keeps a second result (owned, or null) for TakeSecond.
void keepSecond(PyObject* owned);

// NameError and its kin: formats `name` (a str) into the message, and records it in the exception.
void raiseNameError(PyThreadState* tstate, PyObject* type, const char* format, PyObject* name);
inline constexpr const char* kNameNotDefined = "name '%.200s' is not defined";

// Replaces the error that merging `mapping` into keyword arguments left by the one that a call
// reports.
void explainKeywordError(PyThreadState* tstate, PyObject* callable, PyObject* mapping);

// True when one more level of recursion would fail. CPython counts a level for comparisons and some
// other operations; short cuts must then leave it to the general function to raise RecursionError.
inline bool isAtRecursionLimit() {
    return _PyThreadState_GET()->recursion_remaining <= 0;
}

// Whether an except clause may name this class, or tuple of classes. False with TypeError set.
bool checkCatchable(PyThreadState* tstate, PyObject* type);

// The int of at most one digit that `object`, exactly an int, holds.
inline bool isCompact(PyObject* object) {
    return static_cast<size_t>(Py_SIZE(object) + 1) <= 2;
}
inline int64_t compactValue(PyObject* object) {
    return Py_SIZE(object) *
           static_cast<int64_t>(reinterpret_cast<PyLongObject*>(object)->ob_digit[0]);
}

} // namespace pyston::rt
