#include "passes/rewriter.h"

#include "passes/cfg.h"
#include "passes/constants.h"
#include "passes/fold.h"
#include "runtime/helpers.h"

#include <bit>

namespace pyston::passes {

using namespace hir;
using Result = Rewriter::Result;

namespace {

Result keep() {
    return {};
}
Result erase() {
    return {Result::kErase, nullptr};
}
Result replace(Instr* value) {
    return {Result::kReplace, value};
}

Object* objectOf(const Instr* constant) {
    return reinterpret_cast<Object*>(static_cast<uintptr_t>(constant->imm()));
}

std::optional<int64_t> intConstant(const Instr* value) {
    if (value->opcode() == Opcode::kConstInt) {
        return value->imm();
    }
    return std::nullopt;
}
std::optional<double> doubleConstant(const Instr* value) {
    if (value->opcode() == Opcode::kConstDouble) {
        return value->immDouble();
    }
    return std::nullopt;
}
std::optional<bool> boolConstant(const Instr* value) {
    if (value->opcode() == Opcode::kConstBool) {
        return value->imm() != 0;
    }
    return std::nullopt;
}

// The constant object behind a value, or null.
Object* objectConstant(Instr* value) {
    Instr* root = rootOf(value);
    const bool isConstant =
        root->opcode() == Opcode::kConstObject || root->opcode() == Opcode::kConstWeak;
    return isConstant ? objectOf(root) : nullptr;
}

bool isCommutative(Opcode op) {
    switch (op) {
    case Opcode::kIntAdd:
    case Opcode::kIntMul:
    case Opcode::kIntAnd:
    case Opcode::kIntOr:
    case Opcode::kIntXor:
        return true;
    default:
        return false;
    }
}

bool isHelper(const Instr* instr, runtime::Helper helper) {
    return instr->opcode() == Opcode::kCallRuntime &&
           static_cast<runtime::Helper>(instr->imm()) == helper;
}

} // namespace

Instr* Rewriter::constant(int64_t value) {
    Instr* instr = fn_.newInstr(Opcode::kConstInt, {});
    instr->setImm(value);
    return add(instr);
}

Instr* Rewriter::constant(double value) {
    Instr* instr = fn_.newInstr(Opcode::kConstDouble, {});
    instr->setImm(std::bit_cast<int64_t>(value));
    return add(instr);
}

Instr* Rewriter::constant(bool value) {
    Instr* instr = fn_.newInstr(Opcode::kConstBool, {});
    instr->setImm(value);
    return add(instr);
}

Instr* Rewriter::like(Opcode op, Instr* instr, std::initializer_list<Instr*> operands) {
    Instr* copy = fn_.newInstr(op, operands);
    copy->setImm(instr->imm());
    copy->setImm2(instr->imm2());
    copy->setFrameState(instr->frameState());
    return add(copy);
}

Result Rewriter::rewrite(Instr* instr) {
    switch (instr->opcode()) {
    case Opcode::kGuardType:
    case Opcode::kGuardTypeVersion:
    case Opcode::kGuardIs:
    case Opcode::kGuardNotNull:
    case Opcode::kGuardCode:
    case Opcode::kGuardFunctionVersion:
    case Opcode::kRefine:
    case Opcode::kGuardTrue:
    case Opcode::kGuardFalse:
        return rewriteGuard(instr);
    case Opcode::kUnboxInt:
    case Opcode::kUnboxDouble:
    case Opcode::kUnboxBool:
    case Opcode::kBoxBool:
    case Opcode::kBoxOptional:
    case Opcode::kIntToDouble:
        return rewriteConversion(instr);
    case Opcode::kIntAdd:
    case Opcode::kIntSub:
    case Opcode::kIntMul:
    case Opcode::kIntFloorDiv:
    case Opcode::kIntMod:
    case Opcode::kIntAnd:
    case Opcode::kIntOr:
    case Opcode::kIntXor:
    case Opcode::kIntShl:
    case Opcode::kIntShr:
    case Opcode::kIntNeg:
    case Opcode::kIntInvert:
        return rewriteInt(instr);
    case Opcode::kIntCompare:
        return rewriteIntCompare(instr);
    case Opcode::kDoubleAdd:
    case Opcode::kDoubleSub:
    case Opcode::kDoubleMul:
    case Opcode::kDoubleDiv:
    case Opcode::kDoubleNeg:
    case Opcode::kDoubleAbs:
    case Opcode::kDoubleSqrt:
    case Opcode::kDoubleCompare:
        return rewriteDouble(instr);
    case Opcode::kBoolNot:
    case Opcode::kBoolToInt:
        return rewriteBool(instr);
    case Opcode::kObjectIs:
    case Opcode::kIsClass:
    case Opcode::kReplaceNull:
    case Opcode::kDrop:
        return rewriteObject(instr);
    case Opcode::kTupleItem:
    case Opcode::kTupleGet:
    case Opcode::kTupleLen:
        return rewriteTuple(instr);
    case Opcode::kCallRuntime:
        return rewriteHelper(instr);
    case Opcode::kBranch:
    case Opcode::kBranchNull:
        return rewriteTerminator(instr);
    default:
        return keep();
    }
}

// --- guards

Result Rewriter::rewriteGuard(Instr* instr) {
    Instr* value = instr->operand(0);
    Type known = value->type();
    std::optional<bool> truth = boolConstant(value);
    switch (instr->opcode()) {
    case Opcode::kGuardType:
        if (known.isObject() && known.exact == instr->immClass() &&
            known.exact != ExactClass::kUnknown) {
            return replace(value);
        }
        return keep();
    case Opcode::kGuardNotNull:
        if (known.isObject()) {
            return replace(value);
        }
        if (value->opcode() == Opcode::kBoxOptional) {
            return unwrapOptional(instr);
        }
        break;
    case Opcode::kRefine:
        if (isSubtype(known, instr->type())) {
            return replace(value);
        }
        break;
    case Opcode::kGuardIs:
        if (objectConstant(value) == objectOf(instr)) {
            return replace(value);
        }
        break;
    case Opcode::kGuardTrue:
    case Opcode::kGuardFalse: {
        bool wanted = instr->opcode() == Opcode::kGuardTrue;
        if (truth) {
            return *truth == wanted ? erase() : keep();
        }
        if (value->opcode() == Opcode::kBoolNot) {
            like(wanted ? Opcode::kGuardFalse : Opcode::kGuardTrue, instr, {value->operand(0)});
            return erase();
        }
        return keep();
    }
    default:
        break;
    }
    // A refined value keeps the class that is known of it.
    if (instr->type().isCounted() && instr->type().exact == ExactClass::kUnknown) {
        instr->setType({instr->type().rep, known.exact});
    }
    return keep();
}

// --- boxes

// A guard says that the value is there: from here on the number is enough.
Result Rewriter::unwrapOptional(Instr* guard) {
    Instr* optional = guard->operand(0)->operand(0);
    Instr* number = optional->operand(0);
    Instr* bound = fn_.newInstr(Opcode::kGuardTrue, {optional->operand(1)});
    bound->setFrameState(guard->frameState());
    add(bound);
    Instr* box = fn_.newInstr(
        number->type().isFloatRegister() ? Opcode::kBoxDouble : Opcode::kBoxInt, {number});
    box->setFrameState(guard->frameState());
    return replace(add(box));
}

Result Rewriter::rewriteConversion(Instr* instr) {
    Instr* value = instr->operand(0);
    Instr* root = value->type().isCounted() ? rootOf(value) : value;
    const ConstantValues& known = constantValues();
    Object* object = value->type().isCounted() ? objectConstant(value) : nullptr;
    switch (instr->opcode()) {
    case Opcode::kUnboxInt:
        if (root->opcode() == Opcode::kBoxInt) {
            return replace(root->operand(0));
        }
        if (object && known.intValue) {
            if (std::optional<int64_t> n = known.intValue(object)) {
                return replace(constant(*n));
            }
        }
        return keep();
    case Opcode::kUnboxDouble:
        if (root->opcode() == Opcode::kBoxDouble) {
            return replace(root->operand(0));
        }
        if (object && known.floatValue) {
            if (std::optional<double> d = known.floatValue(object)) {
                return replace(constant(*d));
            }
        }
        return keep();
    case Opcode::kUnboxBool:
        if (root->opcode() == Opcode::kBoxBool) {
            return replace(root->operand(0));
        }
        if (object && (object == known.trueObject || object == known.falseObject)) {
            return replace(constant(object == known.trueObject));
        }
        return keep();
    case Opcode::kBoxOptional:
        if (std::optional<bool> bound = boolConstant(value->operand(1))) {
            Instr* number = value->operand(0);
            Opcode op = !*bound                            ? Opcode::kConstNull
                        : number->type().isFloatRegister() ? Opcode::kBoxDouble
                                                           : Opcode::kBoxInt;
            Instr* result = *bound ? fn_.newInstr(op, {number}) : fn_.newInstr(op, {});
            result->setFrameState(*bound ? instr->frameState() : nullptr);
            return replace(add(result));
        }
        return keep();
    case Opcode::kBoxBool: // True and False exist once; boxed ints and floats have an identity each
        return value->opcode() == Opcode::kUnboxBool ? replace(value->operand(0)) : keep();
    case Opcode::kIntToDouble:
        if (std::optional<int64_t> n = intConstant(value)) {
            return replace(constant(static_cast<double>(*n)));
        }
        return keep();
    default:
        return keep();
    }
}

// --- integers

Result Rewriter::rewriteInt(Instr* instr) {
    Opcode op = instr->opcode();
    Instr* left = instr->operand(0);
    std::optional<int64_t> a = intConstant(left);
    if (instr->numOperands() == 1) {
        if (a) {
            if (std::optional<int64_t> folded = foldInt(op, *a, 0)) {
                return replace(constant(*folded));
            }
        }
        bool twice = op == Opcode::kIntInvert && left->opcode() == Opcode::kIntInvert;
        return twice ? replace(left->operand(0)) : keep();
    }
    Instr* right = instr->operand(1);
    std::optional<int64_t> b = intConstant(right);
    if (a && b) {
        std::optional<int64_t> folded = foldInt(op, *a, *b);
        return folded ? replace(constant(*folded)) : keep();
    }
    if (a && isCommutative(op)) { // constants to the right, where the machine can encode them
        instr->setOperand(0, right);
        instr->setOperand(1, left);
        return rewriteIntByConstant(instr, *a);
    }
    if (b) {
        return rewriteIntByConstant(instr, *b);
    }
    if (left == right) {
        if (op == Opcode::kIntSub || op == Opcode::kIntXor) {
            return replace(constant(int64_t{0}));
        }
        if (op == Opcode::kIntAnd || op == Opcode::kIntOr) {
            return replace(left);
        }
    }
    return keep();
}

Result Rewriter::rewriteIntByConstant(Instr* instr, int64_t right) {
    Instr* left = instr->operand(0);
    bool powerOfTwo = right > 0 && std::has_single_bit(static_cast<uint64_t>(right));
    switch (instr->opcode()) {
    case Opcode::kIntAdd:
    case Opcode::kIntSub:
    case Opcode::kIntOr:
    case Opcode::kIntXor:
    case Opcode::kIntShl:
    case Opcode::kIntShr:
        return right == 0 ? replace(left) : keep();
    case Opcode::kIntMul:
        return right == 1 ? replace(left) : right == 0 ? replace(constant(int64_t{0})) : keep();
    case Opcode::kIntAnd:
        return right == -1 ? replace(left) : right == 0 ? replace(constant(int64_t{0})) : keep();
    case Opcode::kIntFloorDiv:
        if (right == 1) {
            return replace(left);
        }
        if (powerOfTwo) { // an arithmetic shift rounds down, as // does
            return replace(
                like(Opcode::kIntShr, instr,
                     {left, constant(int64_t{std::countr_zero(static_cast<uint64_t>(right))})}));
        }
        return keep();
    case Opcode::kIntMod:
        if (powerOfTwo) { // two's complement: right for negative numbers too
            return replace(like(Opcode::kIntAnd, instr, {left, constant(right - 1)}));
        }
        return keep();
    default:
        return keep();
    }
}

Result Rewriter::rewriteIntCompare(Instr* instr) {
    Instr* left = instr->operand(0);
    Instr* right = instr->operand(1);
    Condition cc = instr->condition();
    std::optional<int64_t> a = intConstant(left);
    std::optional<int64_t> b = intConstant(right);
    if (left == right) {
        return replace(constant(foldIntCompare(cc, 0, 0)));
    }
    if (a && b) {
        return replace(constant(foldIntCompare(cc, *a, *b)));
    }
    if (a) {
        instr->setOperand(0, right);
        instr->setOperand(1, left);
        instr->setImm(static_cast<int64_t>(swapOperands(cc)));
        return rewriteIntCompare(instr);
    }
    bool isTest = cc == Condition::kEqual || cc == Condition::kNotEqual;
    if (b && left->opcode() == Opcode::kBoolToInt && isTest && (*b == 0 || *b == 1)) {
        bool same = (cc == Condition::kEqual) == (*b == 1);
        Instr* truth = left->operand(0);
        return replace(same ? truth : add(fn_.newInstr(Opcode::kBoolNot, {truth})));
    }
    return keep();
}

// --- doubles. No rule of algebra is exact for NaNs, infinities and signed zeros, so only constants
// fold.

Result Rewriter::rewriteDouble(Instr* instr) {
    Instr* left = instr->operand(0);
    std::optional<double> a = doubleConstant(left);
    if (instr->opcode() == Opcode::kDoubleNeg && left->opcode() == Opcode::kDoubleNeg) {
        return replace(left->operand(0));
    }
    bool binary = instr->numOperands() == 2;
    std::optional<double> b = binary ? doubleConstant(instr->operand(1)) : 0.0;
    if (!a || !b) {
        return keep();
    }
    if (instr->opcode() == Opcode::kDoubleCompare) {
        return replace(constant(foldDoubleCompare(instr->condition(), *a, *b)));
    }
    std::optional<double> folded = foldDouble(instr->opcode(), *a, *b);
    return folded ? replace(constant(*folded)) : keep();
}

// --- truth values

Result Rewriter::rewriteBool(Instr* instr) {
    Instr* value = instr->operand(0);
    std::optional<bool> known = boolConstant(value);
    if (instr->opcode() == Opcode::kBoolToInt) {
        return known ? replace(constant(int64_t{*known})) : keep();
    }
    if (known) {
        return replace(constant(!*known));
    }
    if (value->opcode() == Opcode::kBoolNot) {
        return replace(value->operand(0));
    }
    if (value->opcode() == Opcode::kIntCompare) {
        Instr* negated = like(Opcode::kIntCompare, value, {value->operand(0), value->operand(1)});
        negated->setImm(static_cast<int64_t>(negate(value->condition())));
        return replace(negated);
    }
    return keep();
}

// --- objects

Result Rewriter::rewriteObject(Instr* instr) {
    Instr* left = rootOf(instr->operand(0));
    Type type = instr->operand(0)->type();
    if (instr->opcode() == Opcode::kDrop) {
        // Nobody can tell when such an object dies: its reference goes after its last use.
        return left->opcode() == Opcode::kConstNull || type.diesQuietly() ? erase() : keep();
    }
    if (instr->opcode() == Opcode::kReplaceNull) {
        if (type.isObject() || left->opcode() == Opcode::kConstNull) {
            return replace(instr->operand(type.isObject() ? 0 : 1));
        }
        return keep();
    }
    if (instr->opcode() == Opcode::kIsClass) {
        if (type.exact == ExactClass::kUnknown || !type.isObject()) {
            return keep();
        }
        return replace(constant(type.exact == instr->immClass()));
    }
    Instr* right = rootOf(instr->operand(1));
    Type other = instr->operand(1)->type();
    if (left == right) {
        return replace(constant(true));
    }
    bool leftNull = left->opcode() == Opcode::kConstNull;
    bool rightNull = right->opcode() == Opcode::kConstNull;
    if (leftNull && rightNull) {
        return replace(constant(true));
    }
    if ((leftNull && other.isObject()) || (rightNull && type.isObject())) {
        return replace(constant(false));
    }
    if (objectConstant(left) && objectConstant(right)) {
        return replace(constant(objectConstant(left) == objectConstant(right)));
    }
    if (type.isObject() && other.isObject() && type.exact != other.exact &&
        type.exact != ExactClass::kUnknown && other.exact != ExactClass::kUnknown) {
        return replace(constant(false));
    }
    return keep();
}

// Items of a tuple that was made here.
Result Rewriter::rewriteTuple(Instr* instr) {
    Instr* tuple = rootOf(instr->operand(0));
    if (!isHelper(tuple, runtime::Helper::kBuildTuple)) {
        return keep();
    }
    auto length = static_cast<int64_t>(tuple->numOperands());
    if (instr->opcode() == Opcode::kTupleLen) {
        return replace(constant(length));
    }
    std::optional<int64_t> index = instr->imm();
    if (instr->opcode() == Opcode::kTupleGet) {
        index = intConstant(instr->operand(1));
        if (index && *index < 0) {
            *index += length;
        }
    }
    if (!index || *index < 0 || *index >= length) {
        return keep();
    }
    Instr* item = tuple->operand(static_cast<size_t>(*index));
    return item->type().isObject() ? replace(item) : keep();
}

// --- helpers

Result Rewriter::rewriteHelper(Instr* instr) {
    switch (static_cast<runtime::Helper>(instr->imm())) {
    case runtime::Helper::kIsTrue:
        return rewriteTruth(instr);
    case runtime::Helper::kCompareOp:
    case runtime::Helper::kCompareTruth:
        return rewriteComparison(instr);
    default:
        return keep();
    }
}

Result Rewriter::rewriteTruth(Instr* instr) {
    Instr* value = instr->operand(0);
    Instr* root = rootOf(value);
    const ConstantValues& known = constantValues();
    auto isNot = [&](Opcode compare, Instr* raw, Instr* zero) {
        Instr* test = add(fn_.newInstr(compare, {raw, zero}));
        test->setImm(static_cast<int64_t>(Condition::kNotEqual));
        return replace(test);
    };
    if (root->opcode() == Opcode::kBoxBool) {
        return replace(root->operand(0));
    }
    if (root->opcode() == Opcode::kBoxInt) {
        return isNot(Opcode::kIntCompare, root->operand(0), constant(int64_t{0}));
    }
    if (root->opcode() == Opcode::kBoxDouble) {
        return isNot(Opcode::kDoubleCompare, root->operand(0), constant(0.0));
    }
    if (Object* object = objectConstant(value)) {
        if (known.intValue && value->type().is(ExactClass::kInt)) {
            if (std::optional<int64_t> n = known.intValue(object)) {
                return replace(constant(*n != 0));
            }
        }
    }
    switch (value->type().exact) {
    case ExactClass::kBool:
        return replace(add(fn_.newInstr(Opcode::kUnboxBool, {value})));
    case ExactClass::kNoneType:
        return replace(constant(false));
    case ExactClass::kFunction:
        return replace(constant(true));
    default:
        return keep();
    }
}

Result Rewriter::rewriteComparison(Instr* instr) {
    Instr* left = rootOf(instr->operand(0));
    Instr* right = rootOf(instr->operand(1));
    // The numbers of Py_LT ... Py_GE are those of Condition.
    if (left->opcode() != right->opcode() || instr->imm2() < 0 || instr->imm2() > 5) {
        return keep();
    }
    Opcode op{};
    if (left->opcode() == Opcode::kBoxInt) {
        op = Opcode::kIntCompare;
    } else if (left->opcode() == Opcode::kBoxDouble) {
        op = Opcode::kDoubleCompare;
    } else {
        return keep();
    }
    Instr* test = add(fn_.newInstr(op, {left->operand(0), right->operand(0)}));
    test->setImm(instr->imm2());
    if (isHelper(instr, runtime::Helper::kCompareTruth)) {
        return replace(test);
    }
    return replace(add(fn_.newInstr(Opcode::kBoxBool, {test})));
}

// --- branches

Result Rewriter::rewriteTerminator(Instr* instr) {
    Instr* value = instr->operand(0);
    std::optional<bool> taken;
    if (instr->opcode() == Opcode::kBranch) {
        taken = boolConstant(value);
    } else if (value->opcode() == Opcode::kConstNull) {
        taken = true;
    } else if (value->type().isObject()) {
        taken = false;
    }
    if (instr->target(0) == instr->target(1)) {
        taken = true;
    }
    if (taken) {
        return replace(add(fn_.newJump(instr->target(*taken ? 0 : 1))));
    }
    if (instr->opcode() == Opcode::kBranch && value->opcode() == Opcode::kBoolNot) {
        return replace(add(
            fn_.newBranch(Opcode::kBranch, value->operand(0), instr->target(1), instr->target(0))));
    }
    return keep();
}

} // namespace pyston::passes
