#include "cpython/v3_11/osr.h"

#include "cpython/v3_11/adoption.h"
#include "cpython/v3_11/getitem_inlining.h"
#include "cpython/v3_11/pending.h"
#include "cpython/v3_11/quicken.h"
#include "cpython/v3_11/traced_positions.h"
#include "cpython/v3_11/unhooked.h"
#include "cpython/v3_11/unwind.h"
#include "runtime/call_sample.h"
#include "runtime/compile_thread.h"
#include "runtime/options.h"
#include "runtime/policy.h"
#include "support/clocks.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace pyston::host {
namespace {

constexpr int kUnit = sizeof(_Py_CODEUNIT);
// Code objects in the interpreter's own image (frozen modules) have this reference count from the
// start.
constexpr Py_ssize_t kStaticRefcount = 999999999 / 2;

int forbidden = 0;

std::optional<LoopEdge::Kind> edgeKind(int baseOpcode) {
    switch (baseOpcode) {
    case JUMP_BACKWARD:
        return LoopEdge::kAlways;
    case POP_JUMP_BACKWARD_IF_FALSE:
        return LoopEdge::kIfFalse;
    case POP_JUMP_BACKWARD_IF_TRUE:
        return LoopEdge::kIfTrue;
    case POP_JUMP_BACKWARD_IF_NONE:
        return LoopEdge::kIfNone;
    case POP_JUMP_BACKWARD_IF_NOT_NONE:
        return LoopEdge::kIfNotNone;
    default:
        return std::nullopt;
    }
}

unsigned char* opcodeByte(const HostCode* data, int offset) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    return reinterpret_cast<unsigned char*>(unitAt(code, offset));
}

uint8_t operandKind(PyObject* left, PyObject* right) {
    if (PyLong_CheckExact(left) && PyLong_CheckExact(right))
        return kSeenInts;
    if (PyFloat_CheckExact(left) && PyFloat_CheckExact(right))
        return kSeenFloats;
    if (PyUnicode_CheckExact(left) && PyUnicode_CheckExact(right))
        return kSeenStrings;
    return kSeenOther;
}

EdgeOutcome raise(PyThreadState* tstate, Frame* frame, int lookupOffset) {
    if (isInterpretersToUnwind(tstate, frame, findUnwinding(frame->f_code, lookupOffset).handler))
        return raisingAtEdge();
    if (unwindFrame(tstate, frame, lookupOffset, true))
        return interpretAfterEdge();
    return raisedAtEdge();
}

// Does the overwritten comparison. False with an exception set, the operands popped.
bool compareOperands(PyThreadState* tstate, Frame* frame, LoopEdge* edge) {
    LinkedFrame linked(tstate, frame);
    PyObject** top = frame->localsplus + linked.stacktop;
    PyObject* left = top[-2];
    PyObject* right = top[-1];
    edge->operandsSeen |= operandKind(left, right);
    PyObject* result = PyObject_RichCompare(left, right, edge->comparison);
    top[-2] = result;
    linked.stacktop -= result != nullptr ? 1 : 2;
    Py_DECREF(left);
    Py_DECREF(right);
    return result != nullptr;
}

// Pops the condition of the jump: 1 taken, 0 not, -1 with an exception set.
int popCondition(PyThreadState* tstate, Frame* frame, const LoopEdge* edge) {
    if (edge->kind == LoopEdge::kAlways)
        return 1;
    PyObject* value = frame->localsplus[--frame->stacktop];
    int truth;
    switch (edge->kind) {
    case LoopEdge::kIfNone:
        truth = value == Py_None;
        break;
    case LoopEdge::kIfNotNone:
        truth = value != Py_None;
        break;
    default:
        if (value == Py_True || value == Py_False) {
            truth = value == Py_True;
            break;
        }
        {
            LinkedFrame linked(tstate, frame);
            truth = PyObject_IsTrue(value);
            Py_DECREF(value);
        }
        return truth < 0 ? -1 : truth == (edge->kind == LoopEdge::kIfTrue);
    }
    if (Py_REFCNT(value) > 1) {
        Py_DECREF(value);
    } else {
        LinkedFrame linked(tstate, frame);
        Py_DECREF(value);
    }
    if (edge->kind == LoopEdge::kIfFalse)
        truth = !truth;
    return truth;
}

// Code whose loops are watched, and all patches that stand (if that is up to date).
std::vector<HostCode*> watched;
struct Patch {
    unsigned char* opcode;
    LoopEdge* edge;
    const HostCode* data;
};
std::vector<Patch> patches;
bool patchesChanged = false;

void put(const Patch& patch) {
    if (*patch.opcode == RETURN_VALUE) // which no edge is
        return;
    patch.edge->original = *patch.opcode;
    *patch.opcode = RETURN_VALUE;
}

// The opcode that the edge has without the patch, in the form that warm code has.
unsigned char unpatched(const HostCode* data, const LoopEdge& edge) {
    const auto* code = reinterpret_cast<const PyCodeObject*>(data->code);
    if (isWarm(code) && edge.original == COMPARE_OP)
        return COMPARE_OP_ADAPTIVE;
    if (isWarm(code) && edge.original == JUMP_BACKWARD)
        return JUMP_BACKWARD_QUICK;
    return edge.original;
}

void unpatch(const HostCode* data, LoopEdge* edge) {
    if (!std::exchange(edge->patched, false))
        return;
    patchesChanged = true;
    *opcodeByte(data, edge->patchOffset) = unpatched(data, *edge);
}

void findPatches() {
    patchesChanged = false;
    patches.clear();
    for (HostCode* data : watched)
        for (LoopEdge& edge : data->edges)
            if (edge.patched) {
                edge.original = unpatched(data, edge);
                patches.push_back({opcodeByte(data, edge.patchOffset), &edge, data});
            }
}

// Can compiled code be entered at the edge's loop, now or later?
bool isWorthWatching(const HostCode* data, const LoopEdge& edge) {
    if (data->suppressed)
        return false;
    return runtime::mayCompile(data) ||
           (data->current && data->current->entryAt(edge.target) != nullptr);
}

// The frame stands at the loop header `edge->target`.
EdgeOutcome atLoopHeader(const Frame* frame, HostCode* data, LoopEdge* edge) {
    if (!runtime::isActive()) {
        unwatchLoops(data);
        return interpretAfterEdge();
    }
    if (runtime::hasFinishedJobs())
        runtime::installFinishedCode();
    int32_t target = edge->target;
    const void* entry = data->current ? data->current->entryAt(target) : nullptr;
    const auto units = static_cast<uint32_t>((edge->next - target) / kUnit);
    if (entry == nullptr && runtime::shouldCompileAtLoop(data, target, units)) {
        if (compileForFrame(data, frame, runtime::CompileWhy::kLoop, target))
            entry = data->current->entryAt(target);
    }
    if (entry != nullptr) {
        ++runtime::statistics().loopEntries;
        return {data->current.get(), entry};
    }
    if (data->isSampled && runtime::hasSeenLoop(data)) {
        unwatchLoops(data);
        runtime::endLook();
    } else if (!isWorthWatching(data, *edge)) {
        unpatch(data, edge);
    }
    return interpretAfterEdge();
}

// Activations of this frame's code are out of our sight.
void markFrame(const Frame* frame) {
    if (HostCode* data = hostCode(frame->f_code)) {
        data->neverPatch = true;
        unwatchLoops(data);
    }
}

void markFrames(bool (*unseen)(const Frame*), const PyThreadState* except = nullptr) {
    PyInterpreterState* interp = PyInterpreterState_Get();
    for (PyThreadState* thread = PyInterpreterState_ThreadHead(interp); thread != nullptr;
         thread = PyThreadState_Next(thread)) {
        if (thread == except)
            continue;
        for (Frame* frame = thread->cframe->current_frame; frame; frame = frame->previous)
            if (unseen(frame))
                markFrame(frame);
    }
}

// Functions whose calls are over are watched until their next call: no more.
void watchOnlyRunning(PyThreadState* tstate) {
    std::vector<HostCode*> running;
    for (Frame* frame = tstate->cframe->current_frame; frame; frame = frame->previous) {
        HostCode* data = findHostCode(frame->f_code);
        if (data != nullptr && data->loopsPatched)
            running.push_back(data);
    }
    for (HostCode* data : std::vector<HostCode*>(watched))
        if (std::ranges::find(running, data) == running.end())
            unwatchLoops(data);
}

} // namespace

// What findLoopEdges() looks for.
enum class Role : uint8_t { kNone, kPrefix, kCall, kComparison, kEdge };
static std::array<Role, 256> findRoles() {
    std::array<Role, 256> roles{};
    for (int opcode = 0; opcode < 256; ++opcode)
        if (edgeKind(opcode))
            roles[static_cast<size_t>(opcode)] = Role::kEdge;
    roles[EXTENDED_ARG] = Role::kPrefix;
    roles[CALL] = roles[CALL_FUNCTION_EX] = Role::kCall;
    roles[COMPARE_OP] = Role::kComparison;
    return roles;
}

void findLoopEdges(HostCode* data) {
    static const std::array<Role, 256> roles = findRoles();
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    data->isStatic = Py_REFCNT(code) > kStaticRefcount;
    data->neverPatch = data->isStatic;
    const int size = static_cast<int>(_PyCode_NBYTES(code));
    int arg = 0;
    int compareOffset = -1; // of a comparison right before this instruction
    for (int offset = 0, next; offset < size; offset = next) {
        const _Py_CODEUNIT unit = *unitAt(code, offset);
        const int opcode = _PyOpcode_Deopt[_Py_OPCODE(unit)];
        next = offset + kUnit * (1 + _PyOpcode_Caches[opcode]);
        const Role role = roles[static_cast<size_t>(opcode)];
        if (role == Role::kNone) [[likely]] {
            arg = 0;
            compareOffset = -1;
            continue;
        }
        arg = (arg << 8) | _Py_OPARG(unit);
        data->hasCalls |= role == Role::kCall;
        if (role == Role::kEdge) {
            const LoopEdge::Kind kind = *edgeKind(opcode);
            LoopEdge edge{};
            edge.patchOffset = offset;
            edge.jumpOffset = offset;
            edge.target = next - arg * kUnit;
            edge.next = next;
            edge.kind = kind;
            if (compareOffset >= 0 && (kind == LoopEdge::kIfTrue || kind == LoopEdge::kIfFalse)) {
                edge.patchOffset = compareOffset;
                edge.comparison = static_cast<int8_t>(_Py_OPARG(*unitAt(code, compareOffset)));
            }
            data->edges.push_back(edge);
        }
        if (role != Role::kPrefix)
            arg = 0;
        compareOffset = role == Role::kComparison ? offset : -1;
    }
    data->hasLoops = !data->edges.empty();
}

int opcodeAt(const HostCode* data, PyCodeObject* code, int offset) {
    if (const LoopEdge* edge = data != nullptr ? patchedEdge(data, offset) : nullptr)
        return edge->original;
    return _Py_OPCODE(originalUnit(data, code, offset));
}

LoopEdge* patchedEdge(HostCode* data, int offset) {
    if (data == nullptr || !data->loopsPatched)
        return nullptr;
    for (LoopEdge& edge : data->edges) {
        if (edge.patched && edge.patchOffset == offset)
            return &edge;
    }
    return nullptr;
}

void watchLoops(HostCode* data) {
    if (data->loopsPatched || !data->hasLoops || !seesActivations(data) || forbidden != 0 ||
        !runtime::options().loopEntry || !runtime::isActive()) {
        return;
    }
    if (std::none_of(data->edges.begin(), data->edges.end(),
                     [&](const LoopEdge& edge) { return isWorthWatching(data, edge); }))
        return;
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    if (mayBeInlinedAsGetItem(code) && !preventGetItemInlining())
        return;
    if (!seesActivations(data))
        return;
    if (!cacheBytes(code))
        return;
    withdrawAdoption(data);
    wake(data);
    for (LoopEdge& edge : data->edges) {
        if (!isWorthWatching(data, edge))
            continue;
        put({opcodeByte(data, edge.patchOffset), &edge, data});
        edge.patched = true;
    }
    data->loopsPatched = true;
    watched.push_back(data);
    patchesChanged = true;
}

void unwatchLoops(HostCode* data) {
    if (!data->loopsPatched)
        return;
    for (LoopEdge& edge : data->edges)
        unpatch(data, &edge);
    data->loopsPatched = false;
    data->isSampled = false;
    data->loopSample.end();
    std::erase(watched, data);
}

bool sampleLoops(HostCode* data, uint64_t nanoseconds) {
    if (data->loopsPatched || data->isBeingCompiled)
        return false;
    watchLoops(data);
    if (!data->loopsPatched)
        return false;
    data->isSampled = true;
    runtime::sampleLoop(data, nanoseconds);
    return true;
}

void endLoopSamples() {
    for (HostCode* data : std::vector<HostCode*>(watched))
        if (data->isSampled)
            unwatchLoops(data);
}

void unwatchAllLoops() {
    for (runtime::CodeData* data : runtime::allCode())
        unwatchLoops(static_cast<HostCode*>(data));
}

void forbidWatching() {
    ++forbidden;
    unwatchAllLoops();
}

void allowWatching() {
    --forbidden;
}

bool watchingIsForbidden() {
    return forbidden != 0;
}

void markUnseenFrames() {
    markFrames([](const Frame*) { return true; });
}

void markInlinedFrames() {
    markFrames([](const Frame* frame) { return !frame->is_entry; });
}

void markFramesOfOthers(const PyThreadState* tstate) {
    markFrames([](const Frame*) { return true; }, tstate);
}

void markFramesOf(const PyThreadState* tstate, const Frame* base) {
    for (const Frame* frame = tstate->cframe->current_frame; frame != nullptr && frame != base;
         frame = frame->previous)
        markFrame(frame);
}

bool watchesNothingElse(PyThreadState* tstate) {
    const auto isAwaited = [](const HostCode* data) {
        return data->current && std::ranges::any_of(data->edges, [&](const LoopEdge& edge) {
                   return data->current->entryAt(edge.target) != nullptr;
               });
    };
    if (watched.empty()) [[likely]]
        return true;
    if (patchesChanged)
        watchOnlyRunning(tstate);
    for (HostCode* data : std::vector<HostCode*>(watched))
        if (!data->entryPatch.stands() && !isAwaited(data))
            unwatchLoops(data);
    return std::ranges::all_of(watched,
                               [](const HostCode* data) { return data->entryPatch.stands(); });
}

void liftLoopPatches(PyThreadState* tstate) {
    if (patchesChanged) {
        watchOnlyRunning(tstate);
        findPatches();
    }
    for (const Patch& patch : patches)
        if (!patch.data->entryPatch.stands())
            *patch.opcode = patch.edge->original;
}

void putLoopPatches() {
    if (patchesChanged)
        findPatches();
    std::ranges::for_each(patches, put);
}

LoopEdge* edgeStoppedAt(PyThreadState* tstate, Frame* frame) {
    if (_Py_OPCODE(*frame->prev_instr) != RETURN_VALUE || tstate->curexc_type != nullptr)
        return nullptr;
    HostCode* data = findHostCode(frame->f_code);
    return patchedEdge(data, _PyInterpreterFrame_LASTI(frame) * kUnit);
}

// (Not inlined: the tail call after it, see EdgeOutcome, needs a frame without objects.)
[[gnu::noinline]] EdgeOutcome passEdge(PyThreadState* tstate, Frame* frame, HostCode* data,
                                       LoopEdge* edge) {
    PyCodeObject* code = frame->f_code;
    ++frame->stacktop; // what RETURN_VALUE popped is still there
    warmUp(code);
    if (edge->comparison >= 0 && !compareOperands(tstate, frame, edge))
        return raise(tstate, frame, edge->patchOffset);
    frame->prev_instr = unitAt(code, edge->jumpOffset);
    int taken = popCondition(tstate, frame, edge);
    if (taken < 0)
        return raise(tstate, frame, edge->jumpOffset);
    if (taken == 0) {
        setNextOffset(frame, edge->next);
        return interpretAfterEdge();
    }
    if (evalBreakerIsSet(tstate)) {
        int failed;
        {
            LinkedFrame linked(tstate, frame);
            failed = handlePending(tstate);
        }
        // The interpreter has jumped already when it looks for the handler.
        if (failed != 0)
            return raise(tstate, frame, edge->target - kUnit);
    }
    if (tstate->cframe->use_tracing) [[unlikely]] {
        standAtTarget(tstate, frame, edge->jumpOffset, edge->target);
        return interpretAfterEdge();
    }
    setNextOffset(frame, edge->target);
    return atLoopHeader(frame, data, edge);
}

} // namespace pyston::host
