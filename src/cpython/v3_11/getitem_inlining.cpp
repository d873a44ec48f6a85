#include "cpython/v3_11/getitem_inlining.h"

#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/osr.h"

#include "pycore_gc.h"

namespace pyston::host {
namespace {

constexpr uint32_t kLargestShortVersion = UINT16_MAX;
constexpr int kMaxCalls = 3 * UINT16_MAX;

int callsLeft = 0;
uint32_t lastVersion = 0;

// Called by the loop below instead of the function's code. Its CALL has just been specialized, for
// which the function got the next free version: drops the version and makes the CALL adaptive
// again. True to go on.
PyObject* takeVersion(PyObject* callable, PyObject* const*, size_t, PyObject*) {
    auto* function = reinterpret_cast<PyFunctionObject*>(callable);
    if (function->func_version != 0)
        lastVersion = function->func_version;
    function->func_version = 0;
    Frame* caller = PyThreadState_Get()->cframe->current_frame;
    _Py_CODEUNIT* call = caller->prev_instr;
    if (_PyOpcode_Deopt[_Py_OPCODE(*call)] == CALL) {
        _Py_SET_OPCODE(*call, CALL_ADAPTIVE);
        call[1] = 0; // the counter: specialize now
    }
    return PyBool_FromLong(lastVersion <= kLargestShortVersion && --callsLeft > 0);
}

bool useUpShortVersions() {
    PyObject* globals = PyDict_New();
    PyObject* code = Py_CompileString("while take(): pass", "<pyston>", Py_file_input);
    PyObject* function = globals && code ? PyFunction_New(code, globals) : nullptr;
    PyObject* result = nullptr;
    HostCode* data = code != nullptr ? hostCode(reinterpret_cast<PyCodeObject*>(code)) : nullptr;
    if (function != nullptr && data != nullptr &&
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) == 0 &&
        PyDict_SetItemString(globals, "take", function) == 0) {
        data->neverPatch = true;
        data->suppressed = true;
        reinterpret_cast<PyFunctionObject*>(function)->vectorcall = takeVersion;
        callsLeft = kMaxCalls;
        result = PyEval_EvalCode(code, globals, globals);
    }
    PyErr_Clear();
    if (globals != nullptr)
        PyDict_Clear(globals);
    Py_XDECREF(result);
    Py_XDECREF(function);
    Py_XDECREF(code);
    Py_XDECREF(globals);
    return lastVersion > kLargestShortVersion;
}

void dropShortVersionsIn(PyGC_Head* list) {
    for (PyGC_Head* head = _PyGCHead_NEXT(list); head != list; head = _PyGCHead_NEXT(head)) {
        auto* object = reinterpret_cast<PyObject*>(head + 1);
        if (!PyFunction_Check(object))
            continue;
        uint32_t& version = reinterpret_cast<PyFunctionObject*>(object)->func_version;
        if (version <= kLargestShortVersion)
            version = 0;
    }
}

bool preventNow() {
    if (!useUpShortVersions())
        return false;
    _gc_runtime_state& gc = PyInterpreterState_Get()->gc;
    for (gc_generation& generation : gc.generations)
        dropShortVersionsIn(&generation.head);
    dropShortVersionsIn(&gc.permanent_generation.head);
    markInlinedFrames();
    return true;
}

} // namespace

bool preventGetItemInlining() {
    enum { kNotTried, kTrying, kDone, kFailed };
    static int state = kNotTried;
    if (state == kNotTried) {
        state = kTrying; // the loop itself gets here as well
        state = preventNow() ? kDone : kFailed;
    }
    return state == kDone;
}

} // namespace pyston::host
