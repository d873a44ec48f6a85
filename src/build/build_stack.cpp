// The value stack, locals, cells.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;

bool GraphBuilder::buildStackOp(const Instr& in) {
    switch (in.op) {
    case Op::kNop:
        return true;
    case Op::kPopTop:
        dropPopped(in, pop());
        return true;
    case Op::kPushNull:
        push(nullptr);
        return true;
    case Op::kCopy:
        push(peek(in.arg));
        return true;
    case Op::kSwap:
        std::swap(env_.stack.back(), env_.stack[env_.stack.size() - static_cast<size_t>(in.arg)]);
        return true;
    case Op::kLoadConst:
        push(constObject(code_.consts[static_cast<size_t>(in.arg)]));
        return true;
    case Op::kLoadFast:
    case Op::kLoadClosure:
        loadFast(in);
        return true;
    case Op::kStoreFast:
        storeFast(in);
        return true;
    case Op::kDeleteFast:
        deleteFast(in);
        return true;
    case Op::kLoadDeref:
        loadDeref(in);
        return true;
    case Op::kStoreDeref:
        storeDeref(in);
        return true;
    case Op::kDeleteDeref:
        deleteDeref(in);
        return true;
    case Op::kLoadClassDeref:
        push(helper(Helper::kLoadClassDeref, {env_.slots[static_cast<size_t>(in.arg)]}, in.arg));
        checkTracing();
        return true;
    case Op::kMakeCell:
        makeCell(in);
        return true;
    case Op::kCopyFreeVars:
        copyFreeVars(in);
        return true;
    default:
        return false;
    }
}

// A stack value dies at its last use. Nobody can tell that from here, unless a finalizer looks at
// the line, or at what was bound meanwhile, or several are popped, which die in that order.
void GraphBuilder::dropPopped(const Instr& in, Value* value) {
    if (!isShownBefore(in) || isOneOfSeveralPops(in))
        drop(value, stateAfter());
}

// As when loops within loops are left.
bool GraphBuilder::isOneOfSeveralPops(const Instr& in) const {
    const BytecodeBlock& block = bytecodeBlock(currentBlock_);
    const auto index = static_cast<int>(&in - code_.instrs.data());
    const auto isPop = [&](int at, int step) {
        const auto is = [&](Op op) {
            return at >= block.first && at <= block.last &&
                   code_.instrs[static_cast<size_t>(at)].op == op;
        };
        while (is(Op::kSwap))
            at += step;
        return is(Op::kPopTop);
    };
    return isPop(index - 1, -1) || isPop(index + 1, 1);
}

// Does the last instruction before this one that is more than a change of the stack lie in its
// block, show its line, and bind no local?
bool GraphBuilder::isShownBefore(const Instr& in) const {
    auto index = static_cast<int>(&in - code_.instrs.data());
    while (index-- > bytecodeBlock(currentBlock_).first) {
        const Instr& before = code_.instrs[static_cast<size_t>(index)];
        switch (before.op) {
        case Op::kPopTop:
        case Op::kSwap:
        case Op::kCopy:
        case Op::kNop:
        case Op::kPushNull:
        case Op::kLoadConst:
        case Op::kLoadFast:
            continue;
        case Op::kStoreFast:
        case Op::kDeleteFast:
        case Op::kStoreDeref:
        case Op::kDeleteDeref:
            return false;
        default:
            return before.line == in.line;
        }
    }
    return false;
}

// An unbound variable is the interpreter's to complain about.
void GraphBuilder::loadFast(const Instr& in) {
    Value* value = env_.slots[static_cast<size_t>(in.arg)];
    if (!value)
        return deopt();
    push(nonNull(value));
}

void GraphBuilder::storeFast(const Instr& in) {
    Value* value = expectAsSeen(in, popObject());
    Value*& slot = env_.slots[static_cast<size_t>(in.arg)];
    Value* old = slot;
    slot = value;
    if (old != value && needsDrop(old))
        drop(old, stateAfter());
}

// Of what comes out of a container nothing is known. Where the local was always a number or a
// string it is expected to be one: then the value that it replaces later dies without anything
// running, and what was read from memory stays true. (None says nothing of what an optional value
// is the next time.)
Value* GraphBuilder::expectAsSeen(const Instr& in, Value* value) {
    if (!request_.profile || inlining_ || !speculates(in) ||
        value->type().exact != ExactClass::kUnknown)
        return value;
    const Opcode from = value->opcode();
    if (from != Opcode::kItemAt && from != Opcode::kTupleItem)
        return value;
    const std::vector<runtime::SeenLocal>& seen = request_.profile->seenLocals;
    const auto slot = static_cast<size_t>(in.arg);
    if (slot >= seen.size() || seen[slot].varies)
        return value;
    const ExactClass c = seen[slot].exact;
    return c != ExactClass::kNoneType && exactObject(c).diesQuietly() ? guardExact(value, c)
                                                                      : value;
}

void GraphBuilder::deleteFast(const Instr& in) {
    Value*& slot = env_.slots[static_cast<size_t>(in.arg)];
    if (!slot)
        return deopt();
    Value* old = nonNull(slot);
    slot = nullptr;
    drop(old, stateAfter());
}

void GraphBuilder::loadDeref(const Instr& in) {
    Value* cell = env_.slots[static_cast<size_t>(in.arg)];
    if (!cell)
        return deopt();
    Value* content = emit(Opcode::kCellGet, {nonNull(cell)});
    push(emit(Opcode::kGuardNotNull, kObject, {content}));
}

void GraphBuilder::storeDeref(const Instr& in) {
    Value* cell = env_.slots[static_cast<size_t>(in.arg)];
    if (!cell)
        return deopt();
    cell = nonNull(cell);
    dropReplaced(emit(Opcode::kCellSet, {cell, popObject()}), cell);
}

void GraphBuilder::deleteDeref(const Instr& in) {
    Value* cell = env_.slots[static_cast<size_t>(in.arg)];
    if (!cell)
        return deopt();
    cell = nonNull(cell);
    emit(Opcode::kGuardNotNull, kObject, {emit(Opcode::kCellGet, {cell})});
    dropReplaced(emit(Opcode::kCellSet, {cell, emit(Opcode::kConstNull, {})}), cell);
}

void GraphBuilder::makeCell(const Instr& in) {
    Value*& slot = env_.slots[static_cast<size_t>(in.arg)];
    Value* cell = helper(Helper::kMakeCell, {slot});
    cell->setType(exactObject(ExactClass::kCell));
    slot = cell;
}

void GraphBuilder::copyFreeVars(const Instr& in) {
    Value* closure = emit(Opcode::kFrameClosure, exactObject(ExactClass::kTuple), {});
    for (int i = 0; i < in.arg; ++i) {
        Value* cell = emit(Opcode::kTupleItem, exactObject(ExactClass::kCell), {closure}, i);
        env_.slots[static_cast<size_t>(code_.numSlots - in.arg + i)] = cell;
    }
}

} // namespace pyston::build
