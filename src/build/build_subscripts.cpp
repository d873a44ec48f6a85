// Subscripts and unpacking.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;
using Kind = Feedback::Kind;

namespace {

bool mayBe(const Value* value, ExactClass c) {
    return value->type().exact == ExactClass::kUnknown || value->type().exact == c;
}

} // namespace

bool GraphBuilder::buildSubscript(const Instr& in) {
    switch (in.op) {
    case Op::kBinarySubscr:
        binarySubscr(in);
        return true;
    case Op::kStoreSubscr:
        storeSubscr(in);
        return true;
    case Op::kDeleteSubscr: {
        Value* key = popObject();
        Value* container = popObject();
        helper(Helper::kDeleteSubscr, {container, current(key)});
        checkTracing();
        return true;
    }
    case Op::kUnpackSequence:
        unpackSequence(in);
        return true;
    case Op::kUnpackEx: {
        const int count = (in.arg & 0xff) + 1 + (in.arg >> 8);
        Value* items = helper(Helper::kUnpackEx, {popObject()}, in.arg);
        for (int i = count - 1; i >= 0; --i)
            push(emit(Opcode::kTupleItem, {items}, i));
        checkTracing();
        return true;
    }
    default:
        return false;
    }
}

// The class of sequence to index inline with an int, or kUnknown.
hir::ExactClass GraphBuilder::indexedClass(const Instr& in, Value* container, Value* key) {
    if (!speculates(in) || !mayBe(key, ExactClass::kInt) || isHugeInt(key))
        return ExactClass::kUnknown;
    const bool list = in.feedback.kind == Kind::kListInt;
    const bool tuple = in.feedback.kind == Kind::kTupleInt;
    for (ExactClass c : {ExactClass::kList, ExactClass::kTuple}) {
        const bool expected = c == ExactClass::kList ? list : tuple;
        const bool known = container->type().is(c) && key->type().is(ExactClass::kInt);
        if (known || (expected && mayBe(container, c)))
            return c;
    }
    const ExactClass given = container->type().exact;
    if (holdsRawNumbers(given) && key->type().is(ExactClass::kInt))
        return given;
    if (given != ExactClass::kUnknown && key->type().exact != ExactClass::kUnknown)
        return ExactClass::kUnknown;
    const Seen* seen = seenOperands(in);
    if (!seen || (*seen)[0] != ExactClass::kInt || !mayBe(container, (*seen)[1]))
        return ExactClass::kUnknown;
    const ExactClass c = (*seen)[1];
    return c == ExactClass::kList || c == ExactClass::kTuple || holdsRawNumbers(c)
               ? c
               : ExactClass::kUnknown;
}

// The number to store into an array of class `c`, unboxed; null when that is not known to be one.
Value* GraphBuilder::numberForArray(const Instr& in, ExactClass c, Value* value) {
    if (c == ExactClass::kBytes || isHugeInt(value))
        return nullptr;
    const ExactClass wanted = c == ExactClass::kArrayD ? ExactClass::kFloat : ExactClass::kInt;
    if (value->type().exact == ExactClass::kUnknown) {
        const Seen* seen = seenOperands(in);
        if (!seen || (*seen)[2] != wanted)
            return nullptr;
        value = guardExact(value, wanted);
    }
    if (c == ExactClass::kArrayD &&
        (value->type().is(ExactClass::kFloat) || value->type().is(ExactClass::kInt)))
        return unboxDouble(value);
    return value->type().is(wanted) ? unboxInt(value) : nullptr;
}

void GraphBuilder::binarySubscr(const Instr& in) {
    Value* key = popObject();
    Value* container = popObject();
    key = current(key);
    ExactClass c = indexedClass(in, container, key);
    if (c == ExactClass::kList || c == ExactClass::kTuple) {
        container = guardExact(container, c);
        key = guardExact(key, ExactClass::kInt);
        return push(emit(c == ExactClass::kList ? Opcode::kListGet : Opcode::kTupleGet,
                         {container, unboxInt(key)}));
    }
    if (holdsRawNumbers(c)) {
        container = guardExact(container, c);
        key = guardExact(key, ExactClass::kInt);
        const bool isDouble = c == ExactClass::kArrayD;
        Value* number = emit(Opcode::kArrayGet, isDouble ? kDouble : kInt64,
                             {container, unboxInt(key)}, static_cast<int64_t>(c));
        return push(isDouble ? boxDouble(number) : boxInt(number));
    }
    const bool dict =
        speculates(in) && in.feedback.kind == Kind::kDict && mayBe(container, ExactClass::kDict);
    if (dict || container->type().is(ExactClass::kDict)) {
        container = guardExact(container, ExactClass::kDict);
        push(helper(Helper::kDictSubscr, {container, current(key)}));
    } else {
        push(helper(Helper::kBinarySubscr, {container, key}));
    }
    checkTracing();
}

void GraphBuilder::storeSubscr(const Instr& in) {
    Value* key = popObject();
    Value* container = popObject();
    Value* value = popObject();
    container = current(container);
    key = current(key);
    const ExactClass c = indexedClass(in, container, key);
    if (holdsRawNumbers(c)) {
        if (Value* number = numberForArray(in, c, current(value))) {
            container = guardExact(container, c);
            key = guardExact(key, ExactClass::kInt);
            emit(Opcode::kArraySet, {container, unboxInt(key), number}, static_cast<int64_t>(c));
            return;
        }
        container = current(container);
        key = current(key);
    }
    if (c == ExactClass::kList) {
        container = guardExact(container, ExactClass::kList);
        key = guardExact(key, ExactClass::kInt);
        emit(Opcode::kListSet,
             {container, unboxInt(key), current(value)}); // the old item dies unused
        return;
    }
    helper(Helper::kStoreSubscr, {current(value), container, key});
    checkTracing();
}

// The subscript that is all that the slice is made for, else null.
const Instr* GraphBuilder::sliceUser(const Instr& in) const {
    const auto next = static_cast<size_t>(&in - code_.instrs.data()) + 1;
    if (static_cast<int>(next) > bytecodeBlock(currentBlock_).last)
        return nullptr;
    const Instr& user = code_.instrs[next];
    const bool subscript = user.op == Op::kBinarySubscr || user.op == Op::kStoreSubscr;
    return subscript && !isLeftCold(user) ? &user : nullptr;
}

// Both instructions at once. The interpreter makes the slice again after an exit; errors are the
// subscript's.
void GraphBuilder::subscriptBySlice(const Instr& build, const Instr& user) {
    Environment before{env_.slots, stackBefore_};
    state_ = makeState(before, build.resumeOffset, user.offset);
    instr_ = &user;
    std::vector<Value*> parts = popObjects(build.arg);
    parts.resize(3, nullptr);
    Value* container = popObject();
    if (user.op == Op::kStoreSubscr) {
        Value* value = popObject();
        helper(Helper::kStoreSlice, {value, container, parts[0], parts[1], parts[2]});
    } else {
        Value* result = helper(Helper::kSubscrSlice, {container, parts[0], parts[1], parts[2]});
        for (ExactClass c :
             {ExactClass::kList, ExactClass::kTuple, ExactClass::kStr, ExactClass::kBytes}) {
            if (container->type().is(c))
                result->setType(exactObject(c));
        }
        push(result);
    }
    checkTracing();
}

void GraphBuilder::unpackSequence(const Instr& in) {
    Value* sequence = popObject();
    const Kind seen = speculates(in) ? in.feedback.kind : Kind::kNone;
    const bool tuple =
        (seen == Kind::kTwoTuple || seen == Kind::kTuple) && mayBe(sequence, ExactClass::kTuple);
    const bool list = seen == Kind::kList && mayBe(sequence, ExactClass::kList);
    if (tuple || list) {
        sequence = guardExact(sequence, tuple ? ExactClass::kTuple : ExactClass::kList);
        Value* size = emit(tuple ? Opcode::kTupleLen : Opcode::kListLen, {sequence});
        emit(Opcode::kGuardTrue, {emit(Opcode::kIntCompare, {size, constInt(in.arg)},
                                       static_cast<int64_t>(Condition::kEqual))});
    } else {
        sequence = helper(Helper::kUnpackSequence, {sequence}, in.arg);
    }
    std::vector<Value*> items;
    for (int i = in.arg - 1; i >= 0; --i)
        items.push_back(list ? emit(Opcode::kListGet, {sequence, constInt(i)})
                             : emit(Opcode::kTupleItem, {sequence}, i));
    for (Value* item : items)
        push(item);
    if (!tuple && !list)
        checkTracing();
}

} // namespace pyston::build
