// Generators, coroutines, asynchronous iteration.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;

bool GraphBuilder::buildGenerator(const Instr& in) {
    switch (in.op) {
    case Op::kResume:
        if (in.arg < 2 && !inlining_) // not in the middle of `yield from` and `await`
            emit(Opcode::kCheckEvalBreaker, {}, 0, stateAfter());
        return true;
    case Op::kReturnGenerator: // the interpreter makes the generator
        deopt();
        return true;
    case Op::kYieldValue: {
        Value* value = popObject();
        Value* yield = emit(Opcode::kYield, {value});
        yield->setFrameState(stateAfter());
        block_ = nullptr;
        return true;
    }
    case Op::kSend:
        send(in);
        return true;
    case Op::kAsyncGenWrap:
        push(helper(Helper::kAsyncGenWrap, {popObject()}));
        return true;
    case Op::kGetAwaitable:
        push(helper(Helper::kGetAwaitable, {popObject()}, in.arg));
        break;
    case Op::kGetAIter:
        push(helper(Helper::kGetAIter, {popObject()}));
        break;
    case Op::kGetANext: {
        Value* iterator = peekObject();
        push(helper(Helper::kGetANext, {iterator}));
        break;
    }
    case Op::kGetYieldFromIter:
        push(helper(Helper::kGetYieldFromIter, {popObject()}));
        break;
    default:
        return false;
    }
    checkTracing();
    return true;
}

// [receiver, value] becomes [receiver, yielded], or [returned] at the target. In an `async for` a
// third way leads behind the loop, as END_ASYNC_FOR would, when the iterator has ended and nobody
// could have seen the StopAsyncIteration.
void GraphBuilder::send(const Instr& in) {
    Value* value = popObject();
    Value* receiver = peekObject();
    value = current(value);
    const int ended = bytecodeBlock(currentBlock_).ended;
    Value* yielded = emit(Opcode::kSend, {receiver, value});
    yielded->setImm2(ended >= 0);
    auto takeReturned = [&](Value* result) {
        pop();
        push(result);
        checkTracingAt(in, in.target);
        jumpTo(targetOf(in));
    };
    hir::Block* returned = inNewBlock([&] {
        if (ended < 0)
            return takeReturned(helper(Helper::kTakeSecond, {receiver, value}));
        Value* result = helper(Helper::kTakeSecondOrNull, {receiver, value});
        hir::Block* over = inNewBlock([&] {
            popMany(static_cast<int>(env_.stack.size()) - bytecodeBlock(ended).depth());
            jumpTo(ended);
        });
        hir::Block* next =
            inNewBlock([&] { takeReturned(emit(Opcode::kRefine, kObject, {result})); });
        branch(Opcode::kBranchNull, result, over, next);
    });
    hir::Block* suspended = inNewBlock([&] {
        push(emit(Opcode::kRefine, kObject, {yielded}));
        checkTracing();
        jumpTo(nextBlock());
    });
    branch(Opcode::kBranchNull, yielded, returned, suspended);
}

} // namespace pyston::build
