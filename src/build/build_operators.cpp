// Arithmetic. Which representation an operation uses follows from the classes that are known, from
// the interpreter's feedback, and from whether that failed here before.
#include "build/graph_builder.h"

#include <limits>

namespace pyston::build {

using namespace hir;
using runtime::Helper;

namespace {

// BINARY_OP's operator numbers; the in-place forms follow in the same order.
enum Operator {
    kAdd,
    kAnd,
    kFloorDivide,
    kLeftShift,
    kMatrixMultiply,
    kMultiply,
    kRemainder,
    kOr,
    kPower,
    kRightShift,
    kSubtract,
    kTrueDivide,
    kXor,
    kNumOperators
};

constexpr int64_t kDoublePrecision = int64_t{1} << 53;

// Operators that the interpreter gives no feedback for, and that hardly anything but an int takes
// with an int on the other side.
bool suggestsInts(int op) {
    switch (op) {
    case kAnd:
    case kFloorDivide:
    case kLeftShift:
    case kOr:
    case kRemainder:
    case kRightShift:
    case kXor:
        return true;
    default:
        return false;
    }
}

std::optional<Opcode> intOpcode(int op) {
    switch (op) {
    case kAdd:
        return Opcode::kIntAdd;
    case kSubtract:
        return Opcode::kIntSub;
    case kMultiply:
        return Opcode::kIntMul;
    case kFloorDivide:
        return Opcode::kIntFloorDiv;
    case kRemainder:
        return Opcode::kIntMod;
    case kAnd:
        return Opcode::kIntAnd;
    case kOr:
        return Opcode::kIntOr;
    case kXor:
        return Opcode::kIntXor;
    case kLeftShift:
        return Opcode::kIntShl;
    case kRightShift:
        return Opcode::kIntShr;
    default:
        return std::nullopt;
    }
}

bool mayBe(const Value* value, ExactClass c) {
    return value->type().exact == ExactClass::kUnknown || value->type().exact == c;
}

bool isNumber(const Value* value) {
    return value->type().is(ExactClass::kInt) || value->type().is(ExactClass::kFloat);
}

} // namespace

bool GraphBuilder::buildOperator(const Instr& in) {
    switch (in.op) {
    case Op::kBinaryOp:
        binaryOp(in);
        return true;
    case Op::kUnaryPositive:
        unaryOp(in, Helper::kUnaryPositive);
        return true;
    case Op::kUnaryNegative:
        unaryOp(in, Helper::kUnaryNegative);
        return true;
    case Op::kUnaryInvert:
        unaryOp(in, Helper::kUnaryInvert);
        return true;
    case Op::kUnaryNot: {
        Value* value = popObject();
        Value* answer = truth(in, value);
        if (mayRunCode(answer))
            dropTested(in, value, answer);
        push(boxBool(emit(Opcode::kBoolNot, {answer})));
        if (!mayRunCode(answer))
            dropPopped(in, {value});
        return true;
    }
    case Op::kCompareOp:
        compareOp(in);
        return true;
    case Op::kIsOp: {
        Value* right = popObject();
        Value* left = popObject();
        Value* same = emit(Opcode::kObjectIs, {left, current(right)});
        push(boxBool(in.arg ? emit(Opcode::kBoolNot, {same}) : same));
        drop(left, stateAfter());
        drop(right, stateAfter());
        return true;
    }
    case Op::kContainsOp: {
        Value* container = popObject();
        Value* item = popObject();
        Value* found = helper(Helper::kContains, {item, current(container)});
        push(boxBool(in.arg ? emit(Opcode::kBoolNot, {found}) : found));
        checkTracing();
        return true;
    }
    default:
        return false;
    }
}

void GraphBuilder::binaryOp(const Instr& in) {
    Value* right = popObject();
    Value* left = popObject();
    right = current(right);
    Value* result = numericBinary(in, left, right);
    if (!result)
        result = stringBinary(in, current(left), current(right));
    if (result)
        return push(result);
    result = operatorByShapes(in, current(left), current(right));
    push(result ? result : helper(Helper::kBinaryOp, {current(left), current(right)}, in.arg));
    checkTracing();
}

// Null when the operands are not (known or expected to be) ints and floats.
Value* GraphBuilder::numericBinary(const Instr& in, Value* left, Value* right) {
    const int op = in.arg % kNumOperators;
    if (speculates(in)) {
        const bool knownInt =
            left->type().is(ExactClass::kInt) || right->type().is(ExactClass::kInt);
        const bool ints =
            in.feedback.kind == Feedback::Kind::kIntInt || (knownInt && suggestsInts(op));
        if (ints && mayBe(left, ExactClass::kInt) && mayBe(right, ExactClass::kInt)) {
            left = guardExact(left, ExactClass::kInt);
            right = guardExact(right, ExactClass::kInt);
        } else if (in.feedback.kind == Feedback::Kind::kFloatFloat &&
                   mayBe(left, ExactClass::kFloat) && mayBe(right, ExactClass::kFloat)) {
            left = guardExact(left, ExactClass::kFloat);
            right = guardExact(right, ExactClass::kFloat);
        }
    }
    if ((!isNumber(left) || !isNumber(right)) && !guardNumbersSeen(in, left, right))
        return nullptr;
    if (left->type().is(ExactClass::kInt) && right->type().is(ExactClass::kInt))
        return intBinary(in, left, right);
    return floatBinary(in, left, right);
}

Value* GraphBuilder::intBinary(const Instr& in, Value* left, Value* right) {
    const int op = in.arg % kNumOperators;
    std::optional<Opcode> opcode = intOpcode(op);
    const bool unboxes = speculates(in) && !isHugeInt(left) && !isHugeInt(right);
    if (op == kTrueDivide && unboxes)
        return intTrueDivide(left, right);
    if (opcode && unboxes) {
        Value* a = unboxInt(left);
        return boxInt(emit(*opcode, {a, left == right ? a : unboxInt(right)}));
    }
    if (op == kMatrixMultiply)
        return nullptr;
    // Squares and cubes. Not more: what overflows is then known to be large.
    if (const auto exponent = intConstant(right);
        op == kPower && unboxes && exponent && (*exponent == 2 || *exponent == 3)) {
        Value* a = unboxInt(left);
        Value* square = emit(Opcode::kIntMul, {a, a});
        return boxInt(*exponent == 2 ? square : emit(Opcode::kIntMul, {square, a}));
    }
    Value* result = helper(Helper::kIntBinaryBig, {left, right}, in.arg);
    if (opcode)
        result->setType(exactObject(ExactClass::kInt));
    else if (op == kTrueDivide)
        result->setType(exactObject(ExactClass::kFloat));
    return result;
}

// The quotient of ints that a double holds exactly is the rounded quotient of these doubles.
Value* GraphBuilder::intTrueDivide(Value* left, Value* right) {
    Value* a = unboxInt(left);
    Value* b = unboxInt(right);
    guardWithinDoublePrecision(a);
    guardWithinDoublePrecision(b);
    return boxDouble(emit(Opcode::kDoubleDiv,
                          {emit(Opcode::kIntToDouble, {a}), emit(Opcode::kIntToDouble, {b})}));
}

void GraphBuilder::guardWithinDoublePrecision(Value* value) {
    if (value->opcode() == Opcode::kConstInt && value->imm() <= kDoublePrecision &&
        value->imm() >= -kDoublePrecision)
        return;
    auto check = [&](Condition cc, int64_t limit) {
        emit(Opcode::kGuardTrue,
             {emit(Opcode::kIntCompare, {value, constInt(limit)}, static_cast<int64_t>(cc))});
    };
    check(Condition::kLessEqual, kDoublePrecision);
    check(Condition::kGreaterEqual, -kDoublePrecision);
}

// At least one operand is a float, the other perhaps an int.
Value* GraphBuilder::floatBinary(const Instr& in, Value* left, Value* right) {
    const int op = in.arg % kNumOperators;
    const bool hasInt = left->type().is(ExactClass::kInt) || right->type().is(ExactClass::kInt);
    if (isHugeInt(left) || isHugeInt(right) || (hasInt && !speculates(in)))
        return nullptr;
    auto doubles = [&](Opcode opcode) {
        Value* a = unboxDouble(left);
        return boxDouble(emit(opcode, {a, left == right ? a : unboxDouble(right)}));
    };
    switch (op) {
    case kAdd:
        return doubles(Opcode::kDoubleAdd);
    case kSubtract:
        return doubles(Opcode::kDoubleSub);
    case kMultiply:
        return doubles(Opcode::kDoubleMul);
    default:
        break;
    }
    if (!speculates(in))
        return nullptr;
    if (op == kTrueDivide)
        return doubles(Opcode::kDoubleDiv);
    if (op == kPower)
        return floatPower(left, right);
    if (op != kRemainder && op != kFloorDivide)
        return nullptr;
    Value* a = unboxDouble(left);
    Value* b = unboxDouble(right);
    emit(Opcode::kGuardTrue, {emit(Opcode::kDoubleCompare, {b, constDouble(0.0)},
                                   static_cast<int64_t>(Condition::kNotEqual))});
    return boxDouble(helper(op == kRemainder ? Helper::kFloatMod : Helper::kFloatFloorDiv, {a, b}));
}

// C's pow() is what the interpreter calls, but for negative bases (the sign is its own) and for
// results that it reports as errors: infinite ones, and 0 to a negative power.
Value* GraphBuilder::floatPower(Value* left, Value* right) {
    const std::optional<int64_t> exponent = intConstant(right);
    const bool isEven = exponent && *exponent > 0 && *exponent % 2 == 0;
    Value* base = unboxDouble(left);
    auto check = [&](Value* value, Condition cc, double limit) {
        emit(Opcode::kGuardTrue,
             {emit(Opcode::kDoubleCompare, {value, constDouble(limit)}, static_cast<int64_t>(cc))});
    };
    if (isEven)
        base = emit(Opcode::kDoubleAbs, {base});
    else
        check(base, Condition::kGreater, 0.0);
    Value* result = helper(Helper::kFloatPower, {base, left == right ? base : unboxDouble(right)});
    check(result, Condition::kLess, std::numeric_limits<double>::infinity());
    return boxDouble(result);
}

// The local that the next instruction stores the result to, or -1.
int GraphBuilder::storedNext(const Instr& in) const {
    const auto next = static_cast<size_t>(&in - code_.instrs.data()) + 1;
    if (static_cast<int>(next) > bytecodeBlock(currentBlock_).last)
        return -1;
    return code_.instrs[next].op == Op::kStoreFast ? code_.instrs[next].arg : -1;
}

// `s += t` with `s` a local: the string may grow in place when the local's reference is the only
// one. The interpreter's own specialization lets go of the local in the same way.
Value* GraphBuilder::stringBinary(const Instr& in, Value* left, Value* right) {
    if (in.arg % kNumOperators != kAdd)
        return nullptr;
    const bool known = left->type().is(ExactClass::kStr) && right->type().is(ExactClass::kStr);
    const bool expected = speculates(in) && in.feedback.kind == Feedback::Kind::kStrStr &&
                          mayBe(left, ExactClass::kStr) && mayBe(right, ExactClass::kStr);
    if (!known && !expected)
        return nullptr;
    left = guardExact(left, ExactClass::kStr);
    right = guardExact(right, ExactClass::kStr);
    const int local = storedNext(in);
    const bool grows = local >= 0 && !isConst(left) && commonValue(left, right) == nullptr &&
                       env_.slots[static_cast<size_t>(local)] == left;
    Value* result = helper(grows ? Helper::kUnicodeAppend : Helper::kUnicodeConcat, {left, right});
    if (grows)
        env_.slots[static_cast<size_t>(local)] = nullptr;
    result->setType(exactObject(ExactClass::kStr));
    return result;
}

void GraphBuilder::unaryOp(const Instr& in, Helper generic) {
    Value* value = guardSeen(in, popObject(), {ExactClass::kInt, ExactClass::kFloat});
    const bool isInt = value->type().is(ExactClass::kInt) && speculates(in) && !isHugeInt(value);
    if (in.op == Op::kUnaryPositive && isNumber(value))
        return push(value);
    if (in.op == Op::kUnaryNegative && value->type().is(ExactClass::kFloat))
        return push(boxDouble(emit(Opcode::kDoubleNeg, {unboxDouble(value)})));
    if (in.op == Op::kUnaryNegative && isInt)
        return push(boxInt(emit(Opcode::kIntNeg, {unboxInt(value)})));
    if (in.op == Op::kUnaryInvert && isInt)
        return push(boxInt(emit(Opcode::kIntInvert, {unboxInt(value)})));
    push(helper(generic, {value}));
    checkTracing();
}

} // namespace pyston::build
