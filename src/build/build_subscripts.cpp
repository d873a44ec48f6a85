// Subscripts and unpacking.
#include "build/graph_builder.h"

#include <array>

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
    } else if (Value* result =
                   subscriptByShapes(in, std::array{current(container), current(key)})) {
        push(result);
    } else {
        push(helper(Helper::kBinarySubscr, {current(container), current(key)}));
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
        Value* index = unboxInt(key);
        dropReplaced(emit(Opcode::kListSet, {container, index, current(value)}), container);
        return;
    }
    value = current(value);
    if (subscriptByShapes(in, std::array{container, key, value})) {
        FrameState* after = stateAfter(); // the stack had them during the call
        for (Value* held : {value, container, key})
            drop(held, after);
    } else {
        helper(Helper::kStoreSubscr, {value, container, key});
    }
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
        helper(Helper::kStoreSlice, {value, container, parts[2], parts[0], parts[1]});
    } else {
        Value* result = helper(Helper::kSubscrSlice, {container, parts[2], parts[0], parts[1]});
        for (ExactClass c :
             {ExactClass::kList, ExactClass::kTuple, ExactClass::kStr, ExactClass::kBytes}) {
            if (container->type().is(c))
                result->setType(exactObject(c));
        }
        push(result);
    }
    checkTracing();
}

// A site where lists and tuples come takes both; only where something else came, a helper.
void GraphBuilder::unpackSequence(const Instr& in) {
    Value* sequence = popObject();
    const auto count = static_cast<int64_t>(in.arg);
    const ExactClass expected = unpackedClass(in, sequence);
    std::vector<Value*> items;
    if (expected == ExactClass::kTuple) {
        sequence = guardExact(sequence, ExactClass::kTuple);
        Value* size = emit(Opcode::kTupleLen, {sequence});
        emit(Opcode::kGuardTrue, {emit(Opcode::kIntCompare, {size, constInt(count)},
                                       static_cast<int64_t>(Condition::kEqual))});
        for (int64_t i = count - 1; i >= 0; --i)
            items.push_back(emit(Opcode::kTupleItem, {sequence}, i));
    } else if (expected == ExactClass::kList || unpacksEither(in, sequence)) {
        if (expected == ExactClass::kList)
            sequence = guardExact(sequence, ExactClass::kList);
        Value* address = emit(Opcode::kSequenceItems, {sequence}, count);
        for (int64_t i = count - 1; i >= 0; --i)
            items.push_back(emit(Opcode::kItemAt, {address, sequence}, i));
    } else {
        sequence = helper(Helper::kUnpackSequence, {sequence}, count);
        for (int64_t i = count - 1; i >= 0; --i)
            items.push_back(emit(Opcode::kTupleItem, {sequence}, i));
        for (Value* item : items)
            push(item);
        return checkTracing();
    }
    for (Value* item : items)
        push(item);
}

// The class that is known or expected, list or tuple, else kUnknown.
hir::ExactClass GraphBuilder::unpackedClass(const Instr& in, Value* sequence) const {
    const ExactClass known = sequence->type().exact;
    if (!speculates(in) || (known != ExactClass::kUnknown && known != ExactClass::kTuple &&
                            known != ExactClass::kList))
        return ExactClass::kUnknown;
    if (known == ExactClass::kTuple || (known == ExactClass::kList && in.arg > 0))
        return known;
    if (known != ExactClass::kUnknown || localVaries(sequence))
        return ExactClass::kUnknown;
    const Kind seen = in.feedback.kind;
    if (seen == Kind::kTwoTuple || seen == Kind::kTuple)
        return ExactClass::kTuple;
    return seen == Kind::kList && in.arg > 0 ? ExactClass::kList : ExactClass::kUnknown;
}

// What the interpreter did not come to terms with may be anything, but a site where its
// expectation failed once has probably seen the other of the two.
bool GraphBuilder::unpacksEither(const Instr& in, const Value* sequence) const {
    if (in.arg == 0 || sequence->type().exact != ExactClass::kUnknown || !request_.profile)
        return false;
    const Kind seen = in.feedback.kind;
    if (seen != Kind::kTwoTuple && seen != Kind::kTuple && seen != Kind::kList &&
        !localVaries(sequence))
        return false;
    const auto site = request_.profile->sites.find(in.offset);
    return site == request_.profile->sites.end() ||
           site->second.width <= runtime::SiteProfile::kByShapes;
}

} // namespace pyston::build
