#include "module/options.h"

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "runtime/options.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

extern char** environ;

namespace pyston::module {
namespace {

constexpr std::string_view kVariablePrefix = "PYSTON_";
constexpr std::string_view kOptionPrefix = "pyston-";

struct RunRow {
    const char* name;
    const char* meaning;
    bool RunOptions::*field;
};
constexpr RunRow kRunRows[] = {
    {"help", "list these options and leave", &RunOptions::help},
    {"gdb", "tell gdb the names of compiled functions", &RunOptions::gdb},
    {"stats", "print statistics on stderr when the program ends", &RunOptions::statsAtExit},
};

bool isOn(std::string_view value) {
    return value != "0" && value != "off" && value != "no" && value != "false";
}

void set(RunOptions* run, std::string_view name, std::string_view value) {
    for (const RunRow& row : kRunRows) {
        if (name == row.name) {
            run->*row.field = isOn(value);
            return;
        }
    }
    if (std::string wrong = runtime::setOption(name, value); !wrong.empty())
        std::fprintf(stderr, "pyston: warning: %s; ignored\n", wrong.c_str());
}

// PYSTON_COMPILE_AFTER -> compile-after
std::string optionName(std::string_view variable) {
    std::string name(variable);
    for (char& c : name)
        c = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return name;
}

void readEnvironment(RunOptions* run) {
    for (char** entry = environ; entry && *entry; ++entry) {
        std::string_view text = *entry;
        size_t equals = text.find('=');
        if (!text.starts_with(kVariablePrefix) || equals == std::string_view::npos)
            continue;
        // An empty variable is an unset one, as with Python's own.
        if (std::string_view value = text.substr(equals + 1); !value.empty())
            set(run,
                optionName(text.substr(kVariablePrefix.size(), equals - kVariablePrefix.size())),
                value);
    }
}

void readCommandLine(RunOptions* run) {
    PyObject* given = PySys_GetXOptions(); // borrowed
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (given && PyDict_Next(given, &position, &key, &value)) {
        const char* name = PyUnicode_AsUTF8(key);
        if (!name) {
            PyErr_Clear();
            continue;
        }
        if (!std::string_view(name).starts_with(kOptionPrefix))
            continue;
        const char* text = value == Py_True ? "" : PyUnicode_AsUTF8(value);
        if (!text) {
            PyErr_Clear();
            text = "?";
        }
        set(run, name + kOptionPrefix.size(), text);
    }
}

void printOption(std::string_view name, std::string_view value, std::string_view meaning) {
    std::string left(name);
    if (!value.empty())
        left.append("=").append(value);
    std::printf("  -X pyston-%-26s %.*s\n", left.c_str(), static_cast<int>(meaning.size()),
                meaning.data());
}

} // namespace

RunOptions readOptions() {
    RunOptions run;
    readEnvironment(&run);
    readCommandLine(&run);
    return run;
}

bool disabledByUser() {
    const char* value = std::getenv("DISABLE_PYSTON");
    return value && *value && std::strcmp(value, "0") != 0;
}

void printHelp() {
    std::puts("Options of Pyston. Each can also be set as an environment variable: "
              "PYSTON_COMPILE_AFTER=10\nis -X pyston-compile-after=10. DISABLE_PYSTON=1 turns "
              "everything off.\n");
    for (const RunRow& row : kRunRows)
        printOption(row.name, "", row.meaning);
    for (const runtime::OptionHelp& help : runtime::optionHelp())
        printOption(help.name, help.value, help.meaning);
    std::fflush(stdout);
}

} // namespace pyston::module
