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
        dropPopped(in, {pop()});
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

namespace {

// Whether code may have run in the block since the last read of anything that code can change.
bool hasRunSinceRead(const hir::Block* block) {
    const auto& instrs = block->instrs();
    for (auto it = instrs.rbegin(); it != instrs.rend(); ++it)
        if ((*it)->has(kReadHeap))
            return (*it)->has(kRunPython);
    return false;
}

// Whether the block's last use of the value takes it over.
bool isTaken(const Value* value, const hir::Block* block) {
    const auto& instrs = block->instrs();
    for (auto it = instrs.rbegin(); it != instrs.rend(); ++it)
        for (size_t i = 0; i < (*it)->numOperands(); ++i)
            if (rootValue((*it)->operand(i)) == rootValue(value))
                return (*it)->steals(i);
    return false;
}

} // namespace

// A stack value dies at its last use. Nobody can tell that from here, unless a finalizer looks at
// the line, or at what was bound meanwhile, or several are popped, which die in that order; or
// unless it changes what was read since code could run last, which is to be read again.
// If it is said of one operand, it is of the others, since they die in order.
void GraphBuilder::dropPopped(const Instr& in, std::initializer_list<Value*> values) {
    const bool hasRun = hasRunSinceRead(block_);
    const auto isNotSeen = [&](const Value* value) {
        return mayDie(value) && !(hasRun && isShownAt(in, value));
    };
    if (!isShownBefore(in) || isOneOfSeveralPops(in) || std::ranges::any_of(values, isNotSeen))
        for (Value* value : values)
            drop(value, stateAfter());
}

// Likewise for what an instruction took off the stack. Most have a state themselves; not so a look
// at a slot of an object, its class or its length.
void GraphBuilder::dropConsumed(const Instr& in) {
    const bool mayLackState =
        in.op == Op::kLoadAttr || in.op == Op::kLoadMethod || in.op == Op::kCall;
    const bool mayOnlyRead = mayLackState || in.op == Op::kBinarySubscr ||
                             in.op == Op::kStoreSubscr || in.op == Op::kUnpackSequence ||
                             in.op == Op::kIsOp;
    if (!mayOnlyRead)
        return;
    std::vector<Value*> dying;
    bool isSeen = hasRunSinceRead(block_);
    for (Value* value : stackBefore_) {
        if (!value || !mayDie(current(value)) || isTaken(current(value), block_))
            continue;
        isSeen = isSeen && (!mayLackState || isShownAt(in, current(value)));
        dying.push_back(current(value));
    }
    if (!isSeen)
        for (Value* value : dying)
            drop(value, stateAfter());
}

namespace {

// Whether the value was read from memory before the end of `block`, and is there still.
bool isInMemory(const Value* value, const hir::Block* block, int depth) {
    const bool isJoin = value->isPhi() && !value->block()->startState();
    if (depth == 0 || (!isJoin && value->ownership() == Ownership::kNew))
        return false;
    for (;; block = block->preds()[0]) {
        for (auto it = block->instrs().rbegin(); it != block->instrs().rend(); ++it) {
            if (*it == value && !isJoin)
                return true;
            if (*it == value)
                break;
            if ((*it)->has(kRunPython) || (*it)->has(kWriteHeap))
                return false;
        }
        if (block == value->block() || block->preds().size() != 1)
            break;
    }
    if (block != value->block() || value->numOperands() != block->preds().size())
        return false;
    for (size_t i = 0; i < value->numOperands(); ++i)
        if (value->operand(i)->opcode() != Opcode::kConstObject &&
            !isInMemory(rootValue(value->operand(i)), block->preds()[i], depth - 1))
            return false;
    return true;
}

} // namespace

// Whether the value, off the stack by now, may have had its last reference there.
bool GraphBuilder::mayDie(const Value* value) const {
    constexpr int kMaxJoins = 4;
    const Value* root = rootValue(value);
    const auto isIt = [&](const Value* held) { return held && rootValue(held) == root; };
    return needsDrop(value) && !isLocal(value) && std::ranges::none_of(env_.stack, isIt) &&
           !isInMemory(root, block_, kMaxJoins);
}

// Whether a release of the value here is sure to show this line, with these locals, and no frame of
// a function that was built in here and has returned: it shows the last state that there is. Passes
// may remove those of guards that hold already, but not the first guard of a new value.
bool GraphBuilder::isShownAt(const Instr& in, const Value* value) const {
    constexpr uint16_t kRemovable = kReadHeap | kExit | kResultExit | kAllocate;
    const auto isIt = [&](const Value* other) { return rootValue(other) == rootValue(value); };
    const auto isSame = [](const Value* a, const Value* b) {
        return a == b || (a && b && rootValue(a) == rootValue(b));
    };
    const auto& instrs = block_->instrs();
    for (auto it = instrs.rbegin(); it != instrs.rend(); ++it) {
        const FrameState* state = (*it)->frameState();
        if (!state)
            continue;
        if (state->inlined != (inlining_ ? inlining_->function : nullptr) ||
            code_.instrs[static_cast<size_t>(code_.indexOf(state->instrOffset))].line != in.line ||
            !std::ranges::equal(state->slots, env_.slots, isSame))
            return false;
        if (((*it)->effects() & ~kRemovable) != 0 || std::ranges::any_of((*it)->operands(), isIt))
            return true;
    }
    return false;
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
