// The rewrite rules of simplify: what one instruction can be replaced with, looking at its
// operands.
#pragma once

#include "hir/hir.h"

#include <vector>

namespace pyston::passes {

// Rules must hold for every input (results, exits, identity of objects), look only at operands and
// at operands of operands, and make the program smaller or cheaper, or expose what does.
class Rewriter {
  public:
    explicit Rewriter(hir::Function& fn) : fn_(fn) {}

    struct Result {
        enum Kind { kKeep, kReplace, kErase } kind = kKeep;
        hir::Instr* value = nullptr; // kReplace: what stands for the instruction from now on
    };
    // New instructions that the replacement needs are in added(), to be placed before the
    // instruction.
    Result rewrite(hir::Instr* instr);
    std::vector<hir::Instr*>& added() { return added_; }

  private:
    Result rewriteGuard(hir::Instr* instr);
    Result rewriteConversion(hir::Instr* instr);
    Result unwrapOptional(hir::Instr* guard);
    Result rewriteInt(hir::Instr* instr);
    Result rewriteIntByConstant(hir::Instr* instr, int64_t right);
    Result rewriteIntCompare(hir::Instr* instr);
    Result rewriteDouble(hir::Instr* instr);
    Result rewriteBool(hir::Instr* instr);
    Result rewriteObject(hir::Instr* instr);
    Result rewriteTuple(hir::Instr* instr);
    Result rewriteHelper(hir::Instr* instr);
    Result rewriteTruth(hir::Instr* instr);
    Result rewriteComparison(hir::Instr* instr);
    Result rewriteTerminator(hir::Instr* instr);

    hir::Instr* add(hir::Instr* instr) {
        added_.push_back(instr);
        return instr;
    }
    hir::Instr* constant(int64_t value);
    hir::Instr* constant(double value);
    hir::Instr* constant(bool value);
    // A copy of `instr` with other operands (same immediates and frame state).
    hir::Instr* like(hir::Opcode op, hir::Instr* instr,
                     std::initializer_list<hir::Instr*> operands);

    hir::Function& fn_;
    std::vector<hir::Instr*> added_;
};

} // namespace pyston::passes
