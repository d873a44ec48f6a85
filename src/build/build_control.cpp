// Jumps, loops, return.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;

bool GraphBuilder::buildControl(const Instr& in) {
    switch (in.op) {
    case Op::kJump:
        jumpTo(targetOf(in));
        return true;
    case Op::kJumpBackward:
        checkBreakerAt(in);
        jumpTo(targetOf(in));
        return true;
    case Op::kPopJumpIfFalse:
    case Op::kPopJumpIfTrue:
    case Op::kPopJumpIfNone:
    case Op::kPopJumpIfNotNone:
        popJump(in);
        return true;
    case Op::kJumpIfFalseOrPop:
    case Op::kJumpIfTrueOrPop:
        jumpIfOrPop(in);
        return true;
    case Op::kForIter:
        forIter(in);
        return true;
    case Op::kReturnValue:
        returnValue();
        return true;
    default:
        return false;
    }
}

void GraphBuilder::popJump(const Instr& in) {
    const bool againstNone = in.op == Op::kPopJumpIfNone || in.op == Op::kPopJumpIfNotNone;
    const bool jumpsWhen = in.op == Op::kPopJumpIfTrue || in.op == Op::kPopJumpIfNone;
    Value* value = popObject();
    Value* condition = againstNone ? emit(Opcode::kObjectIs, {value, none()}) : truth(in, value);
    bool dies = false;
    if (mayRunCode(condition)) {
        dropTested(in, value, condition);
    } else {
        dies = mayDie(value);
        dropPopped(in, {value});
    }
    hir::Block* jump = dies ? checkedEdge(in, targetOf(in), in.target, isBackward(in))
                            : edgeTo(targetOf(in), isBackward(in));
    hir::Block* next =
        dies ? checkedEdge(in, nextBlock(), in.nextOffset, false) : edgeTo(nextBlock(), false);
    branch(Opcode::kBranch, condition, jumpsWhen ? jump : next, jumpsWhen ? next : jump);
}

// An edge at which we leave if tracing has begun before it.
hir::Block* GraphBuilder::checkedEdge(const Instr& in, int blockIndex, int offset,
                                      bool checkBreaker) {
    return inNewBlock([&] {
        checkTracingAt(in, offset);
        if (checkBreaker)
            checkBreakerAt(in);
        jumpTo(blockIndex);
    });
}

bool GraphBuilder::mayRunCode(const Value* truth) const {
    return !inlining_ && truth->opcode() == Opcode::kCallRuntime &&
           static_cast<runtime::Helper>(truth->imm()) == runtime::Helper::kIsTrue &&
           needsDrop(truth->operand(0));
}

// The operand of an instruction that asks only whether it is true. If that, or its end, begins to
// trace, the interpreter repeats the instruction with the answer as its operand. Checked when both
// are over: an exit would let go of the operand while the frame stands before the instruction.
void GraphBuilder::dropTested(const Instr& in, Value* value, Value* truth) {
    Environment before{env_.slots, stackBefore_};
    before.stack.back() = boxBool(truth);
    drop(value, stateAfter());
    emit(Opcode::kCheckTracing, {}, 0, makeState(before, in.resumeOffset, in.offset));
}

void GraphBuilder::jumpIfOrPop(const Instr& in) {
    Value* value = peekObject();
    Value* condition = truth(in, value);
    const bool ranCode = mayRunCode(condition);
    hir::Block* jump = ranCode ? inNewBlock([&] {
        checkTracingAt(in, in.target);
        jumpTo(targetOf(in));
    })
                               : edgeTo(targetOf(in), false);
    pop();
    const bool isDropped =
        needsDrop(value) && (ranCode || mayDie(value) || (&in)[1].line != in.line);
    hir::Block* next = isDropped ? inNewBlock([&] {
        drop(value, stateAfter());
        if (ranCode)
            checkTracing();
        else
            emit(Opcode::kCheckReleased, {}, 0, stateAfter());
        jumpTo(nextBlock());
    })
                                 : edgeTo(nextBlock(), false);
    const bool jumpsWhen = in.op == Op::kJumpIfTrueOrPop;
    branch(Opcode::kBranch, condition, jumpsWhen ? jump : next, jumpsWhen ? next : jump);
}

// A range's items need no object, and nobody's code runs to get them.
void GraphBuilder::forRange(const Instr& in, Value* iterator) {
    Value* left =
        emit(Opcode::kIterLeft, {iterator}, static_cast<int64_t>(ExactClass::kRangeIterator));
    Value* more =
        emit(Opcode::kIntCompare, {left, constInt(0)}, static_cast<int64_t>(Condition::kGreater));
    hir::Block* body = inNewBlock([&] {
        push(boxInt(emit(Opcode::kRangeIterNext, {iterator})));
        jumpTo(nextBlock());
    });
    hir::Block* done = inNewBlock([&] {
        pop();
        jumpTo(targetOf(in));
    });
    branch(Opcode::kBranch, more, body, done);
}

void GraphBuilder::forIter(const Instr& in) {
    if (Value* iterator = peekObject(); iterator->type().is(ExactClass::kRangeIterator))
        return forRange(in, iterator);
    Value* item = emit(Opcode::kIterNext, {peekObject()});
    if (peekObject()->type().exact == ExactClass::kUnknown)
        askForIterator(in, item);
    hir::Block* done = inNewBlock([&] {
        pop();
        checkTracingAt(in, in.target);
        jumpTo(targetOf(in));
    });
    hir::Block* more = inNewBlock([&] {
        push(emit(Opcode::kRefine, kObject, {item}));
        checkTracing();
        jumpTo(nextBlock());
    });
    branch(Opcode::kBranchNull, item, done, more);
}

// The value is off the stack first, then the frame is unlinked, then locals go in the order of
// their slots. All of them are gone from the frame for whoever looks at it meanwhile.
void GraphBuilder::returnValue() {
    Value* value = popObject();
    if (inlining_)
        return returnInlined(value);
    if (code_.numSlots > 0)
        emit(Opcode::kGuardFrameUnshared, {});
    FrameState* empty = nullptr;
    for (Value* local : env_.slots) {
        if (!needsDrop(local))
            continue;
        if (!empty) {
            emit(Opcode::kLeaveFrame, {});
            empty = makeState({std::vector<Value*>(env_.slots.size(), nullptr), {}},
                              instr_->resumeOffset, instr_->offset);
        }
        drop(local, empty);
    }
    emit(Opcode::kReturn, {value});
    block_ = nullptr;
}

} // namespace pyston::build
