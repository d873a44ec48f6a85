// The extension module `_pyston`: what the Python package, the .pth file and bin/pyston use. The
// public API is python/pyston/__init__.py.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structseq.h>

#include "compile.h"
#include "cpython/api.h"
#include "module/options.h"
#include "module/reference.h"
#include "module/statistics.h"
#include "runtime/code_data.h"
#include "runtime/options.h"
#include "runtime/policy.h"
#include "runtime/unwind.h"
#include "support/allocator.h"

#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

#ifndef PYSTON_VERSION_MAJOR
#define PYSTON_VERSION_MAJOR 0
#define PYSTON_VERSION_MINOR 1
#define PYSTON_VERSION_MICRO 0
#endif

namespace pyston::module {
namespace {

enum class State { kNotStarted, kUsable, kUnusable };
State state = State::kNotStarted; // of the process; the first interpreter decides
RunOptions runOptions;

bool inMainInterpreter() {
    return PyInterpreterState_Get() == PyInterpreterState_Main();
}

PyObject* atExit(PyObject*, PyObject*) {
    printStatistics();
    Py_RETURN_NONE;
}
PyMethodDef atExitMethod = {"print_statistics", atExit, METH_NOARGS, nullptr};

bool registerAtExit() {
    Reference function(PyCFunction_New(&atExitMethod, nullptr));
    Reference module(PyImport_ImportModule("atexit"));
    if (!function || !module)
        return false;
    Reference result(PyObject_CallMethod(module.get(), "register", "O", function.get()));
    return static_cast<bool>(result);
}

// Reads the options and checks the interpreter, once per process. Whether code can be compiled
// here.
bool start() {
    if (state == State::kNotStarted) {
        state = State::kUnusable;
        if (disabledByUser())
            return false;
        support::makeReserve();
        runOptions = readOptions();
        if (std::string wrong = host::selfCheck(); !wrong.empty()) {
            std::fprintf(stderr, "pyston: warning: %s; running uncompiled\n", wrong.c_str());
            return false;
        }
        if (runtime::options().perfMap)
            runtime::enablePerfMap();
        if (runOptions.gdb)
            runtime::enableGdbInterface();
        if (runOptions.statsAtExit && !registerAtExit())
            PyErr_Clear();
        state = State::kUsable;
    }
    return state == State::kUsable;
}

bool turnOn() {
    // Subinterpreters are left to the stock interpreter: compiled code is bound to the main one.
    if (!inMainInterpreter() || !start())
        return false;
    if (!host::isInstalled() && !host::install())
        return false;
    if (runtime::options().perfMap)
        runtime::enablePerfMap();
    runtime::setEnabled(true);
    return true;
}

PyObject* autoload(PyObject*, PyObject*) {
    if (state == State::kNotStarted) {
        turnOn();
        if (runOptions.help) {
            printHelp();
            _exit(0);
        }
    }
    Py_RETURN_NONE;
}

PyObject* enable(PyObject*, PyObject*) {
    return PyBool_FromLong(turnOn());
}

PyObject* disable(PyObject*, PyObject*) {
    if (inMainInterpreter() && host::isInstalled()) {
        runtime::setEnabled(false);
        host::uninstall();
    }
    Py_RETURN_NONE;
}

PyObject* isEnabled(PyObject*, PyObject*) {
    return PyBool_FromLong(host::isInstalled() && runtime::isEnabled());
}

PyObject* pausePyston(PyObject*, PyObject*) {
    runtime::pause();
    Py_RETURN_NONE;
}

PyObject* resumePyston(PyObject*, PyObject*) {
    runtime::resume();
    Py_RETURN_NONE;
}

// What a method calls, or the object itself.
PyObject* withoutSelf(PyObject* object) {
    return PyMethod_Check(object) ? PyMethod_GET_FUNCTION(object) : object;
}

// The code object of a function, a method, a generator-like object or a code object itself; a new
// reference. Null with TypeError set for anything else.
PyObject* codeOf(PyObject* object) {
    if (PyCode_Check(object))
        return Py_NewRef(object);
    object = withoutSelf(object);
    if (PyFunction_Check(object))
        return Py_NewRef(PyFunction_GET_CODE(object));
    for (const char* name : {"gi_code", "cr_code", "ag_code"}) {
        Reference code(PyObject_GetAttrString(object, name));
        if (code && PyCode_Check(code.get()))
            return code.release();
        PyErr_Clear();
    }
    return PyErr_Format(PyExc_TypeError,
                        "expected a Python function or a code object, not '%.100s'",
                        Py_TYPE(object)->tp_name);
}

// For whose globals the code of `object` is to be compiled, if it is a function or a method.
runtime::CompiledFor compiledFor(runtime::CodeData* data, PyObject* object) {
    object = withoutSelf(object);
    if (!PyFunction_Check(object))
        return {data, nullptr, nullptr};
    return {data, host::functionGlobals(object), host::functionBuiltins(object)};
}

PyObject* forceCompile(PyObject*, PyObject* object) {
    Reference code(codeOf(object));
    if (!code)
        return nullptr;
    if (!inMainInterpreter() || !start())
        Py_RETURN_FALSE;
    runtime::CodeData* data = host::codeData(code.get(), true);
    if (!data)
        return PyErr_NoMemory();
    if (data->current)
        Py_RETURN_TRUE;
    if (data->suppressed)
        Py_RETURN_FALSE;
    const runtime::CompiledFor scope = compiledFor(data, object);
    return PyBool_FromLong(runtime::compileNow(data, runtime::CompileWhy::kForced));
}

PyObject* isCompiled(PyObject*, PyObject* object) {
    Reference code(codeOf(object));
    if (!code)
        return nullptr;
    const runtime::CodeData* data = host::codeData(code.get(), false);
    return PyBool_FromLong(data && data->current);
}

PyObject* suppress(PyObject*, PyObject* object) {
    Reference code(codeOf(object));
    if (!code)
        return nullptr;
    runtime::CodeData* data = host::codeData(code.get(), true);
    if (!data)
        return PyErr_NoMemory();
    runtime::suppress(data);
    Py_RETURN_NONE;
}

PyObject* compileAfterCalls(PyObject*, PyObject* argument) {
    long calls = PyLong_AsLong(argument);
    if (calls == -1 && PyErr_Occurred())
        return nullptr;
    if (calls < 0 || calls > INT32_MAX)
        return PyErr_Format(PyExc_ValueError, "the number of calls must be from 0 to %d",
                            INT32_MAX);
    long before = static_cast<long>(runtime::options().compileAfterCalls);
    runtime::options().compileAfterCalls = static_cast<uint32_t>(calls);
    runtime::noticeThreshold();
    return PyLong_FromLong(before);
}

PyObject* setOption(PyObject*, PyObject* args) {
    const char *name, *value;
    if (!PyArg_ParseTuple(args, "ss:set_option", &name, &value))
        return nullptr;
    if (std::string wrong = runtime::setOption(name, value); !wrong.empty())
        return PyErr_Format(PyExc_ValueError, "%s", wrong.c_str());
    Py_RETURN_NONE;
}

PyObject* stats(PyObject*, PyObject* args) {
    PyObject* object = Py_None;
    if (!PyArg_ParseTuple(args, "|O:stats", &object))
        return nullptr;
    if (object == Py_None)
        return statisticsDict();
    Reference code(codeOf(object));
    return code ? functionStatistics(code.get()) : nullptr;
}

// (hir, lir, asm, failure) of a compilation whose code is thrown away.
PyObject* dump(PyObject*, PyObject* object) {
    Reference code(codeOf(object));
    if (!code)
        return nullptr;
    if (!start())
        return PyErr_Format(PyExc_RuntimeError, "pyston is turned off in this process");
    CompileRequest request;
    request.data = host::codeData(code.get(), true);
    if (!request.data)
        return PyErr_NoMemory();
    int flags = reinterpret_cast<PyCodeObject*>(code.get())->co_flags;
    request.resumeEntries = flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR);
    request.osrOffsets = request.data->osrOffsets;
    request.wantDumps = true;
    const runtime::CompiledFor scope = compiledFor(request.data, object);
    CompileResult result = compile(request);
    return Py_BuildValue("(ssss)", result.hir.c_str(), result.lir.c_str(), result.assembly.c_str(),
                         result.failure.c_str());
}

PyMethodDef methods[] = {
    {"_autoload", autoload, METH_NOARGS, "Start as the environment and the command line say."},
    {"enable", enable, METH_NOARGS, "Compile from now on. False when that cannot be."},
    {"disable", disable, METH_NOARGS, "Run in the interpreter from now on."},
    {"is_enabled", isEnabled, METH_NOARGS, "Whether code is being compiled."},
    {"pause", pausePyston, METH_NOARGS, "Run in the interpreter until resume(); nests."},
    {"resume", resumePyston, METH_NOARGS, "End a pause()."},
    {"force_compile", forceCompile, METH_O, "Compile now. Whether it is compiled."},
    {"is_compiled", isCompiled, METH_O, "Whether there is machine code for a function."},
    {"suppress", suppress, METH_O, "Never compile a function."},
    {"compile_after_n_calls", compileAfterCalls, METH_O, "Set the threshold; returns the old one."},
    {"set_option", setOption, METH_VARARGS, "Set an option by its name without `pyston-`."},
    {"stats", stats, METH_VARARGS, "Counters of the process, or of one function."},
    {"dump", dump, METH_O, "(hir, lir, asm, failure) of a trial compilation."},
    {nullptr, nullptr, 0, nullptr},
};

PyStructSequence_Field versionFields[] = {{"major", nullptr},  {"minor", nullptr},
                                          {"micro", nullptr},  {"releaselevel", nullptr},
                                          {"serial", nullptr}, {nullptr, nullptr}};
PyStructSequence_Desc versionDescription = {"sys.pyston_version_info", "Version of Pyston.",
                                            versionFields, 5};

// Leaves `sys.implementation` alone: packaging reads it.
bool addVersion(PyObject* module) {
    Reference type(reinterpret_cast<PyObject*>(PyStructSequence_NewType(&versionDescription)));
    if (!type)
        return false;
    Reference version(PyStructSequence_New(reinterpret_cast<PyTypeObject*>(type.get())));
    if (!version)
        return false;
    PyObject* items[] = {
        PyLong_FromLong(PYSTON_VERSION_MAJOR), PyLong_FromLong(PYSTON_VERSION_MINOR),
        PyLong_FromLong(PYSTON_VERSION_MICRO), PyUnicode_FromString("alpha"), PyLong_FromLong(0)};
    for (int i = 0; i < 5; ++i)
        PyStructSequence_SetItem(version.get(), i, items[i]);
    Reference text(PyUnicode_FromFormat("%d.%d.%d", PYSTON_VERSION_MAJOR, PYSTON_VERSION_MINOR,
                                        PYSTON_VERSION_MICRO));
    return !PyErr_Occurred() && text && PyModule_AddObjectRef(module, "version", text.get()) == 0 &&
           PySys_SetObject("pyston_version_info", version.get()) == 0;
}

int execModule(PyObject* module) {
    return addVersion(module) ? 0 : -1;
}

PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void*>(execModule)}, {0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "_pyston",
                          "The compiler. Use the package `pyston`.",
                          0,
                          methods,
                          slots,
                          nullptr,
                          nullptr,
                          nullptr};

} // namespace
} // namespace pyston::module

PyMODINIT_FUNC PyInit__pyston() {
    return PyModuleDef_Init(&pyston::module::definition);
}
