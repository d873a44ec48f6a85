// What all bytecodes use to make instructions: emission, frame states, the stack, refinement,
// branches.
#include "build/graph_builder.h"

#include <algorithm>
#include <bit>

namespace pyston::build {

using namespace hir;
using runtime::Helper;

namespace {
constexpr int64_t kUnboxLimit = int64_t{1} << 60; // see UnboxInt
constexpr uint16_t kNeedsState = kExit | kRaise | kRunPython | kAllocate;

// Whether an operation, not only on its rare path, runs code that may look at the frame, shows its
// line, or needs the frame itself.
bool observes(const Value& instr) {
    switch (instr.opcode()) {
    case Opcode::kDrop:
        return false;
    case Opcode::kCallRuntime:
        return instr.has(kRunPython) || instr.has(kRaise) ||
               runtime::info(static_cast<Helper>(instr.imm())).args.find('F') !=
                   std::string_view::npos;
    case Opcode::kFrameGlobals:
    case Opcode::kFrameBuiltins:
    case Opcode::kFrameClosure:
    case Opcode::kRaise:
    case Opcode::kYield:
        return true;
    default:
        return instr.has(kRunPython);
    }
}
} // namespace

// --- instructions

Value* GraphBuilder::place(Value* instr, FrameState* given) {
    if (!block_)
        return instr; // behind a terminator, after a failure
    observes_ |= inlining_ && observes(*instr);
    if (instr->effects() & kNeedsState)
        instr->setFrameState(given ? given : state());
    block_->append(instr);
    return instr;
}

Value* GraphBuilder::emit(Opcode op, Type type, std::initializer_list<Value*> operands, int64_t imm,
                          FrameState* given) {
    Value* instr =
        fn_.newInstr(op, type, std::span<Value* const>(operands.begin(), operands.size()));
    instr->setImm(imm);
    return place(instr, given);
}

Value* GraphBuilder::emit(Opcode op, std::initializer_list<Value*> operands, int64_t imm,
                          FrameState* given) {
    return emit(op, hir::info(op).result, operands, imm, given);
}

Value* GraphBuilder::helper(Helper h, std::span<Value* const> operands, int64_t imm2) {
    std::vector<Value*> values(operands.begin(), operands.end());
    for (Value*& value : values)
        if (!value)
            value = emit(Opcode::kConstNull, {});
    Value* instr = fn_.newInstr(Opcode::kCallRuntime, runtime::resultType(h), values);
    instr->setImm(static_cast<int64_t>(h));
    instr->setImm2(imm2);
    return place(instr, nullptr);
}

Value* GraphBuilder::constObject(Object* object) {
    const bool isWeak = facts().isHeldWeakly && facts().isHeldWeakly(object);
    return emit(isWeak ? Opcode::kConstWeak : Opcode::kConstObject,
                exactObject(exactClassOf(object)), {},
                static_cast<int64_t>(reinterpret_cast<intptr_t>(object)));
}

Value* GraphBuilder::constInt(int64_t value) {
    return emit(Opcode::kConstInt, {}, value);
}

Value* GraphBuilder::constDouble(double value) {
    return emit(Opcode::kConstDouble, {}, std::bit_cast<int64_t>(value));
}

Value* GraphBuilder::nameObject(int index) {
    return constObject(code_.names[static_cast<size_t>(index)]);
}

Value* GraphBuilder::boxBool(Value* truth) {
    return emit(Opcode::kBoxBool, exactObject(ExactClass::kBool), {truth});
}

Value* GraphBuilder::unboxInt(Value* value) {
    if (auto constant = intConstant(value))
        return constInt(*constant);
    if (value->opcode() == Opcode::kBoxInt)
        return value->operand(0);
    return emit(Opcode::kUnboxInt, {value});
}

Value* GraphBuilder::unboxDouble(Value* value) {
    if (value->type().is(ExactClass::kInt)) {
        if (auto constant = intConstant(value))
            return constDouble(static_cast<double>(*constant));
        return emit(Opcode::kIntToDouble, {unboxInt(value)});
    }
    if (Object* object = constantOf(value); object && facts().floatValue)
        if (auto constant = facts().floatValue(object))
            return constDouble(*constant);
    if (value->opcode() == Opcode::kBoxDouble)
        return value->operand(0);
    return emit(Opcode::kUnboxDouble, {value});
}

// Where nobody can tell when an object dies, nothing needs to be said.
bool GraphBuilder::needsDrop(const Value* old) {
    return old && !old->type().diesQuietly() && old->opcode() != Opcode::kConstNull &&
           old->opcode() != Opcode::kConstObject;
}

// CPython releases `old` here.
void GraphBuilder::drop(Value* old, FrameState* after) {
    if (needsDrop(old))
        emit(Opcode::kDrop, {old}, 0, after);
}

// What a store into `owner` gives back dies at once, and before the owner does, which may be on the
// stack alone. What it runs may look at the frame, and change anything.
void GraphBuilder::dropReplaced(Value* old, Value* owner) {
    if (!needsDrop(old))
        return;
    drop(old, stateAfter());
    if (needsDrop(owner) && !isLocal(owner))
        emit(Opcode::kKeepAlive, {owner});
}

// Whether a local holds it, of this function or of those into whose graph this one is built.
bool GraphBuilder::isLocal(const Value* value) const {
    const auto isIt = [&](const Value* held) {
        return held && rootValue(held) == rootValue(value);
    };
    if (std::ranges::any_of(env_.slots, isIt))
        return true;
    for (const FrameState* at = inlining_ ? inlining_->caller : nullptr; at; at = at->parent)
        if (std::ranges::any_of(at->slots, isIt))
            return true;
    return false;
}

void GraphBuilder::checkTracing() {
    if (!inlining_)
        emit(Opcode::kCheckTracing, {}, 0, stateAfter());
}

// On the way to a jump's target.
void GraphBuilder::checkTracingAt(const Instr& in, int targetOffset) {
    if (inlining_)
        return;
    const Instr& target = code_.instrs[static_cast<size_t>(code_.indexOf(targetOffset))];
    emit(Opcode::kCheckTracing, {}, 0, makeState(env_, target.resumeOffset, in.offset));
}

// Leave after this instruction if the finalizer of what it let go of has begun to trace. An
// instruction that was built in several blocks let go of that in one of the others, or last.
void GraphBuilder::checkReleased(const Instr& in, const Block* begun, size_t numBefore) {
    if (!block_)
        return;
    if (block_ != begun) {
        if (block_->instrs().size() > 0 && block_->instrs().back()->opcode() == Opcode::kDrop)
            emit(Opcode::kCheckReleased, {}, 0, stateAfter());
        return;
    }
    const bool isChecked = block_->instrs().size() > numBefore &&
                           block_->instrs().back()->opcode() == Opcode::kCheckTracing;
    if (!isChecked && letsGo(in))
        emit(Opcode::kCheckReleased, {}, 0, stateAfter());
}

// Values that were replaced in an object, and those that the instruction took from the stack.
bool GraphBuilder::letsGo(const Instr& in) const {
    switch (in.op) {
    case Op::kStoreAttr:
    case Op::kStoreSubscr:
    case Op::kStoreDeref:
    case Op::kDeleteDeref:
        return true;
    default:
        break;
    }
    if (block_->instrs().size() > 0 && block_->instrs().back()->opcode() == Opcode::kDrop)
        return true;
    const auto holds = [](std::span<Value* const> values, const Value* value) {
        return std::ranges::find(values, value) != values.end();
    };
    return std::ranges::any_of(stackBefore_, [&](Value* value) {
        return value && needsDrop(current(value)) && !holds(env_.stack, current(value)) &&
               !holds(env_.slots, current(value));
    });
}

void GraphBuilder::checkBreakerAndTracing() {
    FrameState* after = stateAfter();
    emit(Opcode::kCheckEvalBreaker, {}, 0, after);
    emit(Opcode::kCheckTracing, {}, 0, after);
}

void GraphBuilder::deopt() {
    emit(Opcode::kDeopt, {});
    block_ = nullptr;
}

void GraphBuilder::raiseTerminator() {
    emit(Opcode::kRaise, {});
    block_ = nullptr;
}

void GraphBuilder::fail(std::string what) {
    if (failure_.empty())
        failure_ = std::move(what) + (instr_ ? " at " + std::to_string(instr_->offset) : "");
}

// --- frame states

FrameState* GraphBuilder::makeState(const Environment& env, int resumeOffset, int instrOffset) {
    FrameState state;
    state.resumeOffset = resumeOffset;
    state.instrOffset = instrOffset;
    state.slots = env.slots;
    state.stack = env.stack;
    if (inlining_) {
        state.parent = inlining_->caller;
        state.inlined = inlining_->function;
    }
    return fn_.newFrameState(state);
}

FrameState* GraphBuilder::state() {
    if (!state_)
        state_ = makeState({env_.slots, stackBefore_}, instr_->resumeOffset, instr_->offset);
    return state_;
}

FrameState* GraphBuilder::stateAfter() {
    return makeState(env_, instr_->nextOffset, instr_->offset);
}

// --- stack

Value* GraphBuilder::pop() {
    Value* value = env_.stack.back();
    env_.stack.pop_back();
    return value;
}

std::vector<Value*> GraphBuilder::popObjects(int count) {
    const auto n = static_cast<size_t>(count);
    std::vector<Value*> values(env_.stack.end() - count, env_.stack.end());
    popMany(count);
    for (size_t i = 0; i < n; ++i)
        values[i] = nonNull(values[i]);
    for (Value*& value : values)
        value = current(value);
    return values;
}

// --- refinement

void GraphBuilder::refine(Value* from, Value* to) {
    refinements_.emplace_back(from, to);
    for (Value*& value : env_.slots)
        if (value == from)
            value = to;
    for (Value*& value : env_.stack)
        if (value == from)
            value = to;
}

Value* GraphBuilder::current(Value* value) const {
    for (const auto& [from, to] : refinements_)
        if (value == from)
            value = to;
    return value;
}

Value* GraphBuilder::nonNull(Value* value) {
    value = current(value);
    if (!value) {
        fail("NULL where an object is needed");
        return emit(Opcode::kConstNull, {});
    }
    if (value->type().rep != Rep::kNullable)
        return value;
    Value* guarded = emit(Opcode::kGuardNotNull, exactObject(value->type().exact), {value});
    refine(value, guarded);
    return guarded;
}

Value* GraphBuilder::guardExact(Value* value, ExactClass c) {
    value = current(value);
    if (value->type().is(c))
        return value;
    Value* guarded = emit(Opcode::kGuardType, exactObject(c), {value}, static_cast<int64_t>(c));
    refine(value, guarded);
    return guarded;
}

// Proves nothing that would stay true, so the environment keeps the plain value.
Value* GraphBuilder::guardTypeVersion(Value* value, uint32_t version) {
    return emit(Opcode::kGuardTypeVersion, exactObject(value->type().exact), {value}, version);
}

// --- branches

Block* GraphBuilder::inNewBlock(const std::function<void()>& fill) {
    Block* from = block_;
    Environment saved = env_;
    Block* made = fn_.newBlock();
    made->preds().push_back(from);
    block_ = made;
    fill();
    if (block_)
        fail("branch without an end");
    block_ = from;
    env_ = std::move(saved);
    return made;
}

void GraphBuilder::jumpTo(int blockIndex) {
    Block* from = block_;
    if (!from)
        return;
    addEdge(blockIndex, from, env_);
    from->append(fn_.newJump(hirBlock(blockIndex)));
    block_ = nullptr;
}

void GraphBuilder::checkBreakerAt(const Instr& in) {
    const Instr& target = code_.instrs[static_cast<size_t>(code_.indexOf(in.target))];
    emit(Opcode::kCheckEvalBreaker, {}, 0, makeState(env_, target.resumeOffset, in.offset));
}

// The block for a branch to `blockIndex` with the environment as it is; one of its own where the
// edge would be critical or has to do something.
Block* GraphBuilder::edgeTo(int blockIndex, bool checkBreaker) {
    if (data(blockIndex).numPreds == 1 && !checkBreaker) {
        addEdge(blockIndex, block_, env_);
        return hirBlock(blockIndex);
    }
    return inNewBlock([&] {
        if (checkBreaker)
            checkBreakerAt(*instr_);
        jumpTo(blockIndex);
    });
}

void GraphBuilder::branch(Opcode op, Value* value, Block* first, Block* second) {
    if (block_)
        block_->append(fn_.newBranch(op, value, first, second));
    block_ = nullptr;
}

// --- facts

ExactClass GraphBuilder::exactClassOf(Object* object) const {
    return facts().exactClassOf ? facts().exactClassOf(object) : ExactClass::kUnknown;
}

Object* GraphBuilder::constantOf(const Value* value) const {
    if (!isConst(value))
        return nullptr;
    return reinterpret_cast<Object*>(static_cast<intptr_t>(value->imm()));
}

std::optional<int64_t> GraphBuilder::intConstant(const Value* value) const {
    Object* object = constantOf(value);
    if (!object || !facts().intValue || !value->type().is(ExactClass::kInt))
        return std::nullopt;
    std::optional<int64_t> result = facts().intValue(object);
    if (result && (*result <= -kUnboxLimit || *result >= kUnboxLimit))
        return std::nullopt;
    return result;
}

bool GraphBuilder::isHugeInt(const Value* value) const {
    return isConst(value) && facts().intValue && value->type().is(ExactClass::kInt) &&
           !intConstant(value);
}

void GraphBuilder::endPath(Join& join, const Pair& values) {
    join.preds.push_back(block_);
    join.block->preds().push_back(block_);
    for (size_t i = 0; i < values.size(); ++i)
        join.values[i].push_back(values[i]);
    block_->append(fn_.newJump(join.block));
}

GraphBuilder::Pair GraphBuilder::goOnAt(Join& join) {
    block_ = join.block;
    return {merge(join.block, join.values[0], join.preds),
            merge(join.block, join.values[1], join.preds)};
}

hir::Block* GraphBuilder::enterIf(Opcode branchOpcode, Value* condition) {
    hir::Block* taken = fn_.newBlock();
    hir::Block* other = fn_.newBlock();
    taken->preds().push_back(block_);
    other->preds().push_back(block_);
    branch(branchOpcode, condition, taken, other);
    block_ = taken;
    return other;
}

} // namespace pyston::build
