// A module for tests only: calls any row of runtime/helpers.def from Python.
//
//   call(name, *arguments)
// takes the arguments that the row's Args spell, without the implicit thread state and frame (the
// caller's frame is used); NULL stands for a null pointer, and everything from the array operand on
// is the array. Returns the result (None for Status, NULL for "none"), or raises what the helper
// raised.
#include "cpython/v3_11/helpers.h"
#include "cpython/v3_11/helpers_support.h"

#include <vector>

namespace {

using pyston::runtime::HelperInfo;
using pyston::runtime::HelperResult;

PyObject* nullMarker;

PyObject* unmarked(PyObject* object) {
    return object == nullMarker ? nullptr : object;
}

PyObject* marked(PyObject* object) {
    return object == nullptr ? Py_NewRef(nullMarker) : object;
}

// The C arguments of one call. Integers and pointers are passed alike, and apart from doubles.
struct Arguments {
    uint64_t words[8] = {};
    double doubles[2] = {};
    size_t numWords = 0, numDoubles = 0;
    std::vector<PyObject*> array{nullptr}; // the writable slot before the first

    void addWord(uint64_t word) { words[numWords++] = word; }
    void addObject(PyObject* object) { addWord(reinterpret_cast<uint64_t>(object)); }
};

bool convert(const HelperInfo& row, PyObject* const* given, Py_ssize_t count, Arguments& out) {
    PyThreadState* tstate = PyThreadState_Get();
    Py_ssize_t next = 0;
    for (char kind : row.args) {
        if (kind == 'T') {
            out.addWord(reinterpret_cast<uint64_t>(tstate));
            continue;
        }
        if (kind == 'F') {
            out.addWord(reinterpret_cast<uint64_t>(tstate->cframe->current_frame));
            continue;
        }
        if (kind == '*' || kind == 'P') {
            for (; next < count; next++) {
                out.array.push_back(kind == 'P' ? Py_NewRef(given[next]) : given[next]);
            }
            out.addWord(reinterpret_cast<uint64_t>(out.array.data() + 1));
            out.addWord(out.array.size() - 1);
            continue;
        }
        if (next >= count) {
            PyErr_SetString(PyExc_SystemError, "too few arguments for this helper");
            return false;
        }
        PyObject* argument = given[next++];
        if (kind == '$' || kind == 'i' || kind == 'b') {
            out.addWord(static_cast<uint64_t>(PyLong_AsLongLong(argument)));
        } else if (kind == 'd') {
            out.doubles[out.numDoubles++] = PyFloat_AsDouble(argument);
        } else if (kind == 'O' || kind == 'N') {
            out.addObject(Py_XNewRef(unmarked(argument)));
        } else {
            out.addObject(unmarked(argument));
        }
    }
    if (next != count) {
        PyErr_SetString(PyExc_SystemError, "too many arguments for this helper");
        return false;
    }
    return PyErr_Occurred() == nullptr;
}

template<typename R> R invoke(uint64_t address, const Arguments& a) {
    using Function = R (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                           uint64_t, double, double);
    const uint64_t* w = a.words;
    return reinterpret_cast<Function>(address)(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7],
                                               a.doubles[0], a.doubles[1]);
}

PyObject* failed(bool expected) {
    if (expected != (PyErr_Occurred() != nullptr)) {
        PyErr_SetString(PyExc_SystemError, "result and exception state disagree");
    }
    return nullptr;
}

PyObject* result(HelperResult kind, uint64_t address, const Arguments& arguments) {
    if (kind == HelperResult::kDouble) {
        return PyFloat_FromDouble(invoke<double>(address, arguments));
    }
    if (kind == HelperResult::kVoid) {
        invoke<void>(address, arguments);
        Py_RETURN_NONE;
    }
    uint64_t word = invoke<uint64_t>(address, arguments);
    bool error = PyErr_Occurred() != nullptr;
    auto* object = reinterpret_cast<PyObject*>(word);
    auto integer = static_cast<int64_t>(word);
    switch (kind) {
    case HelperResult::kObject:
        return error || object == nullptr ? failed(object == nullptr) : object;
    case HelperResult::kNullable:
        if (error || word == pyston::runtime::kErrorSentinel) {
            return failed(word == pyston::runtime::kErrorSentinel);
        }
        return marked(object);
    case HelperResult::kStatus:
        if (error || integer < 0) {
            return failed(integer < 0);
        }
        Py_RETURN_NONE;
    case HelperResult::kTruth:
    case HelperResult::kBool:
        if (error || integer < 0 || integer > 1) {
            return failed(integer == -1);
        }
        return PyBool_FromLong(static_cast<long>(integer));
    default:
        return PyLong_FromLongLong(integer);
    }
}

PyObject* call(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
    const char* name = count > 0 ? PyUnicode_AsUTF8(arguments[0]) : nullptr;
    pyston::runtime::Helper helper;
    if (name == nullptr || !pyston::runtime::parseHelper(name, &helper)) {
        PyErr_SetString(PyExc_SystemError, "no such helper");
        return nullptr;
    }
    const HelperInfo& row = info(helper);
    Arguments converted;
    if (!convert(row, arguments + 1, count - 1, converted)) {
        return nullptr;
    }
    return result(row.result, pyston::runtime::address(helper), converted);
}

PyObject* names(PyObject*, PyObject*) {
    PyObject* list = PyList_New(0);
    for (int i = 0; list != nullptr && i < pyston::runtime::kNumHelpers; i++) {
        auto name = info(static_cast<pyston::runtime::Helper>(i)).name;
        pyston::rt::Ref text(
            PyUnicode_FromStringAndSize(name.data(), static_cast<Py_ssize_t>(name.size())));
        PyList_Append(list, text.get());
    }
    return list;
}

PyMethodDef methods[] = {{"call", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call)),
                          METH_FASTCALL, nullptr},
                         {"names", names, METH_NOARGS, nullptr},
                         {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "pyston_helpers_test",
                          nullptr,
                          -1,
                          methods,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

} // namespace

PyMODINIT_FUNC PyInit_pyston_helpers_test() {
    pyston::host::registerHelpers();
    PyObject* module = PyModule_Create(&definition);
    nullMarker = PyObject_CallNoArgs(reinterpret_cast<PyObject*>(&PyBaseObject_Type));
    PyModule_AddObjectRef(module, "NULL", nullMarker);
    return module;
}
