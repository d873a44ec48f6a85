// Building and filling containers and strings, iterators.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;

// What a list or tuple gives is known; a range's iterator is of another class where its numbers are
// no C longs.
void GraphBuilder::getIter(const Instr& in) {
    Value* iterable = popObject();
    const ExactClass exact = iterable->type().exact;
    push(helper(exact == ExactClass::kRange ? Helper::kRangeIterator : Helper::kGetIter,
                {iterable}));
    if (exact == ExactClass::kList || exact == ExactClass::kTuple) {
        const bool isList = exact == ExactClass::kList;
        env_.stack.back() = emit(
            Opcode::kRefine,
            exactObject(isList ? ExactClass::kListIterator : ExactClass::kTupleIterator), {peek()});
    } else if (exact == ExactClass::kRange && speculatesAt(in.nextOffset)) {
        FrameState* after = makeState(env_, in.nextOffset, in.nextOffset);
        env_.stack.back() = emit(Opcode::kGuardType, exactObject(ExactClass::kRangeIterator),
                                 {peek()}, static_cast<int64_t>(ExactClass::kRangeIterator), after);
    }
}

bool GraphBuilder::buildContainer(const Instr& in) {
    auto makeOf = [&](Helper h, const std::vector<Value*>& operands, ExactClass c) {
        Value* made = helper(h, operands);
        made->setType(exactObject(c));
        push(made);
        return true;
    };
    auto make = [&](Helper h, int count, ExactClass c) { return makeOf(h, popObjects(count), c); };
    // The interpreter pops them when they are used, the last one first.
    auto makeReversed = [&](Helper h, int count, ExactClass c) {
        std::vector<Value*> operands = popObjects(count);
        std::ranges::reverse(operands);
        return makeOf(h, operands, c);
    };
    // Adds operands to the container that lies `in.arg` below them.
    auto add = [&](Helper h, int count) {
        std::vector<Value*> operands = popObjects(count);
        operands.insert(operands.begin(), peekObject(in.arg));
        helper(h, operands);
        return true;
    };
    auto addTraced = [&](Helper h, int count) {
        add(h, count);
        checkTracing();
        return true;
    };
    switch (in.op) {
    case Op::kBuildTuple:
        return make(Helper::kBuildTuple, in.arg, ExactClass::kTuple);
    case Op::kBuildList:
        return make(Helper::kBuildList, in.arg, ExactClass::kList);
    case Op::kBuildString:
        return makeReversed(Helper::kBuildString, in.arg, ExactClass::kUnknown);
    case Op::kListToTuple:
        return make(Helper::kListToTuple, 1, ExactClass::kTuple);
    case Op::kBuildSet:
        make(Helper::kBuildSet, in.arg, ExactClass::kSet);
        break;
    case Op::kBuildMap:
        makeReversed(Helper::kBuildMap, 2 * in.arg, ExactClass::kDict);
        break;
    case Op::kBuildConstKeyMap:
        makeReversed(Helper::kBuildConstKeyMap, in.arg + 1, ExactClass::kDict);
        break;
    case Op::kBuildSlice: {
        if (const Instr* user = sliceUser(in)) {
            subscriptBySlice(in, *user);
            return true;
        }
        std::vector<Value*> parts = popObjects(in.arg);
        parts.resize(3, nullptr);
        Value* slice = helper(Helper::kBuildSlice, parts);
        slice->setType(exactObject(ExactClass::kSlice));
        push(slice);
        return true;
    }
    case Op::kFormatValue: {
        Value* spec = (in.arg & 4) ? popObject() : nullptr;
        Value* value = popObject();
        push(helper(Helper::kFormatValue, {value, spec ? current(spec) : nullptr}, in.arg & 3));
        break;
    }
    case Op::kListAppend:
        return add(Helper::kListAppend, 1);
    case Op::kListExtend:
        return addTraced(Helper::kListExtend, 1);
    case Op::kSetAdd:
        return addTraced(Helper::kSetAdd, 1);
    case Op::kSetUpdate:
        return addTraced(Helper::kSetUpdate, 1);
    case Op::kMapAdd:
        return addTraced(Helper::kMapAdd, 2);
    case Op::kDictUpdate:
        return addTraced(Helper::kDictUpdate, 1);
    case Op::kDictMerge: {
        Value* mapping = popObject();
        Value* callable = peekObject(in.arg + 2); // for the error's text
        Value* dict = peekObject(in.arg);
        helper(Helper::kDictMerge, {callable, dict, current(mapping)});
        break;
    }
    case Op::kGetIter:
        getIter(in);
        break;
    case Op::kPrintExpr:
        helper(Helper::kPrintExpr, {popObject()});
        break;
    default:
        return false;
    }
    if (block_)
        checkTracing();
    return true;
}

} // namespace pyston::build
