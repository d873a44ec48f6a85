// Loaded into the stock interpreter by bin/pyston (launcher.c).
//
// The interpreter's main() is Py_BytesMain(): initialize, run. This library puts one step between
// the two, with the public initialization API, by standing in for the C library's
// __libc_start_main. So the compiler is there before the first line of the program, also where
// `site` and its .pth files are not read (-I -S), and no hook stays behind that a program could see
// or that costs time.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher.h"

typedef int (*MainFunction)(int, char**, char**);
typedef int (*StartMain)(MainFunction, int, char**, void (*)(void), void (*)(void), void (*)(void),
                         void*);

static MainFunction stockMain;
static char executable[PATH_MAX]; // "": argv[0] leads to the environment
static char library[PATH_MAX];

// Takes the launcher's variables out of the environment. False when it did not start this process.
static int takeHandover(void) {
    const char* value = getenv(PYSTON_HANDOVER);
    if (!value) {
        return 0;
    }
    char* text = strdup(value);
    char* rest = text;
    char* first = rest ? strsep(&rest, "\n") : NULL;
    char* claimed = rest ? strsep(&rest, "\n") : NULL;
    char* path = rest ? strsep(&rest, "\n") : NULL;
    unsetenv(PYSTON_HANDOVER);
    if (!rest) {
        free(text);
        return 0;
    }
    if (*first == '=') {
        setenv("LD_PRELOAD", rest, 1);
    } else {
        unsetenv("LD_PRELOAD");
    }
    int descriptor = atoi(first + 1);
    if (descriptor >= 0) {
        close(descriptor);
    }
    snprintf(executable, sizeof executable, "%s", claimed);
    snprintf(library, sizeof library, "%s", path);
    free(text);
    return 1;
}

// Imports _pyston from the file beside this library's package and turns it on. A failure is one
// warning: the program runs, uncompiled.
static void loadPyston(void) {
    char* slash = strrchr(library, '/'); // .../site-packages/pyston/_preload.so
    if (slash) {
        *slash = '\0';
        slash = strrchr(library, '/');
    }
    if (slash) {
        *slash = '\0';
    }
    static const char kSource[] =
        "import sys\n"
        "m = sys.modules.get('_pyston')\n"
        "if m is None:\n"
        "    from _frozen_importlib import ModuleSpec, _load\n"
        "    from _frozen_importlib_external import ExtensionFileLoader\n"
        "    s = ModuleSpec('_pyston', ExtensionFileLoader('_pyston', path), origin=path)\n"
        "    s.has_location = True\n"
        "    m = _load(s)\n"
        "m._autoload()\n";
    PyObject* path = NULL;
    PyObject* result = NULL;
    PyObject* names = PyDict_New();
    if (names) {
        char file[PATH_MAX + 64];
        snprintf(file, sizeof file, "%s/%s", library, PYSTON_EXTENSION);
        path = PyUnicode_DecodeFSDefault(file);
    }
    if (path && PyDict_SetItemString(names, "path", path) == 0 &&
        PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) == 0) {
        result = PyRun_String(kSource, Py_file_input, names, names);
    }
    if (!result) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyObject* message = value ? PyObject_Str(value) : NULL;
        const char* text = message ? PyUnicode_AsUTF8(message) : NULL;
        fprintf(stderr, "pyston: warning: cannot load the compiler (%s); running uncompiled\n",
                text ? text : "out of memory");
        PyErr_Clear();
        Py_XDECREF(message);
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    }
    Py_XDECREF(result);
    Py_XDECREF(path);
    Py_XDECREF(names);
}

static PyStatus initialize(int argc, char** argv) {
    PyPreConfig preconfig;
    PyPreConfig_InitPythonConfig(&preconfig);
    PyStatus status = Py_PreInitializeFromBytesArgs(&preconfig, argc, argv);
    if (PyStatus_Exception(status)) {
        return status;
    }
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    status = PyConfig_SetBytesArgv(&config, argc, argv);
    if (!PyStatus_Exception(status)) {
        // Else guessed from the launcher's name; venv and multiprocessing use it.
        status = PyConfig_SetBytesString(&config, &config.base_executable, PYSTON_PYTHON);
    }
    if (!PyStatus_Exception(status) && *executable) {
        status = PyConfig_SetBytesString(&config, &config.executable, executable);
    }
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    return status;
}

// Py_BytesMain() with one more step. Its arguments are as for main().
static int pystonMain(int argc, char** argv, char** envp) {
    if (!takeHandover()) {
        return stockMain(argc, argv, envp);
    }
    PyStatus status = initialize(argc, argv);
    if (PyStatus_Exception(status)) { // also -h and -V
        Py_ExitStatusException(status);
    }
    loadPyston();
    return Py_RunMain();
}

__attribute__((visibility("default"))) int
__libc_start_main(MainFunction main, int argc, char** argv, void (*init)(void), void (*fini)(void),
                  void (*rtldFini)(void), void* stackEnd);

int __libc_start_main(MainFunction main, int argc, char** argv, void (*init)(void),
                      void (*fini)(void), void (*rtldFini)(void), void* stackEnd) {
    StartMain next = (StartMain)dlsym(RTLD_NEXT, "__libc_start_main");
    stockMain = main;
    return next(pystonMain, argc, argv, init, fini, rtldFini, stackEnd);
}
