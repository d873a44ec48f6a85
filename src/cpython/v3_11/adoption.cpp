#include "cpython/v3_11/adoption.h"

#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/greenlets.h"
#include "cpython/v3_11/osr.h"
#include "cpython/v3_11/stack_depths.h"
#include "cpython/v3_11/unhooked.h"
#include "runtime/options.h"

#include <algorithm>
#include <vector>

namespace pyston::host {
namespace {

constexpr int kUnit = sizeof(_Py_CODEUNIT);

// Code with a patch. (A few at most, until the next tick.)
std::vector<HostCode*> patched;

int baseOpcode(_Py_CODEUNIT unit) {
    return _PyOpcode_Deopt[_Py_OPCODE(unit)];
}

// Does the interpreter execute the instruction together with the one after it?
bool isSuperinstruction(_Py_CODEUNIT unit) {
    switch (_Py_OPCODE(unit)) {
    case LOAD_FAST__LOAD_FAST:
    case LOAD_FAST__LOAD_CONST:
    case LOAD_CONST__LOAD_FAST:
    case STORE_FAST__LOAD_FAST:
    case STORE_FAST__STORE_FAST:
        return true;
    default:
        return false;
    }
}

using Adopts = LoopEdge::Adopts;

// Can the instructions from the head of a loop on be overwritten? Not where others are jumped to,
// nor where the instruction before looks at them, nor where a loop edge is one of them: the
// interpreter would be taken to have stopped there when it returns from the emptied frame
// (edgeStoppedAt()).
Adopts findOut(const HostCode* data, int head) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    if (head + TakePatch::kUnits > Py_SIZE(code))
        return Adopts::kNo;
    const auto [isJumpedInto, before] = lookAround(data, head, TakePatch::kUnits);
    const int opcode = before >= 0 ? opcodeAt(data, code, before * kUnit) : NOP;
    const bool hasEdge = std::ranges::any_of(data->edges, [&](const LoopEdge& edge) {
        const int unit = edge.patchOffset / kUnit;
        return unit >= head && unit < head + TakePatch::kUnits;
    });
    if (isJumpedInto || hasEdge || _PyOpcode_Deopt[opcode] == BINARY_OP)
        return Adopts::kNo;
    return before == head - 1 ? Adopts::kAfterPair : Adopts::kYes;
}

// The instruction before the head is executed alone.
void splitPair(PyCodeObject* code, int head) {
    _Py_CODEUNIT& before = _PyCode_CODE(code)[head - 1];
    if (isSuperinstruction(before))
        _Py_SET_OPCODE(before, baseOpcode(before));
}

// The innermost loop that the offset is in, or null.
LoopEdge* innermostLoop(HostCode* data, int offset) {
    LoopEdge* innermost = nullptr;
    for (LoopEdge& edge : data->edges)
        if (edge.target <= offset && offset <= edge.jumpOffset &&
            (innermost == nullptr || edge.target > innermost->target))
            innermost = &edge;
    return innermost;
}

bool canBeAdopted(const HostCode* data) {
    const runtime::Options& options = runtime::options();
    return !data->isGenerator && !data->isStatic && !data->neverPatch && !data->loopsPatched &&
           !watchingIsForbidden() && !greenletIsLoaded() && options.loopEntry &&
           runtime::isActive() && isWarm(reinterpret_cast<const PyCodeObject*>(data->code));
}

} // namespace

bool adoptAtLoopHead(const Frame* frame, HostCode* data) {
    if (data->adoption.patch.stands())
        return true;
    if (!canBeAdopted(data))
        return false;
    LoopEdge* loop = innermostLoop(data, _PyInterpreterFrame_LASTI(frame) * kUnit);
    if (loop == nullptr)
        return false;
    PyCodeObject* code = frame->f_code;
    const int head = loop->target / kUnit;
    if (loop->adopts == Adopts::kUnknown)
        loop->adopts = findOut(data, head);
    const int depth = stackDepthAt(data, head);
    if (loop->adopts == Adopts::kNo || depth < 0 || depth >= code->co_stacksize ||
        isStoodOn(code, head, head + TakePatch::kUnits - 1) || !cacheBytes(code))
        return false;
    wake(data);
    if (loop->adopts == Adopts::kAfterPair)
        splitPair(code, head);
    data->adoption.patch.put(code, head);
    data->adoption.depth = depth;
    patched.push_back(data);
    return true;
}

void withdrawAdoption(HostCode* data) {
    if (!data->adoption.patch.stands())
        return;
    data->adoption.patch.takeAway(reinterpret_cast<PyCodeObject*>(data->code));
    std::erase(patched, data);
}

void withdrawAllAdoptions() {
    while (!patched.empty())
        withdrawAdoption(patched.back());
}

PyObject* adoptTaken(PyThreadState* tstate, HostCode* data) {
    auto* code = reinterpret_cast<PyCodeObject*>(data->code);
    const int head = data->adoption.patch.firstUnit();
    const int depth = data->adoption.depth;
    _Py_CODEUNIT* const returns = _PyCode_CODE(code) + data->adoption.patch.lastUnit();
    withdrawAdoption(data);
    noticeAdopted(tstate, data);
    TakenFrame taken(tstate, head, depth);
    ++runtime::statistics().adoptedFrames;
    return taken.giveBack(evalWithStack(tstate, taken.frame(), 0), returns);
}

} // namespace pyston::host
