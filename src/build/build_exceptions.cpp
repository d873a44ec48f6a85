// Exceptions and `with`. Handlers have no edges from what raises: an error leaves compiled code,
// the frame is unwound in memory, and the handler is an entry (see "Exits" in docs/pipeline.md).
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;

bool GraphBuilder::buildException(const Instr& in) {
    switch (in.op) {
    case Op::kBeforeWith:
    case Op::kBeforeAsyncWith: {
        const bool async = in.op == Op::kBeforeAsyncWith;
        Value* entered =
            helper(async ? Helper::kBeforeAsyncWith : Helper::kBeforeWith, {popObject()});
        push(helper(Helper::kTakeSecond, {entered, entered}));
        push(entered);
        checkTracing();
        return true;
    }
    case Op::kWithExceptStart: {
        Value* exception = peekObject();
        Value* exit = peekObject(4);
        push(helper(Helper::kWithExceptStart, {exit, current(exception)}));
        checkTracing();
        return true;
    }
    case Op::kPushExcInfo: {
        Value* exception = popObject();
        push(helper(Helper::kPushExcInfo, {exception}));
        push(exception);
        return true;
    }
    case Op::kPopExcept:
        helper(Helper::kPopExcept, {popObject()});
        checkTracing();
        return true;
    case Op::kCheckExcMatch: {
        Value* expected = popObject();
        Value* exception = peekObject();
        push(boxBool(helper(Helper::kCheckExcMatch, {exception, current(expected)})));
        checkTracing();
        return true;
    }
    case Op::kCheckEgMatch: {
        Value* expected = popObject();
        Value* exception = popObject();
        Value* pair = helper(Helper::kCheckEgMatch, {exception, current(expected)});
        push(emit(Opcode::kTupleItem, {pair}, 0));
        push(emit(Opcode::kTupleItem, {pair}, 1));
        checkTracing();
        return true;
    }
    case Op::kPrepReraiseStar: {
        Value* raised = popObject();
        Value* original = popObject();
        push(helper(Helper::kPrepReraiseStar, {original, current(raised)}));
        checkTracing();
        return true;
    }
    case Op::kRaiseVarargs: {
        Value* cause = in.arg == 2 ? popObject() : nullptr;
        Value* exception = in.arg > 0 ? popObject() : nullptr;
        helper(Helper::kRaiseVarargs, {exception ? current(exception) : nullptr, cause});
        raiseTerminator();
        return true;
    }
    case Op::kReraise:
        // What the interpreter's frame shows from now on, the exit takes from the stack.
        helper(Helper::kReraise, {popObject(), nullptr});
        raiseTerminator();
        return true;
    case Op::kEndAsyncFor: {
        Value* exception = popObject();
        Value* iterator = popObject();
        helper(Helper::kEndAsyncFor, {current(exception), iterator});
        checkTracing();
        return true;
    }
    case Op::kLoadAssertionError:
        push(helper(Helper::kRaiseAssertionError, {}));
        return true;
    default:
        return false;
    }
}

} // namespace pyston::build
