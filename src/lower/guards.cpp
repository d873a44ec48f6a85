// Guards: leave unless something holds. Their results are aliases of operand 0 and have no
// register.
#include "lower/lowering.h"

#include "runtime/code_data.h"

#include <cassert>

namespace pyston::lower {

using lir::Opcode;

namespace {

// Version tags are compared as 32 bits.
Operand version(int64_t tag) {
    return Operand::i(static_cast<int32_t>(tag));
}

} // namespace

void Lowering::lowerGuardType(const hir::Instr& instr) {
    const uint64_t address = classAddress(instr.immClass());
    assert(address != 0 && "a guard for a class that is not known");
    const VReg object = use(instr.operand(0));
    const Operand expected = e_.immOrReg(static_cast<int64_t>(address));
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, object, layout_.type, expected, guardExit(instr));
    if (hir::isArray(instr.immClass())) {
        const uint64_t code = context_.arrayDescriptors[static_cast<size_t>(instr.immClass())];
        assert(code != 0 && "a guard for arrays that were never seen");
        e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, object, layout_.arrayDescriptor,
                     e_.immOrReg(static_cast<int64_t>(code)), guardExit(instr));
    }
}

void Lowering::lowerGuardLevelLeft(const hir::Instr& instr) {
    e_.exitIfMem(Opcode::kExitIfMem32, Cc::kLe, e_.threadState(), layout_.threadRecursionRemaining,
                 Operand::i(0), guardExit(instr));
}

void Lowering::lowerProbe(const hir::Instr& instr) {
    const VReg counter = e_.imm(instr.imm());
    e_.addMem(Opcode::kAddMem32, counter, 0, -1);
    e_.exitIfMem(Opcode::kExitIfMem32, Cc::kEq, counter, 0, Operand::i(0),
                 exitPoint(instr, exits::Reason::kProbe));
}

void Lowering::lowerGuardTypeVersion(const hir::Instr& instr) {
    const VReg type = objectType(use(instr.operand(0)));
    e_.exitIfMem(Opcode::kExitIfMem32, Cc::kNe, type, layout_.tpVersionTag, version(instr.imm()),
                 guardExit(instr));
}

void Lowering::lowerGuardIs(const hir::Instr& instr) {
    const VReg object = use(instr.operand(0));
    e_.exitIf(Cc::kNe, object, e_.immOrReg(instr.imm()), guardExit(instr));
}

void Lowering::lowerGuardNotNull(const hir::Instr& instr) {
    e_.exitIf(Cc::kEq, use(instr.operand(0)), Operand::i(0), guardExit(instr));
}

void Lowering::lowerReplaceNull(const hir::Instr& instr) {
    const VReg object = use(instr.operand(0));
    define(instr, e_.select(Cc::kNe, object, Operand::i(0), object, use(instr.operand(1))));
}

void Lowering::lowerGuardTrue(const hir::Instr& instr) {
    e_.exitIf(negate(compareOf(instr.operand(0))), guardExit(instr));
}

void Lowering::lowerGuardFalse(const hir::Instr& instr) {
    e_.exitIf(compareOf(instr.operand(0)), guardExit(instr));
}

void Lowering::lowerGuardDictEntry(const hir::Instr& instr) {
    const VReg keys = e_.load64(use(instr.operand(0)), layout_.dictKeys);
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, keys, instr.imm2(), e_.immOrReg(instr.imm()),
                 guardExit(instr));
}

void Lowering::lowerGuardDictKeysVersion(const hir::Instr& instr) {
    const VReg keys = e_.load64(use(instr.operand(0)), layout_.dictKeys);
    e_.exitIfMem(Opcode::kExitIfMem32, Cc::kNe, keys, layout_.keysVersion, version(instr.imm()),
                 guardExit(instr));
}

// A version belongs to one keys object for good, and only heap types with inline values ever have
// one in their cached keys; so a type version guarded before makes the load safe.
void Lowering::lowerGuardInstanceKeysVersion(const hir::Instr& instr) {
    const VReg object = use(instr.operand(0));
    const VReg keys = e_.load64(objectType(object), layout_.tpHeapCachedKeys);
    e_.exitIfMem(Opcode::kExitIfMem32, Cc::kNe, keys, layout_.keysVersion, version(instr.imm()),
                 guardExit(instr));
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kEq, object, layout_.instanceValues, Operand::i(0),
                 guardExit(instr));
}

void Lowering::lowerGuardInstanceKeysCount(const hir::Instr& instr) {
    const VReg object = use(instr.operand(0));
    const VReg keys = e_.load64(objectType(object), layout_.tpHeapCachedKeys);
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, keys, layout_.keysEntries,
                 Operand::i(static_cast<int32_t>(instr.imm())), guardExit(instr));
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kEq, object, layout_.instanceValues, Operand::i(0),
                 guardExit(instr));
}

void Lowering::lowerGuardRecursion(const hir::Instr& instr) {
    e_.exitIfMem(Opcode::kExitIfMem32, Cc::kLt, e_.threadState(), layout_.threadRecursionRemaining,
                 Operand::i(static_cast<int32_t>(instr.imm())), guardExit(instr));
}

void Lowering::lowerGuardOwnVersion(const hir::Instr& instr) {
    e_.exitIfMem(Opcode::kExitIfMem32, Cc::kNe, use(instr.operand(0)), layout_.tpVersionTag,
                 version(instr.imm()), guardExit(instr));
}

void Lowering::lowerGuardNoDict(const hir::Instr& instr) {
    if (instr.imm() == 0)
        return; // instances have no place for a dict
    const int64_t offset = instr.imm() < 0 ? layout_.instanceDict : instr.imm();
    if (instr.imm() < 0)
        e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, use(instr.operand(0)), layout_.instanceValues,
                     Operand::i(0), guardExit(instr));
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, use(instr.operand(0)), offset, Operand::i(0),
                 guardExit(instr));
}

void Lowering::lowerGuardCode(const hir::Instr& instr) {
    const auto* data = reinterpret_cast<const runtime::CodeData*>(instr.imm());
    const uint64_t functionClass = classAddress(hir::ExactClass::kFunction);
    const VReg object = use(instr.operand(0));
    if (canonical(instr.operand(0))->type().exact != hir::ExactClass::kFunction) {
        const Operand expected = e_.immOrReg(static_cast<int64_t>(functionClass));
        e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, object, layout_.type, expected,
                     guardExit(instr));
    }
    const Operand code = e_.immOrReg(reinterpret_cast<int64_t>(data->code));
    e_.exitIfMem(Opcode::kExitIfMem64, Cc::kNe, object, layout_.functionCode, code,
                 guardExit(instr));
}

void Lowering::lowerGuardFunctionVersion(const hir::Instr& instr) {
    e_.exitIfMem(Opcode::kExitIfMem32, Cc::kNe, use(instr.operand(0)), layout_.functionVersion,
                 version(instr.imm()), guardExit(instr));
}

void Lowering::lowerRefine(const hir::Instr&) {}
void Lowering::lowerKeepAlive(const hir::Instr&) {}

void Lowering::lowerDeopt(const hir::Instr& instr) {
    e_.emitExit(Opcode::kExit, exitPoint(instr, exits::Reason::kDeopt));
}

} // namespace pyston::lower
