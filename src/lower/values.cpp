// HIR values as registers, immediates and fused comparisons.
#include "lower/lowering.h"

#include <cassert>
#include <utility>

namespace pyston::lower {

using hir::Opcode;

Cc conditionCode(hir::Condition condition) {
    switch (condition) {
    case hir::Condition::kLess:
        return Cc::kLt;
    case hir::Condition::kLessEqual:
        return Cc::kLe;
    case hir::Condition::kEqual:
        return Cc::kEq;
    case hir::Condition::kNotEqual:
        return Cc::kNe;
    case hir::Condition::kGreater:
        return Cc::kGt;
    case hir::Condition::kGreaterEqual:
        return Cc::kGe;
    }
    return Cc::kEq;
}

const hir::Instr* Lowering::canonical(const hir::Instr* value) {
    while (value->info().ownership == hir::Ownership::kAlias)
        value = value->operand(0);
    return value;
}

std::optional<int64_t> Lowering::constant(const hir::Instr* value) const {
    value = canonical(value);
    switch (value->opcode()) {
    case Opcode::kConstObject:
    case Opcode::kConstWeak:
    case Opcode::kConstInt:
        return value->imm();
    case Opcode::kConstBool:
        return value->imm() != 0;
    case Opcode::kConstNull:
        return 0;
    case Opcode::kBoxBool:
        if (const auto bit = constant(value->operand(0)))
            return static_cast<int64_t>(*bit ? context_.trueObject : context_.falseObject);
        return std::nullopt;
    default:
        return std::nullopt;
    }
}

VReg Lowering::use(const hir::Instr* value) {
    value = canonical(value);
    if (const auto bits = constant(value))
        return e_.imm(*bits);
    if (value->opcode() == Opcode::kConstDouble)
        return e_.doubleBits(value->imm());
    const VReg reg = registerOf(value);
    assert(reg != lir::kNoReg && "used before its definition, or a fused comparison");
    return reg;
}

Operand Lowering::useX(const hir::Instr* value) {
    if (const auto bits = constant(value); bits && fitsImmediate(*bits))
        return Operand::i(*bits);
    return Operand::r(use(value));
}

// A comparison whose every use is a branch or guard (or BoolNot) in its own block needs no
// register: it is repeated there. Its operands are registers, so a reference released in between
// does not matter.
void Lowering::findFusedCompares() {
    const auto isCompare = [](Opcode op) {
        return op == Opcode::kIntCompare || op == Opcode::kDoubleCompare ||
               op == Opcode::kObjectIs || op == Opcode::kIsClass || op == Opcode::kOwnVersionIs ||
               op == Opcode::kFunctionVersionIs || op == Opcode::kUnboxBool ||
               op == Opcode::kBoolNot;
    };
    const auto fuses = [](Opcode user) {
        return user == Opcode::kBranch || user == Opcode::kGuardTrue ||
               user == Opcode::kGuardFalse || user == Opcode::kBoolNot || user == Opcode::kBoxBool;
    };
    const auto needsRegister = [&](const hir::Instr* value) {
        fused_[static_cast<size_t>(value->id())] = false;
    };
    for (const hir::Block* block : fn_.blocks()) {
        for (const hir::Instr* instr : block->instrs())
            fused_[static_cast<size_t>(instr->id())] = isCompare(instr->opcode());
    }
    for (const hir::Block* block : fn_.blocks()) {
        for (const hir::Instr* instr : block->instrs()) {
            for (const hir::Instr* operand : instr->operands()) {
                operand = canonical(operand);
                const bool select = instr->opcode() == Opcode::kBoxBool;
                if (!fuses(instr->opcode()) || operand->block() != block ||
                    (select && operand->opcode() == Opcode::kDoubleCompare) ||
                    (select && operand->opcode() == Opcode::kBoolNot))
                    needsRegister(operand);
            }
        }
    }
    for (const auto& state : fn_.frameStates()) {
        for (const auto* values : {&state->slots, &state->stack}) {
            for (const hir::Instr* value : *values) {
                if (value)
                    needsRegister(canonical(value));
            }
        }
    }
}

Compare Lowering::compareOf(const hir::Instr* value) {
    value = canonical(value);
    if (isFused(*value))
        return rawCompare(*value);
    return {false, Cc::kNe, use(value), Operand::i(0)};
}

Compare Lowering::rawCompare(const hir::Instr& instr) {
    const auto address = [&](uint64_t object) { return e_.immOrReg(static_cast<int64_t>(object)); };
    switch (instr.opcode()) {
    case Opcode::kBoolNot:
        return negate(compareOf(instr.operand(0)));
    case Opcode::kDoubleCompare: {
        const VReg left = use(instr.operand(0));
        return {true, conditionCode(instr.condition()), left, Operand::r(use(instr.operand(1)))};
    }
    case Opcode::kIntCompare:
    case Opcode::kObjectIs: {
        const bool isInt = instr.opcode() == Opcode::kIntCompare;
        hir::Condition condition = isInt ? instr.condition() : hir::Condition::kEqual;
        const hir::Instr *a = instr.operand(0), *b = instr.operand(1);
        if (constant(a) && !constant(b)) {
            std::swap(a, b);
            condition = hir::swapOperands(condition);
        }
        const VReg left = use(a);
        return {false, conditionCode(condition), left, useX(b)};
    }
    case Opcode::kUnboxBool: {
        const VReg object = use(instr.operand(0));
        return {false, Cc::kEq, object, address(context_.trueObject)};
    }
    // What these compare was read at the definition, while the object was alive.
    case Opcode::kOwnVersionIs:
    case Opcode::kFunctionVersionIs:
        return {false, Cc::kEq, registerOf(&instr), e_.immOrReg(instr.imm())};
    default:
        assert(instr.opcode() == Opcode::kIsClass);
        return {false, Cc::kEq, registerOf(&instr), address(classAddress(instr.immClass()))};
    }
}

void Lowering::defineCompare(const hir::Instr& instr) {
    if (!isFused(instr))
        define(instr, e_.set(rawCompare(instr)));
}

} // namespace pyston::lower
