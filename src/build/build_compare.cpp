// Comparisons and truth values.
#include "build/graph_builder.h"

namespace pyston::build {

using namespace hir;
using runtime::Helper;

namespace {

constexpr int64_t kDoublePrecision = int64_t{1} << 53;

bool mayBe(const Value* value, ExactClass c) {
    return value->type().exact == ExactClass::kUnknown || value->type().exact == c;
}

// Comparing two of these gives True or False, or raises TypeError: no user code, no other results.
bool comparesPlainly(const Value* value) {
    switch (value->type().exact) {
    case ExactClass::kNoneType:
    case ExactClass::kBool:
    case ExactClass::kInt:
    case ExactClass::kFloat:
    case ExactClass::kStr:
        return true;
    default:
        return false;
    }
}

} // namespace

void GraphBuilder::compareOp(const Instr& in) {
    Value* right = popObject();
    Value* left = popObject();
    right = current(right);
    if (speculates(in)) {
        auto expect = [&](Feedback::Kind kind, ExactClass c) {
            if (in.feedback.kind == kind && mayBe(left, c) && mayBe(right, c)) {
                left = guardExact(left, c);
                right = guardExact(right, c);
            }
        };
        expect(Feedback::Kind::kIntInt, ExactClass::kInt);
        expect(Feedback::Kind::kFloatFloat, ExactClass::kFloat);
        expect(Feedback::Kind::kStrStr, ExactClass::kStr);
    }
    if (!comparesPlainly(left) || !comparesPlainly(right))
        guardNumbersSeen(in, left, right);
    if (countsLevel(in, left, right))
        emit(Opcode::kGuardLevelLeft, {});
    if (Value* result = compareKnown(in, left, right))
        return push(boxBool(result));
    Value* result = operatorByShapes(in, current(left), current(right));
    push(result ? result : helper(Helper::kCompareOp, {current(left), current(right)}, in.arg));
    checkTracing();
}

// Whether what stands for the comparison has to look for a level of recursion: the interpreter
// counts one unless it has specialized it, which it does for two of the same class where a jump
// follows.
bool GraphBuilder::countsLevel(const Instr& in, const Value* left, const Value* right) const {
    if (!comparesPlainly(left) || !comparesPlainly(right))
        return false; // the helper does
    const bool isEquality = in.arg == static_cast<int>(Condition::kEqual) ||
                            in.arg == static_cast<int>(Condition::kNotEqual);
    const ExactClass c = left->type().exact;
    const bool isSpecialized =
        right->type().is(c) &&
        (c == ExactClass::kInt || c == ExactClass::kFloat || (c == ExactClass::kStr && isEquality));
    const auto next = static_cast<size_t>(&in - code_.instrs.data()) + 1;
    const bool jumps =
        next < code_.instrs.size() && (code_.instrs[next].op == Op::kPopJumpIfFalse ||
                                       code_.instrs[next].op == Op::kPopJumpIfTrue);
    return !isSpecialized || !jumps;
}

// The unboxed result where both classes are known, else null.
Value* GraphBuilder::compareKnown(const Instr& in, Value* left, Value* right) {
    if (!comparesPlainly(left) || !comparesPlainly(right))
        return nullptr;
    const bool leftInt = left->type().is(ExactClass::kInt);
    const bool rightInt = right->type().is(ExactClass::kInt);
    const bool leftFloat = left->type().is(ExactClass::kFloat);
    const bool rightFloat = right->type().is(ExactClass::kFloat);
    if (leftInt && rightInt && speculates(in) && !isHugeInt(left) && !isHugeInt(right)) {
        Value* a = unboxInt(left);
        return emit(Opcode::kIntCompare, {a, left == right ? a : unboxInt(right)}, in.arg);
    }
    // A constant that a double holds exactly compares as that double does.
    auto isExact = [&](Value* value) {
        std::optional<int64_t> constant = intConstant(value);
        return constant && *constant <= kDoublePrecision && *constant >= -kDoublePrecision;
    };
    if ((leftFloat && rightFloat) || (leftFloat && isExact(right)) ||
        (rightFloat && isExact(left))) {
        Value* a = unboxDouble(left);
        return emit(Opcode::kDoubleCompare, {a, left == right ? a : unboxDouble(right)}, in.arg);
    }
    return helper(Helper::kCompareTruth, {left, right}, in.arg);
}

Value* GraphBuilder::truth(const Instr& in, Value* value) {
    if (value->opcode() == Opcode::kBoxBool)
        return value->operand(0);
    value = guardSeen(in, value,
                      {ExactClass::kInt, ExactClass::kFloat, ExactClass::kBool, ExactClass::kList});
    auto isNotZero = [&](Value* number) {
        return emit(Opcode::kIntCompare, {number, constInt(0)},
                    static_cast<int64_t>(Condition::kNotEqual));
    };
    switch (value->type().exact) {
    case ExactClass::kBool:
        return emit(Opcode::kUnboxBool, {value});
    case ExactClass::kNoneType:
        return emit(Opcode::kConstBool, {}, 0);
    case ExactClass::kFunction:
    case ExactClass::kSlice:
    case ExactClass::kType:
    case ExactClass::kCell:
        return emit(Opcode::kConstBool, {}, 1);
    case ExactClass::kInt:
        if (speculates(in) && !isHugeInt(value))
            return isNotZero(unboxInt(value));
        break;
    case ExactClass::kFloat:
        return emit(Opcode::kDoubleCompare, {unboxDouble(value), constDouble(0.0)},
                    static_cast<int64_t>(Condition::kNotEqual));
    case ExactClass::kList:
        return isNotZero(emit(Opcode::kListLen, {value}));
    case ExactClass::kTuple:
        return isNotZero(emit(Opcode::kTupleLen, {value}));
    default:
        // What is inlined cannot call what decides about others.
        if (inlining_ && speculates(in))
            return emit(Opcode::kUnboxBool, {guardExact(value, ExactClass::kBool)});
        break;
    }
    return helper(Helper::kIsTrue, {value});
}

} // namespace pyston::build
