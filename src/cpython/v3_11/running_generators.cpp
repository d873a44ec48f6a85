#include "cpython/v3_11/running_generators.h"

#include <cstring>
#include <utility>

namespace pyston::host {
namespace {

// Makes the counter of the instruction at which a running generator stands look like no RESUME: it
// is one step ahead then.
void hideCounter(PyObject* object) {
    const auto* generator = reinterpret_cast<PyGenObject*>(object);
    if (generator->gi_frame_state != FRAME_EXECUTING)
        return;
    _Py_CODEUNIT* unit = reinterpret_cast<const Frame*>(generator->gi_iframe)->prev_instr;
    const bool hasCounter = _PyOpcode_Caches[_PyOpcode_Deopt[_Py_OPCODE(*unit)]] != 0;
    const int opcode = _Py_OPCODE(unit[1]);
    constexpr _Py_CODEUNIT kStep = 1 << ADAPTIVE_BACKOFF_BITS;
    if (hasCounter && (opcode == RESUME || opcode == RESUME_QUICK))
        unit[1] -= kStep;
}

// The functions in the rows of the three classes, which are some classes' common ones.
enum Row { kGenerator, kCoroutine, kAsyncGenerator, kNumRows };
getter originalAwaited[kNumRows];
PyCFunction originalClose[kNumRows];
_PyCFunctionFast originalThrow[kNumRows];

template<Row row> PyObject* awaited(PyObject* self, void* closure) {
    hideCounter(self);
    return originalAwaited[row](self, closure);
}

template<Row row> PyObject* closeGenerator(PyObject* self, PyObject* unused) {
    hideCounter(self);
    return originalClose[row](self, unused);
}

template<Row row>
PyObject* throwIntoGenerator(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    hideCounter(self);
    return originalThrow[row](self, args, count);
}

template<Row row> void take(PyTypeObject* type, const char* awaitedName) {
    for (PyGetSetDef* def = type->tp_getset; def->name != nullptr; ++def)
        if (std::strcmp(def->name, awaitedName) == 0)
            originalAwaited[row] = std::exchange(def->get, awaited<row>);
    for (PyMethodDef* def = type->tp_methods; def->ml_name != nullptr; ++def) {
        if (std::strcmp(def->ml_name, "close") == 0 && def->ml_flags == METH_NOARGS)
            originalClose[row] = std::exchange(def->ml_meth, closeGenerator<row>);
        if (std::strcmp(def->ml_name, "throw") == 0 && def->ml_flags == METH_FASTCALL)
            originalThrow[row] = reinterpret_cast<_PyCFunctionFast>(reinterpret_cast<void*>(
                std::exchange(def->ml_meth, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(
                                                throwIntoGenerator<row>)))));
    }
}

} // namespace

void prepareRunningGenerators() {
    static bool prepared = false;
    if (std::exchange(prepared, true))
        return;
    take<kGenerator>(&PyGen_Type, "gi_yieldfrom");
    take<kCoroutine>(&PyCoro_Type, "cr_await");
    take<kAsyncGenerator>(&PyAsyncGen_Type, "ag_await");
}

} // namespace pyston::host
