#include "cpython/v3_11/code_data.h"

#include "cpython/api.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/generators.h"
#include "cpython/v3_11/hidden_memory.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/ticks.h"
#include "runtime/code_memory.h"
#include "runtime/compile_thread.h"
#include "runtime/options.h"
#include "runtime/policy.h"
#include "runtime/resume_points.h"
#include "runtime/unwind.h"
#include "support/allocator.h"

#include <algorithm>
#include <climits>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

namespace pyston::host {

Py_ssize_t codeExtraIndex = -1;
size_t referencesHeld = 0;

namespace {

HostCode* dataOfCode(PyObject* object) {
    return PyCode_Check(object) ? findHostCode(reinterpret_cast<PyCodeObject*>(object)) : nullptr;
}

void destroyBlob(std::unique_ptr<runtime::CodeBlob> blob) {
    if (blob->base != nullptr) {
        runtime::unregisterNativeCode(blob->base);
        runtime::releaseCode(blob->base, blob->size);
    }
    for (PyObject* object : std::exchange(blob->references, {}))
        unrefer(object);
    for (PyObject* object : std::exchange(blob->names, {}))
        forgetName(object);
}

// Called when a code object dies: no frame runs it, so its machine code is dead as well.
void destroyHostCode(void* pointer) {
    std::unique_ptr<HostCode> data(static_cast<HostCode*>(pointer));
    if (!data)
        return;
    if (_Py_IsFinalizing()) {
        endTicks();
        runtime::stopCompileThread();
    }
    unwatchLoops(data.get());
    withdrawAdoption(data.get());
    wake(data.get()); // the code object's end looks at co_warmup: it counts down if that is 0
    if (data->quickenedHere)
        reinterpret_cast<PyCodeObject*>(data->code)->co_warmup = 1;
    runtime::unregisterCode(data.get());
    if (data->nativeResume != nullptr)
        runtime::forgetResumePoints();
    if (data->current)
        destroyBlob(std::move(data->current));
    for (std::unique_ptr<runtime::CodeBlob>& blob : data->retired)
        destroyBlob(std::move(blob));
}

// As _PyCode_SetExtra, but a new array ends with our slot: when the code object dies the free
// functions of all slots are called, NULL or not, and those who asked for theirs after us do not
// expect to be called for each code object that there is.
bool setExtra(PyCodeObject* code, HostCode* data) {
    if (code->co_extra != nullptr) {
        if (_PyCode_SetExtra(reinterpret_cast<PyObject*>(code), codeExtraIndex, data) == 0)
            return true;
        PyErr_Clear();
        return false;
    }
    auto slots = static_cast<size_t>(codeExtraIndex) + 1;
    auto* extra = static_cast<CodeExtra*>(
        hideFromTracemalloc(PyMem_Calloc(1, offsetof(CodeExtra, extras) + slots * sizeof(void*))));
    if (extra == nullptr)
        return false;
    extra->size = codeExtraIndex + 1;
    extra->extras[codeExtraIndex] = data;
    code->co_extra = extra;
    return true;
}

HostCode* makeHostCode(PyCodeObject* code) {
    const support::ReserveScope neverFails;
    std::unique_ptr<HostCode> data(new (std::nothrow) HostCode);
    auto* object = reinterpret_cast<PyObject*>(code);
    if (!data || !setExtra(code, data.get()))
        return nullptr;
    data->code = object;
    data->codeUnits = static_cast<uint32_t>(Py_SIZE(code));
    data->isGenerator = isGeneratorCode(code);
    if (isWarm(code))
        data->calls = kRunsUntilWarm; // which nobody counted
    findGeneratorStart(data.get());
    data->simpleCalls =
        hasSimpleParameters(code) && (!data->isGenerator || data->generatorStart.offset >= 0);
    if (data->simpleCalls && !data->isGenerator) {
        data->frame.slots = code->co_nlocalsplus;
        data->frame.words =
            code->co_nlocalsplus + code->co_stacksize + static_cast<int>(FRAME_SPECIALS_SIZE);
    }
    findLoopEdges(data.get());
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); ++i)
        data->hasInnerCode |= PyCode_Check(PyTuple_GET_ITEM(code->co_consts, i));
    runtime::registerCode(data.get());
    return data.release();
}

} // namespace

bool prepareCodeData() {
    if (codeExtraIndex < 0)
        codeExtraIndex = _PyEval_RequestCodeExtraIndex(destroyHostCode);
    return codeExtraIndex >= 0;
}

HostCode* hostCode(PyCodeObject* code) {
    HostCode* data = findHostCode(code);
    return data != nullptr ? data : makeHostCode(code);
}

static void takeReferences(runtime::CodeData* data, std::vector<PyObject*>& taken) {
    for (const std::unique_ptr<runtime::CodeBlob>& blob : data->retired)
        for (PyObject* object : std::exchange(blob->references, {}))
            taken.push_back(object);
}

void dropReferences(HostCode* data) {
    runtime::suppress(data); // nothing compiled is entered
    std::vector<PyObject*> dropped;
    takeReferences(data, dropped);
    for (PyObject* object : dropped) // finalizers may install what was just being compiled
        unrefer(object);
}

// The interpreter ends by letting go of modules, so that what they hold dies: in its order, and
// before there is no file to write to. Frozen code, with what it refers to, would never die.
static void dropAllReferences() {
    runtime::endCompiling();
    std::vector<PyObject*> dropped;
    for (runtime::CodeData* data : runtime::allCode())
        takeReferences(data, dropped);
    for (PyObject* object : dropped)
        unrefer(object);
}

void refer(Object* object) {
    if (referencesHeld == 0)
        callAtExit(dropAllReferences);
    Py_INCREF(object);
    ++referencesHeld;
    if (PyCode_Check(object)) // is counted from the first one on
        if (HostCode* data = hostCode(reinterpret_cast<PyCodeObject*>(object)))
            ++data->referrers;
}

void unrefer(Object* object) {
    --referencesHeld;
    if (HostCode* data = dataOfCode(object))
        --data->referrers;
    Py_DECREF(object);
}

void lookAtLocals(runtime::CodeData* data, const Frame* frame) {
    data->seenLocals.resize(static_cast<size_t>(frame->f_code->co_nlocals));
    for (size_t i = 0; i < data->seenLocals.size(); ++i) {
        if (PyObject* object = frame->localsplus[i])
            data->localsDiffered |= data->seenLocals[i].add(exactClassOf(object));
    }
}

// The frame stands at a loop header, with what the loop iterates over on top of the stack.
static void lookAtFrame(HostCode* data, const Frame* frame, int32_t offset) {
    data->seenOffset = offset;
    for (int i = 0; i < frame->stacktop; ++i) {
        PyObject* object = frame->localsplus[i];
        data->seenClasses.push_back(object ? exactClassOf(object) : hir::ExactClass::kUnknown);
    }
    if (frame->stacktop > frame->f_code->co_nlocalsplus)
        data->sites[offset].iterator = data->seenClasses.back();
}

bool compileForFrame(HostCode* data, const Frame* frame, runtime::CompileWhy why,
                     int32_t osrOffset) {
    if (why == runtime::CompileWhy::kLoop)
        lookAtFrame(data, frame, osrOffset);
    if (frame->owner == FRAME_OWNED_BY_THREAD)
        lookAtLocals(data, frame);
    const runtime::CompiledFor scope(data, frame->f_globals, frame->f_builtins);
    const bool compiled = runtime::compileNow(data, why, osrOffset);
    data->seenClasses.clear();
    return compiled;
}

static bool frozenStaysAwake = false;
// Frozen code outlives the interpreter, which looks at co_warmup then.
static void wakeAtExit(HostCode* data) {
    if (std::exchange(data->wakesAtExit, true))
        return;
    static std::vector<HostCode*> idlers;
    idlers.push_back(data);
    callAtExit([] {
        frozenStaysAwake = true;
        std::ranges::for_each(idlers, wake);
    });
}

void letIdle(HostCode* data) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    if (code->co_warmup < 0 || isIdle(code) || data->loopsPatched || data->entryPatch.stands() ||
        data->adoption.patch.stands() || tracingSeen || (data->isStatic && frozenStaysAwake))
        return;
    if (data->isStatic)
        wakeAtExit(data);
    const uint32_t unhookAfter = runtime::options().unhookAfterCalls;
    const uint32_t unhooksAt = std::max(unhookAfter, data->unhooksAt);
    const bool unhooksNow =
        unhookAfter != 0 && data->calls >= unhooksAt && (data->hasCalls || data->hasLoops);
    uint32_t calls = runtime::callsToSkip(data);
    if (unhooksAt > data->calls)
        calls = std::min(calls, unhooksAt - data->calls);
    data->idleCalls = static_cast<int16_t>(std::min<uint32_t>(calls, SHRT_MAX / kOneIdleCall));
    code->co_warmup =
        static_cast<int16_t>(data->idleCalls * kOneIdleCall + (unhooksNow ? kUnhooks : 0));
}

void wake(HostCode* data) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    if (code->co_warmup < 0 || (code->co_warmup == 0 && data->idleCalls == 0))
        return;
    runtime::countSkippedCalls(data, static_cast<uint32_t>(data->idleCalls - idleCallsLeft(code)));
    data->idleCalls = 0;
    code->co_warmup = 0;
}

void wakeCode(runtime::CodeData* data) {
    wake(static_cast<HostCode*>(data));
}

runtime::CodeData* codeData(Object* code, bool create) {
    if (!PyCode_Check(code) || codeExtraIndex < 0)
        return nullptr;
    auto* codeObject = reinterpret_cast<PyCodeObject*>(code);
    return create ? hostCode(codeObject) : findHostCode(codeObject);
}

} // namespace pyston::host
