// Structural pattern matching.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;

bool GraphBuilder::buildMatch(const Instr& in) {
    switch (in.op) {
    case Op::kMatchMapping:
        push(boxBool(helper(Helper::kMatchMapping, {peekObject()})));
        return true;
    case Op::kMatchSequence:
        push(boxBool(helper(Helper::kMatchSequence, {peekObject()})));
        return true;
    case Op::kMatchKeys: {
        Value* keys = peekObject();
        Value* subject = peekObject(2);
        push(helper(Helper::kMatchKeys, {subject, current(keys)}));
        break;
    }
    case Op::kMatchClass: {
        Value* names = popObject();
        Value* cls = popObject();
        Value* subject = popObject();
        push(helper(Helper::kMatchClass, {subject, current(cls), current(names)}, in.arg));
        break;
    }
    case Op::kGetLen: {
        Value* length = helper(Helper::kGetLen, {peekObject()});
        length->setType(exactObject(ExactClass::kInt));
        push(length);
        break;
    }
    default:
        return false;
    }
    checkTracing();
    return true;
}

} // namespace pyston::build
