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

// The loop below makes the interpreter specialize `box[0]` again and again, each time with the next
// free version for __getitem__, which calls this: takes the version away, and makes the instruction
// adaptive again. True to go on.
PyObject* takeVersion(PyObject*, PyObject*) {
    Frame* getItem = PyThreadState_Get()->cframe->current_frame;
    uint32_t& version = getItem->f_func->func_version;
    if (version != 0)
        lastVersion = version;
    version = 0;
    // An inlined frame's caller stands behind the caches of its instruction.
    _Py_CODEUNIT* subscript = getItem->previous->prev_instr;
    if (!getItem->is_entry)
        subscript -= INLINE_CACHE_ENTRIES_BINARY_SUBSCR;
    if (_PyOpcode_Deopt[_Py_OPCODE(*subscript)] != BINARY_SUBSCR)
        Py_RETURN_FALSE;
    _Py_SET_OPCODE(*subscript, BINARY_SUBSCR_ADAPTIVE);
    subscript[1] = 0; // the counter: specialize now
    return PyBool_FromLong(lastVersion < kLargestShortVersion && --callsLeft > 0);
}

constexpr const char* kLoop = R"(
def run():
    class Box:
        def __getitem__(self, key):
            return take()
    box = Box()
    while box[0]:
        pass
)";

// Neither watched nor compiled.
void leaveAlone(PyObject* function) {
    auto* code = reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(function));
    if (HostCode* data = hostCode(code)) {
        data->neverPatch = true;
        data->suppressed = true;
    }
}

bool useUpShortVersions() {
    static PyMethodDef take = {"take", takeVersion, METH_NOARGS, nullptr};
    PyObject* globals = PyDict_New();
    PyObject* function = PyCFunction_New(&take, nullptr);
    PyObject* result = nullptr;
    if (globals != nullptr && function != nullptr &&
        PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) == 0 &&
        PyDict_SetItemString(globals, "take", function) == 0) {
        result = PyRun_String(kLoop, Py_file_input, globals, globals);
    }
    if (PyObject* run = result != nullptr ? PyDict_GetItemString(globals, "run") : nullptr) {
        leaveAlone(run);
        callsLeft = kMaxCalls;
        Py_DECREF(result);
        result = PyObject_CallNoArgs(run);
    }
    PyErr_Clear();
    if (globals != nullptr)
        PyDict_Clear(globals);
    Py_XDECREF(result);
    Py_XDECREF(function);
    Py_XDECREF(globals);
    return lastVersion >= kLargestShortVersion;
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
