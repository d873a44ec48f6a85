// Exceptions and `with`. Handlers are not reached from compiled code (errors leave to the
// interpreter), but a frame may be entered in a handler's loop, and what follows there is compiled.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;

bool GraphBuilder::buildException(const Instr& in) {
    switch (in.op) {
    case Op::kBeforeWith:
    case Op::kBeforeAsyncWith: {
        const bool async = in.op == Op::kBeforeAsyncWith;
        Value* pair = helper(async ? Helper::kBeforeAsyncWith : Helper::kBeforeWith, {popObject()});
        push(emit(Opcode::kTupleItem, {pair}, 0));
        push(emit(Opcode::kTupleItem, {pair}, 1));
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
        if (in.arg == 0) { // re-raises without a new traceback entry: the interpreter does
            deopt();
            return true;
        }
        Value* cause = in.arg == 2 ? popObject() : nullptr;
        Value* exception = popObject();
        helper(Helper::kRaiseVarargs, {exception, cause ? current(cause) : nullptr});
        raiseTerminator();
        return true;
    }
    case Op::kReraise: // as above
        deopt();
        return true;
    case Op::kLoadAssertionError:
        push(helper(Helper::kRaiseAssertionError, {}));
        return true;
    default:
        return false;
    }
}

} // namespace pyston::build
