#include "module/statistics.h"

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "cpython/api.h"
#include "hir/hir.h"
#include "module/reference.h"
#include "runtime/code_data.h"
#include "runtime/code_memory.h"
#include "runtime/coverage.h"
#include "runtime/options.h"
#include "runtime/policy.h"

#include <cstdio>
#include <string>

namespace pyston::module {
namespace {

constexpr const char* kReasonNames[] = {"guard",    "error",     "tracing", "deopt", "forced",
                                        "observed", "recursion", "frame",   "probe"};

// Takes the reference `value` in any case; false with an exception set.
bool put(Object* dict, const char* name, Object* value) {
    Reference owned(value);
    return owned && PyDict_SetItemString(dict, name, owned.get()) == 0;
}

bool putCount(Object* dict, const char* name, uint64_t value) {
    return put(dict, name, PyLong_FromUnsignedLongLong(value));
}

const char* reasonName(size_t reason) {
    return reason < std::size(kReasonNames) ? kReasonNames[reason] : "other";
}

// {"offset": .., "reason": .., "operation": .., "count": ..} for each exit that was taken.
Object* exitList(const runtime::CodeBlob& blob) {
    Reference list(PyList_New(0));
    if (!list)
        return nullptr;
    for (const exits::Record& record : blob.exits) {
        if (record.count == 0)
            continue;
        std::string operation(hir::info(static_cast<hir::Opcode>(record.hirOpcode)).name);
        Reference row(Py_BuildValue("{s:i,s:s,s:s,s:I}", "offset", record.resumeOffset, "reason",
                                    reasonName(static_cast<size_t>(record.reason)), "operation",
                                    operation.c_str(), "count", record.count));
        if (!row || PyList_Append(list.get(), row.get()) < 0)
            return nullptr;
    }
    return list.release();
}

// {"build": .., "passes": .., ..} in microseconds.
Object* phaseTimes(const runtime::CodeBlob& blob) {
    constexpr const char* kNames[runtime::kNumPhases] = {"build", "passes", "lower", "allocate",
                                                         "emit"};
    Reference dict(PyDict_New());
    for (size_t i = 0; dict && i < runtime::kNumPhases; ++i) {
        if (!putCount(dict.get(), kNames[i], blob.phases[i]))
            return nullptr;
    }
    return dict.release();
}

// {name: count} of all operations, also those that were not used.
Object* perOpcode(const runtime::Coverage::PerOpcode& counts) {
    Reference dict(PyDict_New());
    for (size_t i = 0; dict && i < counts.size(); ++i) {
        const std::string name(hir::info(static_cast<hir::Opcode>(i)).name);
        if (!putCount(dict.get(), name.c_str(), counts[i]))
            return nullptr;
    }
    return dict.release();
}

// {"REASON/OPERATION": count} of those that there are.
Object* perExit(const std::array<runtime::Coverage::PerOpcode, exits::kNumReasons>& counts) {
    Reference dict(PyDict_New());
    for (size_t reason = 0; dict && reason < counts.size(); ++reason) {
        for (size_t i = 0; i < counts[reason].size(); ++i) {
            const std::string name = std::string(reasonName(reason)) + "/" +
                                     std::string(hir::info(static_cast<hir::Opcode>(i)).name);
            if (counts[reason][i] != 0 && !putCount(dict.get(), name.c_str(), counts[reason][i]))
                return nullptr;
        }
    }
    return dict.release();
}

Object* helperCounts(const runtime::Coverage& all) {
    Reference dict(PyDict_New());
    for (size_t i = 0; dict && i < all.helpers.size(); ++i) {
        const std::string name(runtime::info(static_cast<runtime::Helper>(i)).name);
        if (!putCount(dict.get(), name.c_str(), all.helpers[i]))
            return nullptr;
    }
    return dict.release();
}

Object* coverageDict() {
    const runtime::Coverage all = runtime::coverage();
    Reference dict(PyDict_New());
    Reference passes(PyDict_New());
    for (const auto& [name, count] : all.passes)
        if (!passes || !putCount(passes.get(), name.c_str(), count))
            return nullptr;
    const bool good = dict && put(dict.get(), "built", perOpcode(all.built)) &&
                      put(dict.get(), "lowered", perOpcode(all.lowered)) &&
                      put(dict.get(), "helpers", helperCounts(all)) &&
                      put(dict.get(), "passes", passes.release()) &&
                      put(dict.get(), "exits emitted", perExit(all.emitted)) &&
                      put(dict.get(), "exits taken", perExit(all.taken));
    return good ? dict.release() : nullptr;
}

bool fillCounters(Object* dict) {
    const runtime::Statistics& all = runtime::statistics();
    return putCount(dict, "compilations", all.compilations) &&
           putCount(dict, "refused", all.refused) &&
           putCount(dict, "retirements", all.retirements) &&
           putCount(dict, "compile_microseconds", all.compileMicroseconds) &&
           putCount(dict, "code_bytes", runtime::codeBytesInUse()) &&
           putCount(dict, "free_objects", host::freeObjects()) &&
           putCount(dict, "native_entries", all.nativeEntries) &&
           putCount(dict, "inlined_entries", all.inlinedEntries) &&
           putCount(dict, "adopted_frames", all.adoptedFrames) &&
           putCount(dict, "unhooked_calls", all.unhookedCalls) &&
           putCount(dict, "loop_entries", all.loopEntries) &&
           putCount(dict, "handler_entries", all.handlerEntries) &&
           putCount(dict, "resume_entries", all.resumeEntries) &&
           putCount(dict, "interpreted_calls", all.interpretedCalls) &&
           putCount(dict, "interpreted_edges", all.interpretedEdges);
}

} // namespace

Object* statisticsDict() {
    Reference dict(PyDict_New());
    if (!dict || !fillCounters(dict.get()))
        return nullptr;
    Reference exits(PyDict_New());
    if (!exits)
        return nullptr;
    const runtime::Statistics& all = runtime::statistics();
    for (size_t i = 0; i < std::size(kReasonNames); ++i) {
        if (!putCount(exits.get(), reasonName(i), all.exits[i]))
            return nullptr;
    }
    if (!put(dict.get(), "exits", exits.release()))
        return nullptr;
    if (runtime::options().coverage && !put(dict.get(), "coverage", coverageDict()))
        return nullptr;
    return dict.release();
}

Object* functionStatistics(Object* code) {
    const runtime::CodeData* data = host::codeData(code, false);
    if (!data)
        Py_RETURN_NONE;
    Reference dict(PyDict_New());
    const runtime::CodeBlob* blob = data->current.get();
    bool good =
        dict && putCount(dict.get(), "versions", data->compilations()) &&
        putCount(dict.get(), "interpreted_calls", data->calls) &&
        putCount(dict.get(), "code_bytes", blob ? blob->size : 0) &&
        putCount(dict.get(), "compile_microseconds", blob ? blob->compileMicroseconds : 0) &&
        put(dict.get(), "phases", blob ? phaseTimes(*blob) : PyDict_New()) &&
        putCount(dict.get(), "entries", blob ? blob->entryCount : 0) &&
        put(dict.get(), "compiled", PyBool_FromLong(blob != nullptr)) &&
        put(dict.get(), "suppressed", PyBool_FromLong(data->suppressed)) &&
        put(dict.get(), "failure", PyUnicode_FromString(data->failure.c_str())) &&
        put(dict.get(), "exits", blob ? exitList(*blob) : PyList_New(0));
    return good ? dict.release() : nullptr;
}

void printStatistics() {
    Reference dict(statisticsDict());
    PyObject *key, *value;
    Py_ssize_t position = 0;
    std::fputs("pyston statistics:\n", stderr);
    while (dict && PyDict_Next(dict.get(), &position, &key, &value)) {
        Reference text(PyObject_Repr(value));
        const char* name = PyUnicode_AsUTF8(key);
        const char* shown = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
        if (name && shown)
            std::fprintf(stderr, "  %-22s %s\n", name, shown);
    }
    PyErr_Clear();
}

} // namespace pyston::module
