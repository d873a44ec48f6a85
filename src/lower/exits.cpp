// Exit points: where every value of a frame state is when an instruction leaves.
#include "lower/lowering.h"

#include <algorithm>
#include <cassert>

namespace pyston::lower {

using Action = hir::ExitReferences::Action;

namespace {

exits::Repr reprOf(hir::Type type) {
    switch (type.rep) {
    case hir::Rep::kInt64:
        return exits::Repr::kInt64;
    case hir::Rep::kDouble:
        return exits::Repr::kDouble;
    case hir::Rep::kBool:
        return exits::Repr::kBool;
    default:
        assert(type.isCounted() && "a frame holds no raw pointers");
        return exits::Repr::kObject;
    }
}

// Without insertReferenceCounts nothing is known to be owned.
Action actionAt(const std::vector<Action>* actions, size_t index) {
    return actions ? (*actions)[index] : Action::kIncref;
}

} // namespace

lir::ExitOperand Lowering::exitOperand(const hir::Instr* value, Action action,
                                       bool nothingConsumed) const {
    lir::ExitOperand out;
    if (value == nullptr)
        return out;
    if (action == Action::kInFrame) {
        out.kind = lir::ExitOperand::kInFrame;
        return out;
    }
    if (action == Action::kConsumed) {
        if (!nothingConsumed)
            return out;
        action = Action::kMove;
    }
    value = canonical(value);
    if (value->opcode() == hir::Opcode::kConstNull)
        return out;
    if (value->opcode() == hir::Opcode::kOptional) {
        const bool isInt = value->type().rep == hir::Rep::kInt64;
        out = exitOperand(value->operand(0), action, nothingConsumed);
        out.repr = isInt ? exits::Repr::kOptionalInt64 : exits::Repr::kOptionalDouble;
        return out;
    }
    out.repr = reprOf(value->type());
    out.incref = value->type().isCounted() && action == Action::kIncref;
    if (value->opcode() == hir::Opcode::kConstDouble) {
        out.kind = lir::ExitOperand::kConst;
        out.bits = value->imm();
    } else if (const auto bits = constant(value)) {
        out.kind = lir::ExitOperand::kConst;
        out.bits = *bits;
    } else {
        out.kind = lir::ExitOperand::kReg;
        out.reg = registerOf(value);
        assert(out.reg != lir::kNoReg && "an exit needs a value that was not computed");
    }
    return out;
}

// What inlined frames hold, the outermost first; describes them in `exit`, and adds the flags of
// optional values to its releases.
std::vector<lir::ExitOperand> Lowering::inlinedValues(const hir::FrameState& innermost,
                                                      const std::vector<Action>* actions,
                                                      bool nothingConsumed, lir::ExitPoint& exit) {
    struct Frame {
        const hir::FrameState* state;
        size_t firstAction;
    };
    std::vector<Frame> frames;
    size_t action = 0;
    for (const hir::FrameState* fs = &innermost; fs->parent; fs = fs->parent) {
        frames.push_back({fs, action});
        action += fs->slots.size() + fs->stack.size();
    }
    std::vector<lir::ExitOperand> values;
    for (size_t f = frames.size(); f-- > 0;) {
        const hir::FrameState& state = *frames[f].state;
        size_t next = frames[f].firstAction;
        for (const auto* list : {&state.slots, &state.stack})
            for (const hir::Instr* value : *list) {
                values.push_back(exitOperand(value, actionAt(actions, next++), nothingConsumed));
                if (exits::isOptional(values.back().repr))
                    exit.releases.push_back(
                        exitOperand(canonical(value)->operand(1), Action::kMove, nothingConsumed));
            }
        exits::InlinedFrame frame;
        frame.function = state.inlined->function;
        frame.data = state.inlined->data;
        frame.numSlots = static_cast<int32_t>(state.slots.size());
        frame.stackDepth = static_cast<int32_t>(state.stack.size());
        frame.resumeOffset = state.resumeOffset;
        frame.instrOffset = state.instrOffset;
        exit.inlined.push_back(frame);
    }
    return values;
}

int Lowering::exitPoint(const hir::Instr& instr, exits::Reason reason) {
    int& cached = exitCache_[static_cast<size_t>(reason)];
    if (cached >= 0)
        return cached;
    const hir::FrameState* state = instr.frameState();
    assert(state && "an instruction that leaves has a frame state");
    const hir::ExitReferences* refs = instr.exitReferences();
    lir::ExitPoint exit;
    exit.reason = reason;
    exit.hirOpcode = static_cast<uint8_t>(instr.opcode());
    // A guard leaves before the operation takes its operands' references.
    const bool nothingConsumed = reason != exits::Reason::kError;
    const hir::FrameState* outermost = const_cast<hir::FrameState*>(state)->outermost();
    exit.resumeOffset = outermost->resumeOffset;
    exit.instrOffset = outermost->instrOffset;
    const auto convert = [&](const std::vector<hir::Instr*>& values,
                             const std::vector<Action>* actions,
                             std::vector<lir::ExitOperand>& out) {
        for (size_t i = 0; i < values.size(); ++i) {
            out.push_back(exitOperand(values[i], actionAt(actions, i), nothingConsumed));
            if (exits::isOptional(out.back().repr))
                exit.releases.push_back(
                    exitOperand(canonical(values[i])->operand(1), Action::kMove, nothingConsumed));
        }
    };
    convert(outermost->slots, refs ? &refs->slots : nullptr, exit.slots);
    convert(outermost->stack, refs ? &refs->stack : nullptr, exit.stack);
    const std::vector<lir::ExitOperand> inlined =
        inlinedValues(*state, refs ? &refs->inlined : nullptr, nothingConsumed, exit);
    if (refs) {
        for (const hir::Instr* value : refs->releases) {
            lir::ExitOperand out = exitOperand(value, Action::kMove, nothingConsumed);
            if (out.kind != lir::ExitOperand::kNull)
                exit.releases.push_back(out);
        }
    }
    exit.releases.insert(exit.releases.end(), inlined.begin(), inlined.end());
    // A state without slots (a hand-written function) leaves them as they are.
    exit.slots.resize(static_cast<size_t>(fn_.numSlots), {.kind = lir::ExitOperand::kInFrame});
    cached = static_cast<int>(lir_->exits.size());
    lir_->exits.push_back(std::move(exit));
    return cached;
}

// What the frame shows while the released object dies. Without a state rather no locals than ones
// that were freed.
int Lowering::observedPoint(const hir::Instr& release) {
    const hir::FrameState* state = release.frameState();
    const hir::FrameState* outermost =
        state ? const_cast<hir::FrameState*>(state)->outermost() : nullptr;
    const hir::ExitReferences* refs = release.exitReferences();
    lir::ExitPoint point;
    point.reason = exits::Reason::kObserved;
    point.hirOpcode = static_cast<uint8_t>(release.opcode());
    point.instrOffset = outermost ? outermost->instrOffset : -1;
    point.resumeOffset = point.instrOffset;
    if (point.instrOffset >= 0 && fn_.code != nullptr)
        point.instrAddress = instrAddress(point.instrOffset);
    for (size_t i = 0; outermost && i < outermost->slots.size(); ++i) {
        const Action action = actionAt(refs ? &refs->slots : nullptr, i);
        lir::ExitOperand shown = exitOperand(outermost->slots[i], action, true);
        shown.incref = false;
        point.slots.push_back(shown);
        if (exits::isOptional(shown.repr))
            point.releases.push_back(
                exitOperand(canonical(outermost->slots[i])->operand(1), Action::kMove, true));
    }
    if (state) {
        // Nothing looks at the stacks.
        std::vector<lir::ExitOperand> inlined = inlinedValues(*state, nullptr, true, point);
        for (lir::ExitOperand& shown : inlined)
            shown.incref = false;
        point.releases.insert(point.releases.end(), inlined.begin(), inlined.end());
    }
    point.slots.resize(static_cast<size_t>(fn_.numSlots));
    lir_->exits.push_back(std::move(point));
    return static_cast<int>(lir_->exits.size()) - 1;
}

// What the frame shows while the object dies that is released right before `check`, and how it is
// left after that if it is traced then.
int Lowering::leavingReleasePoint(const hir::Instr& check) {
    exitCache_.fill(-1);
    const int index = exitPoint(check, exits::Reason::kTracing);
    exitCache_.fill(-1);
    lir::ExitPoint& point = lir_->exits[static_cast<size_t>(index)];
    if (fn_.code != nullptr)
        point.instrAddress = instrAddress(point.instrOffset);
    return index;
}

// The exit of `check` where `value` is not made yet.
int Lowering::leavingPointWith(const hir::Instr& check, VReg value, VReg instead) {
    exitCache_.fill(-1);
    const int index = exitPoint(check, exits::Reason::kTracing);
    exitCache_.fill(-1);
    lir::ExitPoint& point = lir_->exits[static_cast<size_t>(index)];
    for (auto* values : {&point.slots, &point.stack, &point.releases})
        for (lir::ExitOperand& operand : *values)
            if (operand.kind == lir::ExitOperand::kReg && operand.reg == value)
                operand.reg = instead;
    return index;
}

// Nothing has left the frame's memory yet.
int Lowering::recursionExit(const hir::Block& entry) {
    lir::ExitPoint exit;
    exit.reason = exits::Reason::kRecursion;
    exit.hirOpcode = static_cast<uint8_t>(hir::Opcode::kLoadFrameSlot);
    exit.resumeOffset = entry.entryOffset();
    exit.instrOffset = entry.entryOffset();
    lir::ExitOperand inFrame;
    inFrame.kind = lir::ExitOperand::kInFrame;
    int64_t end = fn_.numSlots;
    for (const hir::Instr* instr : entry.instrs()) {
        if (instr->opcode() == hir::Opcode::kLoadFrameSlot)
            end = std::max(end, instr->imm() + 1);
    }
    exit.slots.assign(static_cast<size_t>(fn_.numSlots), inFrame);
    exit.stack.assign(static_cast<size_t>(end - fn_.numSlots), inFrame);
    lir_->exits.push_back(std::move(exit));
    return static_cast<int>(lir_->exits.size()) - 1;
}

void Lowering::stressExit(const hir::Instr& instr) {
    if (!instr.has(hir::kExit) || instr.has(hir::kTerminator))
        return;
    const VReg counter = e_.imm(static_cast<int64_t>(context_.stressCounter));
    e_.addMem(lir::Opcode::kAddMem64, counter, 0, -1);
    e_.exitIfMem(lir::Opcode::kExitIfMem64, Cc::kEq, counter, 0, Operand::i(0),
                 exitPoint(instr, exits::Reason::kForced));
}

} // namespace pyston::lower
