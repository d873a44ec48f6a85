// Constants, control flow, the interpreter's frame, reference counts.
#include "lower/lowering.h"

#include <algorithm>
#include <cassert>

namespace pyston::lower {

using lir::Opcode;
using runtime::Helper;

namespace {

constexpr int kSlotBytes = 8;
constexpr int kFrameSuspended = -1; // CPython's FRAME_SUSPENDED, a signed byte

} // namespace

// Constants have no register of their own: use() makes them. Phis are block parameters.
void Lowering::lowerConstObject(const hir::Instr&) {}
void Lowering::lowerConstWeak(const hir::Instr&) {}
void Lowering::lowerConstInt(const hir::Instr&) {}
void Lowering::lowerConstDouble(const hir::Instr&) {}
void Lowering::lowerConstBool(const hir::Instr&) {}
void Lowering::lowerConstNull(const hir::Instr&) {}
void Lowering::lowerPhi(const hir::Instr&) {}

// --- the frame

void Lowering::lowerLoadFrameSlot(const hir::Instr& instr) {
    define(instr, e_.load64(e_.frame(), layout_.frameSlots + kSlotBytes * instr.imm()));
}

void Lowering::lowerFrameGlobals(const hir::Instr& instr) {
    define(instr, e_.load64(e_.frame(), layout_.frameGlobals));
}
void Lowering::lowerFrameBuiltins(const hir::Instr& instr) {
    define(instr, e_.load64(e_.frame(), layout_.frameBuiltins));
}
void Lowering::lowerFrameClosure(const hir::Instr& instr) {
    const VReg function = e_.load64(e_.frame(), layout_.frameFunction);
    define(instr, e_.load64(function, layout_.functionClosure));
}

void Lowering::lowerStoreFrameSlot(const hir::Instr& instr) {
    const Operand value = useX(instr.operand(0));
    e_.store64(e_.frame(), layout_.frameSlots + kSlotBytes * instr.imm(), value);
}

int64_t Lowering::instrAddress(int64_t byteOffset) const {
    return reinterpret_cast<int64_t>(fn_.code) + layout_.codeInstructions + byteOffset;
}

void Lowering::storePrevInstr(VReg frame, int64_t byteOffset) {
    e_.store64(frame, layout_.framePrevInstr, e_.immOrReg(instrAddress(byteOffset)));
}

void Lowering::lowerSetPrevInstr(const hir::Instr& instr) {
    storePrevInstr(e_.frame(), instr.imm());
}

void Lowering::enterFrame(const hir::Block& entry) {
    const VReg thread = e_.threadState();
    e_.addMem(Opcode::kAddMem32, thread, layout_.threadRecursionRemaining, -1);
    e_.exitIfMem(Opcode::kExitIfMem32, Cc::kLt, thread, layout_.threadRecursionRemaining,
                 Operand::i(0), recursionExit(entry));
}

void Lowering::leaveFrame() {
    if (hasLeft_)
        return;
    hasLeft_ = true;
    const VReg thread = e_.threadState();
    e_.addMem(Opcode::kAddMem32, thread, layout_.threadRecursionRemaining, 1);
    const VReg cframe = e_.load64(thread, layout_.threadCframe);
    const VReg previous = e_.load64(e_.frame(), layout_.framePrevious);
    e_.store64(cframe, layout_.cframeCurrentFrame, Operand::r(previous));
}

void Lowering::lowerLeaveFrame(const hir::Instr&) {
    leaveFrame();
}

void Lowering::lowerReturn(const hir::Instr& instr) {
    leaveFrame();
    e_.store(Opcode::kStore32, e_.frame(), layout_.frameStackTop, Operand::i(0));
    e_.emit(Opcode::kRet, {Operand::r(use(instr.operand(0)))});
}

void Lowering::lowerYield(const hir::Instr& instr) {
    const VReg value = use(instr.operand(0));
    storeFrameForYield(instr);
    leaveFrame();
    e_.emit(Opcode::kRet, {Operand::r(value)});
}

// References were settled by instructions before: every slot that the frame does not hold already
// gets its value with its reference.
void Lowering::storeFrameForYield(const hir::Instr& instr) {
    const hir::FrameState* state = instr.frameState();
    const hir::ExitReferences* refs = instr.exitReferences();
    const VReg frame = e_.frame();
    const auto store = [&](size_t slot, const hir::Instr* value, bool inFrame) {
        if (inFrame)
            return;
        assert((!value || value->type().isCounted()) && "what a suspended frame holds is boxed");
        e_.store64(frame, layout_.frameSlots + kSlotBytes * static_cast<int64_t>(slot),
                   value ? useX(value) : Operand::i(0));
    };
    const auto isInFrame = [&](const std::vector<hir::ExitReferences::Action>& actions, size_t i) {
        return actions[i] == hir::ExitReferences::kInFrame;
    };
    const auto numSlots = static_cast<size_t>(fn_.numSlots);
    for (size_t i = 0; i < state->slots.size(); ++i)
        store(i, state->slots[i], refs && state->slots[i] && isInFrame(refs->slots, i));
    for (size_t i = 0; i < state->stack.size(); ++i)
        store(numSlots + i, state->stack[i], refs && state->stack[i] && isInFrame(refs->stack, i));
    e_.store(Opcode::kStore32, frame, layout_.frameStackTop,
             Operand::i(static_cast<int64_t>(numSlots + state->stack.size())));
    storePrevInstr(frame, state->instrOffset);
    e_.store(Opcode::kStore8, frame, layout_.generatorFrameState, Operand::i(kFrameSuspended));
}

// --- references

void Lowering::lowerDrop(const hir::Instr&) {
    // insertReferenceCounts has made a Decref of those that release something.
}

void Lowering::lowerIncref(const hir::Instr& instr) {
    const hir::Instr* value = instr.operand(0);
    const bool nullable = value->type().rep == hir::Rep::kNullable;
    e_.emit(nullable ? Opcode::kXIncref : Opcode::kIncref, {Operand::r(use(value))});
}

void Lowering::lowerDecref(const hir::Instr& instr) {
    if (!isPartOfTruthTest(instr))
        release(instr);
}

void Lowering::release(const hir::Instr& instr) {
    const hir::Instr* value = instr.operand(0);
    const bool nullable = value->type().rep == hir::Rep::kNullable;
    if (!mayRunFinalizer(instr)) {
        e_.emit(nullable ? Opcode::kXDecref : Opcode::kDecref, {Operand::r(use(value))});
        return;
    }
    const hir::Instr* check = releaseCheckedBy(instr);
    e_.emitExit(nullable ? Opcode::kXRelease : Opcode::kRelease,
                check ? leavingReleasePoint(*check) : observedPoint(instr),
                {Operand::r(use(value))});
}

// (A frame that was left is nobody's to look at.)
bool Lowering::mayRunFinalizer(const hir::Instr& instr) const {
    return instr.opcode() == hir::Opcode::kDecref && !hasLeft_ &&
           !instr.operand(0)->type().diesQuietly();
}

// The check that the release makes itself, off the usual path: of the last release only. If there
// is one before it, the check is one of its own.
const hir::Instr* Lowering::releaseCheckedBy(const hir::Instr& decref) const {
    const auto& instrs = decref.block()->instrs();
    const auto at = std::ranges::find(instrs, &decref);
    const bool isFirst = at == instrs.begin() || !mayRunFinalizer(**(at - 1));
    const bool isChecked =
        at + 1 != instrs.end() && (*(at + 1))->opcode() == hir::Opcode::kCheckReleased;
    return isFirst && isChecked ? *(at + 1) : nullptr;
}

void Lowering::lowerCheckReleased(const hir::Instr& instr) {
    const auto& instrs = instr.block()->instrs();
    const auto at = std::ranges::find(instrs, &instr);
    if (at != instrs.begin() && mayRunFinalizer(**(at - 1)) && !releaseCheckedBy(**(at - 1)))
        leaveIfTraced(exitPoint(instr, exits::Reason::kTracing));
}

// --- checks

void Lowering::lowerCheckEvalBreaker(const hir::Instr& instr) {
    const VReg address = e_.imm(static_cast<int64_t>(layout_.evalBreakerAddress));
    e_.emitExit(Opcode::kServeIfMem32, errorExit(instr), {Operand::r(address)});
}

void Lowering::lowerCheckTracing(const hir::Instr& instr) {
    if (!isPartOfTruthTest(instr))
        leaveIfTraced(exitPoint(instr, exits::Reason::kTracing));
}

void Lowering::leaveIfTraced(int exit) {
    const VReg cframe = e_.load64(e_.threadState(), layout_.threadCframe);
    e_.exitIfMem(Opcode::kExitIfMem8, Cc::kNe, cframe, layout_.cframeUseTracing, Operand::i(0),
                 exit);
}

void Lowering::lowerGuardFrameUnshared(const hir::Instr& instr) {
    const int leave = exitPoint(instr, exits::Reason::kFrameObject);
    const VReg object = e_.load64(e_.frame(), layout_.frameObject);
    lir::Block* none = e_.newBlock();
    lir::Block* some = e_.newColdBlock();
    lir::Block* next = e_.newBlock();
    e_.branch(Cc::kEq, object, Operand::i(0), none, some);
    e_.start(some);
    // Left over from an exception that was handled, or a look at the frame, and the frame's alone:
    // the caller frees it with the frame, and nobody can tell.
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, object, layout_.refcount, Operand::i(1), leave);
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, object, layout_.frameObjectTrace, Operand::i(0),
                 leave);
    e_.jump(next);
    e_.start(none);
    e_.jump(next);
    e_.start(next);
}

// --- control flow

void Lowering::lowerJump(const hir::Instr& instr) {
    jumpTo(instr, 0);
}

// Continues in a new block if the comparison holds, else in `otherwise` (by a block of its own, as
// `otherwise` has several predecessors).
void Lowering::continueIf(const Compare& compare, lir::Block* otherwise, bool otherwiseCold) {
    lir::Block* next = e_.newBlock();
    lir::Block* middle = otherwiseCold ? e_.newColdBlock() : e_.newBlock();
    e_.branch(compare, next, middle);
    e_.start(middle);
    e_.jump(otherwise);
    e_.start(next);
}

void Lowering::branchTo(const hir::Instr& instr, const Compare& compare) {
    const Edge ifTrue = edge(instr, 0);
    const Edge ifFalse = edge(instr, 1);
    e_.branch(compare, ifTrue.to, ifFalse.to);
    finishEdge(ifTrue);
    finishEdge(ifFalse);
}

void Lowering::lowerBranch(const hir::Instr& instr) {
    branchTo(instr, compareOf(instr.operand(0)));
}

void Lowering::lowerBranchNull(const hir::Instr& instr) {
    branchTo(instr, {false, Cc::kEq, use(instr.operand(0)), Operand::i(0)});
}

void Lowering::lowerRaise(const hir::Instr& instr) {
    e_.emitExit(Opcode::kExit, errorExit(instr));
}

} // namespace pyston::lower
